package redeem

import (
	"strings"
	"testing"

	"giftimbiz/internal/gift"
)

// FuzzOpenLinks opens what stands in addresses: only a link of ours opens, as what it was made for, and in no other place.
func FuzzOpenLinks(f *testing.F) {
	links := NewLinks(keysOnce(), "https://gift.example")
	item := starCoupon()
	last := func(address string) string {
		return strings.TrimSuffix(address[strings.LastIndex(address, "/")+1:], pngSuffix)
	}
	for _, address := range []string{
		links.PageURL(order, 1), links.BarcodePath(order, 1), links.VoucherURL(&item), links.previewToken(&item),
		links.SellerURL(Seller{ID: seller, CodeHash: "x"}), "AAAA", "",
	} {
		f.Add(last(address), int64(order), int64(1), int64(0))
	}
	f.Add("", int64(0), int64(1<<62), int64(1<<62))
	f.Fuzz(func(t *testing.T, token string, id, line, serial int64) {
		opened := 0
		for _, kind := range []string{couponLink, voucherLink} {
			if orderID, line, ok := links.open(kind, token); ok {
				if opened++; links.caps.Capability(kind, linkData(orderID, line)) != token {
					t.Errorf("%q opens as a %s of %d, line %d", token, kind, orderID, line)
				}
			}
		}
		for _, kind := range []string{holderLink, previewLink} {
			if v, ok := links.openVoucher(kind, token); ok {
				made := gift.BoughtItem{OrderID: v.orderID, Line: v.line, LinkSerial: v.serial}
				if opened++; links.caps.Capability(kind, serialData(&made)) != token {
					t.Errorf("%q opens as a %s of %+v", token, kind, v)
				}
			}
		}
		if _, data, ok := links.openSeller(token); ok {
			if opened++; links.caps.Capability(sellerLink, data) != token {
				t.Errorf("%q opens as a seller's link", token)
			}
		}
		if opened > 1 {
			t.Errorf("%q opens in %d places", token, opened)
		}
		if id < 0 || line < 1 || serial < 0 {
			return
		}
		made := gift.BoughtItem{OrderID: gift.ID(id), Line: line, LinkSerial: serial}
		if v, ok := links.openVoucher(holderLink, last(links.VoucherURL(&made))); !ok || v != (voucher{made.OrderID, line, serial}) {
			t.Errorf("the page of %+v opens as %+v", made, v)
		}
		if gotID, gotLine, ok := links.open(couponLink, last(links.PageURL(made.OrderID, line))); !ok || gotID != made.OrderID || gotLine != line {
			t.Errorf("the page of %d, line %d, opens as %d, line %d", id, line, gotID, gotLine)
		}
	})
}
