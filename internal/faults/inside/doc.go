// Package inside lets statements of a store fail one by one: the n-th that an operation sends does not run, or it runs and its
// answer is lost. Its tests do that to every statement of everything that moves money, and ask again as a caller would.
package inside
