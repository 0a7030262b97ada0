package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/client/clienttest"
)

// TestV1AnswersLoseNothing asks the real server for everything, typed and as it is, and finds all that was sent in the structs.
func TestV1AnswersLoseNothing(t *testing.T) {
	server := clienttest.New(t)
	c := server.Client(clienttest.Live)
	v1, ctx := c.V1(), t.Context()
	if _, err := v1.BuyGifticoupon(ctx, client.V1Purchase{
		Items: []client.V1Item{{OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName}}, Cash: clienttest.ChocoPrice,
	}); err != nil {
		t.Fatal(err)
	}
	star := firstStar(t, v1)
	order, err := v1.BuyStarcoupon(ctx, client.V1Purchase{
		Items: []client.V1Item{{OfferID: star.OfferID, CampaignID: star.CampaignID, Product: star.Product, CouponID: star.CouponID}},
		Cash:  star.Price,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(order.CouponIDs) != 1 || order.CouponIDs[0] != star.CouponID || order.Message == "" || order.Key == "" {
		t.Errorf("%+v", order)
	}
	server.Redeem(order.ID, star.CouponID)
	id := func(n int64) []string { return []string{fmt.Sprint(n)} }
	for _, test := range []struct {
		endpoint string
		params   url.Values
		typed    func() (any, error)
	}{
		{"giftimbiz/cateGift", nil, func() (any, error) { return v1.CateGift(ctx, 0, 0) }},
		{"giftimbiz/cateGift", url.Values{"CODE": {"6"}, "BCODE": {"4"}}, func() (any, error) { return v1.CateGift(ctx, 6, 4) }},
		{"giftimbiz/listAll", url.Values{"site": {"gift"}, "word": {"ㅊㅋㅇㅁ"}, "limit": {"3"}}, func() (any, error) {
			return v1.ListAll(ctx, client.V1GiftQuery{Words: "ㅊㅋㅇㅁ", Limit: 3})
		}},
		{"giftimbiz/listAll", url.Values{
			"site": {"gift"}, "CODE": {"6"}, "BCODE": {"4"}, "price": {"1000"}, "orderby": {"priceL"}, "page": {"1"},
		}, func() (any, error) {
			return v1.ListAll(ctx, client.V1GiftQuery{CategoryID: 6, BrandID: 4, MaxPrice: 1000, Order: "priceL", Page: 1})
		}},
		{"giftimbiz/giftDetail", url.Values{"CODE": {"27935"}, "DCODE": {"18411"}}, func() (any, error) {
			return v1.GiftDetail(ctx, 27935, clienttest.ChocoOffer)
		}},
		{"giftimbiz/buyGifticonList", nil, func() (any, error) { return v1.BuyGifticonList(ctx, client.V1HistoryQuery{}) }},
		{"giftimbiz/cateStar", url.Values{"CODE": {"12"}}, func() (any, error) { return v1.CateStar(ctx, 12) }},
		{"giftimbiz/starListAll", url.Values{"site": {"gift"}, "si": {"서울"}, "CODE": id(star.CategoryID), "BCODE": id(star.ShopID)}, func() (any, error) {
			return v1.StarListAll(ctx, client.V1StarQuery{Province: "서울", CategoryID: star.CategoryID, ShopID: star.ShopID})
		}},
		{"giftimbiz/starDetail", url.Values{"CODE": id(star.OfferID), "CCODE": id(star.CampaignID)}, func() (any, error) {
			return v1.StarDetail(ctx, star.OfferID, star.CampaignID)
		}},
		{"giftimbiz/buyStarcouponList", url.Values{"msl": id(star.CampaignID), "md": id(star.OfferID)}, func() (any, error) {
			h, err := v1.BuyStarcouponList(ctx, client.V1HistoryQuery{CampaignID: star.CampaignID, OfferID: star.OfferID})
			return map[string]any{"data": h}, err
		}},
	} {
		raw, err := c.Call(ctx, test.endpoint, test.params)
		if err != nil {
			t.Fatalf("%s: %v", test.endpoint, err)
		}
		typed, err := test.typed()
		if err != nil {
			t.Fatalf("%s: %v", test.endpoint, err)
		}
		holds(t, test.endpoint, decoded(t, raw), encoded(t, typed))
	}
}

// firstStar returns a star coupon in Seoul.
func firstStar(t *testing.T, v1 client.V1) client.V1Star {
	t.Helper()
	for star, err := range v1.AllStars(t.Context(), client.V1StarQuery{Province: "서울"}) {
		if err != nil {
			t.Fatal(err)
		}
		return star
	}
	t.Fatal("no star coupon is on sale")
	return client.V1Star{}
}

func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func encoded(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, text)
}

// leftOut are members of which each answer has another, or which say what another member says.
func leftOut(name string, beside map[string]any) bool {
	switch name {
	case "result", "mc_gift_thum", "msc_idx", "CCODE", "timestamp":
		return true
	case "disprice":
		return beside["ms_price"] != nil
	}
	return false
}

// holds tells whether everything in sent is in got, too.
func holds(t *testing.T, at string, sent, got any) {
	t.Helper()
	switch s := sent.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for name, value := range s {
			if !leftOut(name, s) {
				holds(t, at+"."+name, value, g[name])
			}
		}
	case []any:
		g, _ := got.([]any)
		if len(g) != len(s) || len(s) == 0 && !strings.HasSuffix(at, ".events") {
			t.Errorf("%s: %d of %d", at, len(g), len(s))
			return
		}
		for i := range s {
			holds(t, fmt.Sprintf("%s[%d]", at, i), s[i], g[i])
		}
	case string:
		g, _ := got.(string)
		if one, err := time.Parse(time.RFC3339, s); err == nil {
			if other, err := time.Parse(time.RFC3339, g); err == nil && one.Equal(other) {
				return
			}
		}
		if g != strings.TrimSuffix(s, " 00:00:00") {
			t.Errorf("%s: %q, sent %q", at, g, s)
		}
	default:
		if sent != got {
			t.Errorf("%s: %v, sent %v", at, got, sent)
		}
	}
}

