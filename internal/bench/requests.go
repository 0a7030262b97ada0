package bench

import (
	"fmt"
	"net/url"
	"strconv"
)

// post makes a request of the partner API. more is further header lines, each ended by CRLF.
func post(endpoint string, buyer Buyer, form url.Values, more string) []byte {
	return appendPost(nil, endpoint, buyer, []byte(form.Encode()), more)
}

func appendPost(raw []byte, endpoint string, buyer Buyer, body []byte, more string) []byte {
	raw = append(raw, "POST /api/v1/"...)
	raw = append(raw, endpoint...)
	raw = append(raw, " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
	raw = strconv.AppendInt(raw, int64(len(body)), 10)
	raw = append(raw, "\r\n"...)
	raw = append(raw, buyer.Header...)
	raw = append(raw, more...)
	raw = append(raw, "\r\n"...)
	return append(raw, body...)
}

// purchaseWriter writes the purchases of one connection, each over the one before it: what the generator does not
// allocate it does not take from the server beside it.
type purchaseWriter struct {
	sale      string // the end of every form
	raw, body []byte
}

func newPurchaseWriter(sale Sale) *purchaseWriter {
	return &purchaseWriter{sale: fmt.Sprintf("&cash=%d&product=%s", sale.Price, url.QueryEscape(sale.Product))}
}

// write makes the purchase of one unit of an offer. key makes it another purchase than all others.
func (w *purchaseWriter) write(buyer Buyer, offer int, key int64) []byte {
	w.body = append(w.body[:0], "partner_id="...)
	w.body = append(w.body, url.QueryEscape(buyer.Name)...)
	w.body = append(w.body, "&md_idx="...)
	w.body = strconv.AppendInt(w.body, int64(offer), 10)
	w.body = append(w.body, w.sale...)
	w.raw = appendPost(w.raw[:0], "giftimbiz/buyGifticoupon", buyer, w.body,
		"Idempotency-Key: bench-"+strconv.FormatInt(key, 10)+"\r\n")
	return w.raw
}
