//go:build race

package client_test

// cutStep is the distance between the bytes at which answers are cut. The race detector makes the server some twenty times slower, so
// that it is not every byte here.
const cutStep = 29
