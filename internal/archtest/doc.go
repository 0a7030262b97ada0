// Package archtest holds the rules of docs/architecture.md as tests: which room may import which, where the words of the
// wire may stand, and who may read the machine's clock. It has no code of its own.
package archtest
