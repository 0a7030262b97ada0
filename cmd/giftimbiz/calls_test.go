package main

import (
	"fmt"
	"slices"
	"testing"

	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
)

// TestSupportIsToldOfRefusalsAndPurchases calls with right and wrong credentials and looks at what was kept.
func TestSupportIsToldOfRefusalsAndPurchases(t *testing.T) {
	programtest.EachEngine(t, func(t *testing.T, database string) {
		s := startServer(t, database)
		demo := s.as("demo")
		listing(demo).wants("0000") // of listings nobody asks why they went well
		row := listing(demo).rows("list")[0]
		demo.call("giftimbiz/buyGifticoupon", "md_idx", row["md_idx"], "cash", row["disprice"], "product", row["product"]).wants("0000")
		demo.call("giftimbiz/buyGifticoupon", "md_idx", "999999999", "cash", "1", "product", "x").wants("PD")
		spoilt("Partnertoken", "gmt_wrong")(s, demo).wants("TOKEN06")
		p, err := s.node.DB.Partner(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		var calls []office.Call
		programtest.Eventually(t, "the calls are kept", func() bool {
			calls, err = s.node.DB.Calls(t.Context(), office.CallQuery{PartnerID: p.ID, Limit: 10})
			return err != nil || len(calls) >= 3
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range calls {
			got = append(got, fmt.Sprintf("%s %s %v %s", c.Endpoint, c.Code, c.Proven, c.Message))
			if len(c.Request) != 24 || !c.At.Equal(s.clock.Now()) {
				t.Errorf("%+v", c)
			}
		}
		want := []string{
			"giftimbiz/listAll TOKEN06 false Partnertoken이 Partnerkey와 맞지 않습니다.",
			"giftimbiz/buyGifticoupon PD true 판매하는 상품이 아닙니다: md_idx 999999999",
			"giftimbiz/buyGifticoupon 0000 true ",
		}
		if !slices.Equal(got, want) {
			t.Errorf("kept %q, want %q", got, want)
		}
	})
}