func TestV1ListsAreGoneThroughPageByPage(t *testing.T) {
	v1 := clienttest.New(t).Client(clienttest.Sandbox).V1()
	whole, err := v1.ListAll(t.Context(), client.V1GiftQuery{Limit: 1000, Order: "priceH"})
	if err != nil || whole.Total < 10 {
		t.Fatal(whole, err)
	}
	var got []int64
	for gift, err := range v1.AllGifts(t.Context(), client.V1GiftQuery{Limit: 7, Order: "priceH"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, gift.OfferID)
	}
	for i := range whole.List {
		if i >= len(got) || got[i] != whole.List[i].OfferID {
			t.Fatalf("%v", got)
		}
	}
	bought := map[string]bool{}
	for range 5 {
		o, err := v1.BuyGifticoupon(t.Context(), client.V1Purchase{
			Items: []client.V1Item{
				{OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName}, {OfferID: clienttest.ChocoOffer, Product: clienttest.ChocoName},
			}, Cash: 2 * clienttest.ChocoPrice,
		})
		if err != nil {
			t.Fatal(err)
		}
		bought[o.ID] = true
	}
	rows := 0
	for item, err := range v1.AllBoughtGifts(t.Context(), client.V1HistoryQuery{Limit: 3}) {
		if err != nil || !bought[item.OrderID] || item.Number == "" || item.Status != client.V1Bought {
			t.Fatal(item, err)
		}
		rows++
	}
	if rows != 10 {
		t.Errorf("%d of 10 vouchers", rows)
	}
	for _, err := range v1.AllBoughtStars(t.Context(), client.V1HistoryQuery{OrderID: "nonsense"}) {
		if client.Code(err) != "Q" {
			t.Errorf("%v", err)
		}
	}
}

