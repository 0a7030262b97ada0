// Package redeem is what happens at a shop's counter: the rule by which a star coupon is used once and by whom, the page
// a shop opens by scanning a coupon's QR code, and the pictures of QR and bar codes.
package redeem
