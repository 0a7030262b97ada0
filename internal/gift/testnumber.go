package gift

import "fmt"

// TestNumber returns the voucher number of a gifticon in a sandbox order: made up, always the same for the same item,
// and like no real number.
func (i *BoughtItem) TestNumber() string {
	return fmt.Sprintf("TEST%d%03d", int64(i.OrderID), i.Line)
}
