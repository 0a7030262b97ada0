package gift

import "fmt"

// Number returns what the shop needs to hear: the voucher's number, which open decrypts, or a sandbox item's made-up one. It is
// "" of a star coupon, which is redeemed by its QR code, and of what was cancelled: that was paid back.
func (i *BoughtItem) Number(open func(unitID int64, sealed []byte) (string, error)) (string, error) {
	switch {
	case i.Offer.Kind != Gifticon || !i.CancelledAt.IsZero():
		return "", nil
	case i.Sandbox:
		return i.TestNumber(), nil
	}
	return open(i.UnitID, i.Sealed)
}

// TestNumber returns the voucher number of a gifticon in a sandbox order: made up, always the same for the same item,
// and like no real number.
func (i *BoughtItem) TestNumber() string {
	return fmt.Sprintf("TEST%d%03d", int64(i.OrderID), i.Line)
}
