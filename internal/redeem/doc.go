// Package redeem is what happens at a shop's counter and what a holder sees: the rules by which a star coupon is used once, by
// whom, and by which that is undone; the page a shop opens by scanning a coupon's QR code; the shop's own pages, on a device that
// is signed in for a shift; the holder's voucher page; and the pictures of QR and bar codes.
package redeem
