package main

import (
	"net/http"
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
)

// refund pays lines of an order back, as the console does.
func (s *testServer) refund(tid string, lines ...int64) {
	s.t.Helper()
	id, _, err := gift.ParseRef(tid)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.node.DB.Refund(s.t.Context(), office.NewRefund{OrderID: id, Lines: lines, Reason: "returned", At: s.clock.Now()})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestWhatWasRefundedIsCancelledForItsPartner looks at a refund as partners, holders and shops do.
func TestWhatWasRefundedIsCancelledForItsPartner(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		c := s.as("demo")
		before := s.balance("demo")
		tid := c.call("giftimbiz/buyGifticoupon", "md_idx", chocoID+"|"+chocoID, "cash", 2*940, "product", chocoName).wants("0000").text("tid")
		coupons, coupon := buyCoupon(c)
		picture := c.call("giftimbiz/buyGifticonList", "tid", tid).wants("0000").rows("list")[1]["barcode_img"].(string)
		if a := s.send(http.MethodGet, s.url+picture, nil, ""); a.status != http.StatusOK {
			t.Fatalf("the bar code before: %d", a.status)
		}
		s.refund(tid, 1)
		s.refund(coupons, 1)

		list := c.call("giftimbiz/buyGifticonList", "tid", tid).wants("0000")
		rows := list.rows("list")
		if rows[0]["status"] != "buy" || rows[0]["pin"] == "" || rows[1]["status"] != "cancel" || rows[1]["pin"] != "" || rows[1]["barcode_img"] != "" {
			t.Errorf("the history shows %v", rows)
		}
		if list.fields["total_count"] != float64(2) {
			t.Errorf("%v items match", list.fields["total_count"])
		}
		if a := s.send(http.MethodGet, s.url+picture, nil, ""); a.status != http.StatusNotFound {
			t.Errorf("the bar code after: %d", a.status)
		}
		if got := s.balance("demo"); got != before-940 {
			t.Errorf("balance %d, before %d", got, before)
		}

		seller := s.seller(37)
		c.call("gifticon/getQRImg", "tid", coupons, "msc_idx", coupon).wants("PD")
		c.call("gifticon/setUseStarCoupon", "msu_idx", seller.SellerID, "msc_idx", coupon, "managecode", seller.ManagerCode).wants("PD")
	})
}
