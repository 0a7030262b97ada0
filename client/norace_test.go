//go:build !race

package client_test

// cutStep is the distance between the bytes at which answers are cut.
const cutStep = 1
