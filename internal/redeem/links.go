package redeem

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strings"

	"giftimbiz/internal/gift"
)

// Capabilities makes and opens unguessable tokens: whoever has one may see what it names, and nobody else can make one.
type Capabilities interface {
	Capability(kind string, data []byte) string
	OpenCapability(kind, token string) ([]byte, bool)
}

// The kinds of capability keep a coupon's link from opening a voucher's bar code.
const (
	couponLink  = "coupon"
	voucherLink = "voucher"
	sellerLink  = "seller"
)

// The paths under which Handler answers.
const (
	pagePath    = "/r/"
	undoPath    = pagePath + "undo/"
	counterPath = pagePath + "counter"
	signInPath  = counterPath + "/sign-in/"
	listPath    = counterPath + "/list"
	qrPath      = "/UPLOAD/qr/"
	barcodePath = "/UPLOAD/barcode/"
	pngSuffix   = ".png"
)

// Links makes the addresses of pages and pictures. The same item always has the same addresses.
type Links struct {
	caps   Capabilities
	origin string
}

// NewLinks returns links on a server that the world reaches at publicURL, such as "https://gift.example".
func NewLinks(caps Capabilities, publicURL string) *Links {
	if caps == nil {
		panic("redeem: NewLinks needs capabilities")
	}
	return &Links{caps: caps, origin: strings.TrimRight(publicURL, "/")}
}

// PageURL returns the absolute address of a coupon's redemption page: what its QR code says.
func (l *Links) PageURL(orderID gift.ID, line int64) string {
	return l.origin + l.pagePathOf(gift.Place{OrderID: orderID, Line: line})
}

func (l *Links) pagePathOf(p gift.Place) string {
	return pagePath + l.caps.Capability(couponLink, linkData(p.OrderID, p.Line))
}

// QRPath returns the path of the picture of a coupon's QR code (guide §13).
func (l *Links) QRPath(orderID gift.ID, line int64) string {
	return qrPath + l.caps.Capability(couponLink, linkData(orderID, line)) + pngSuffix
}

// BarcodePath returns the path of the picture of a voucher number's bar code.
func (l *Links) BarcodePath(orderID gift.ID, line int64) string {
	return barcodePath + l.caps.Capability(voucherLink, linkData(orderID, line)) + pngSuffix
}

// SellerURL returns the absolute address at which a seller signs a device in, with its manager code. It is not secret, but
// whoever has it can try codes until the seller is locked: it cannot be guessed, and another code makes another address.
func (l *Links) SellerURL(s Seller) string {
	return l.origin + signInPath + l.sellerToken(s)
}

func (l *Links) sellerToken(s Seller) string { return l.caps.Capability(sellerLink, sellerData(s)) }

// openSeller returns which seller a token names. The caller compares it with the seller's own.
func (l *Links) openSeller(token string) (id int64, data []byte, ok bool) {
	data, ok = l.caps.OpenCapability(sellerLink, token)
	if !ok || len(data) <= codeMark {
		return 0, nil, false
	}
	n, size := binary.Uvarint(data[codeMark:])
	return int64(n), data, size == len(data)-codeMark
}

// codeMark is how many bytes of a seller's link say which code it goes with.
const codeMark = 6

func sellerData(s Seller) []byte {
	mark := sha256.Sum256([]byte(s.CodeHash))
	return binary.AppendUvarint(mark[:codeMark:codeMark], uint64(s.ID))
}

// publicOrigin returns scheme and host of the public URL, or "" when it has none.
func (l *Links) publicOrigin() string {
	u, err := url.Parse(l.origin)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// open returns which item a token of the given kind names.
func (l *Links) open(kind, token string) (orderID gift.ID, line int64, ok bool) {
	data, ok := l.caps.OpenCapability(kind, token)
	if !ok || len(data) < 9 {
		return 0, 0, false
	}
	n, size := binary.Uvarint(data[8:])
	if size != len(data)-8 || n == 0 {
		return 0, 0, false
	}
	return gift.ID(binary.BigEndian.Uint64(data)), int64(n), true
}

// linkData is the order's number in eight bytes and the line in as few as it takes, one for most.
func linkData(orderID gift.ID, line int64) []byte {
	data := binary.BigEndian.AppendUint64(make([]byte, 0, 10), uint64(orderID))
	return binary.AppendUvarint(data, uint64(line))
}
