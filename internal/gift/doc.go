// Package gift is the domain of the voucher exchange: money, days, offers, partners, orders and the rules between them.
// It imports the standard library only; every other package points at it.
package gift