func TestV1RefusalsSayWhatTheyAreAbout(t *testing.T) {
	server := clienttest.New(t)
	v1 := server.Client(clienttest.Live).V1()
	buy := func(id, cash int64) error {
		_, err := v1.BuyGifticoupon(t.Context(), client.V1Purchase{Items: []client.V1Item{{OfferID: id, Product: clienttest.ChocoName}}, Cash: cash})
		return err
	}
	_, qr := v1.GetQRImg(t.Context(), "20250915-0000000000000", 1)
	_, detail := v1.GiftDetail(t.Context(), 1, 999999999)
	_, wrong := v1.CateGift(t.Context(), -1, 0)
	for _, test := range []struct {
		err  error
		code string
		is   error
	}{
		{buy(clienttest.ChocoOffer, 1), "PL", client.ErrPriceChanged},
		{buy(999999999, 940), "PD", nil},
		{qr, "N", client.ErrNotFound},
		{detail, "M", nil},
		{wrong, "Q", client.ErrInvalid},
	} {
		var e *client.Error
		if !errors.As(test.err, &e) || e.Code != test.code || e.Status != 200 || e.RequestID == "" || e.Item != -1 ||
			test.is != nil && !errors.Is(test.err, test.is) || errors.Is(test.err, client.ErrSoldOut) {
			t.Errorf("want %s: %v", test.code, test.err)
		}
	}
}

func TestV1CouponsHaveAQRCodeUntilTheyAreUsed(t *testing.T) {
	server := clienttest.New(t)
	v1 := server.Client(clienttest.Live).V1()
	star := firstStar(t, v1)
	order, err := v1.BuyStarcoupon(t.Context(), client.V1Purchase{
		Items: []client.V1Item{{OfferID: star.OfferID, CampaignID: star.CampaignID, Product: star.Product}}, Cash: star.Price,
	})
	if err != nil {
		t.Fatal(err)
	}
	path, err := v1.GetQRImg(t.Context(), order.ID, order.CouponIDs[0])
	if err != nil || !strings.HasPrefix(path, "/UPLOAD/qr/") {
		t.Error(path, err)
	}
	server.Redeem(order.ID, order.CouponIDs[0])
	if _, err := v1.GetQRImg(t.Context(), order.ID, order.CouponIDs[0]); client.Code(err) != "M1" {
		t.Error(err)
	}
}

func TestV1HandsOutAccessTokens(t *testing.T) {
	v1 := clienttest.New(t).Client(clienttest.Live).V1()
	token, err := v1.GetAccessToken(context.Background())
	if err != nil || strings.Count(token.Token, ".") != 2 || token.ExpiresIn < 60 {
		t.Error(err)
	}
}

func TestV1TimesAreThoseOfSeoul(t *testing.T) {
	var row client.V1BoughtStar
	text := `{"md_idx":"1","msl_idx":"1","msc_idx":"1","ms_idx":"1","ms_price":"0","buy_price":"0","buy_date":"2025-09-15 12:00:00","endtime":"2025-12-31 00:00:00","use_date":""}`
	if err := json.Unmarshal([]byte(text), &row); err != nil {
		t.Fatal(err)
	}
	if !row.BoughtAt.Equal(time.Date(2025, 9, 15, 3, 0, 0, 0, time.UTC)) || !row.UsedAt.IsZero() || row.LastDay != "2025-12-31" {
		t.Errorf("%+v", row)
	}
	if end := row.LastDay.End(); !end.Equal(time.Date(2025, 12, 31, 15, 0, 0, 0, time.UTC)) || client.DayOf(end) != "2026-01-01" {
		t.Error(end)
	}
	for _, bad := range []string{`{"buy_date":"yesterday"}`, `{"endtime":"2025-13-01"}`, `{"md_idx":"x"}`} {
		if err := json.Unmarshal([]byte(bad), &row); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
