package redeem

import (
	"encoding/binary"

	"giftimbiz/internal/gift"
)

// The kinds of capability that lead to a voucher page, and to pictures of what is on it but for its number and code. A
// preview's may be kept by strangers: the messengers that show it.
const (
	holderLink  = "voucher page"
	previewLink = "voucher preview"
)

// The paths below which voucher pages and what belongs to them are answered.
const (
	voucherPath       = "/v/"
	voucherAssetsPath = voucherPath + "assets/"
	voucherThumbPath  = voucherPath + "thumb/"
	voucherCardPath   = voucherPath + "card/"
)

// VoucherURL returns the absolute address of an item's voucher page, for its holder. It is the same until it is revoked.
func (l *Links) VoucherURL(item *gift.BoughtItem) string {
	return l.origin + l.voucherPath(item)
}

func (l *Links) voucherPath(item *gift.BoughtItem) string {
	return voucherPath + l.caps.Capability(holderLink, serialData(item))
}

// previewToken is what addresses of the pictures of a preview hold.
func (l *Links) previewToken(item *gift.BoughtItem) string {
	return l.caps.Capability(previewLink, serialData(item))
}

// voucher is what a link to a voucher page names.
type voucher struct {
	orderID      gift.ID
	line, serial int64
}

func serialData(item *gift.BoughtItem) []byte {
	return binary.AppendUvarint(linkData(item.OrderID, item.Line), uint64(item.LinkSerial))
}

// openVoucher returns which voucher a token of the given kind names.
func (l *Links) openVoucher(kind, token string) (v voucher, ok bool) {
	data, ok := l.caps.OpenCapability(kind, token)
	if !ok || len(data) < 10 {
		return v, false
	}
	line, size := binary.Uvarint(data[8:])
	if size <= 0 || line == 0 {
		return v, false
	}
	serial, rest := binary.Uvarint(data[8+size:])
	if rest <= 0 || 8+size+rest != len(data) {
		return v, false
	}
	return voucher{gift.ID(binary.BigEndian.Uint64(data)), int64(line), int64(serial)}, true
}
