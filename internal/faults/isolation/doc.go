// Package isolation has no code of its own. Its tests run the store on PostgreSQL at READ COMMITTED and at SERIALIZABLE, as engines
// that speak PostgreSQL's protocol know nothing else: the conformance suite, the classic anomalies on our own operations, and many
// buyers of one partner on two nodes.
package isolation
