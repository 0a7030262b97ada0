// Package demo fills a database with what `giftimbiz demo` serves: the sample stock, an operator, partners with keys, and
// sellers with codes. It knows no files and prints nothing.
package demo
