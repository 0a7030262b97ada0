package intake_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// newDesk is a desk on a small catalogue: two brands with a product of the same name, a shop with a campaign.
func newDesk(t testing.TB, prices intake.Prices) *intake.Desk {
	t.Helper()
	db, err := storage.OpenOrCreate(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	clk := clock.NewManual(time.Date(2026, 6, 15, 12, 0, 0, 0, gift.Seoul))
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Join(t.Context(), clk); err != nil {
		t.Fatal(err)
	}
	if err := db.Load(t.Context(), &storage.Stock{
		Categories: []gift.Category{{ID: 1, Kind: gift.Gifticon, Name: "편의점"}, {ID: 2, Kind: gift.StarCoupon, Name: "분식"}},
		Brands:     []gift.Brand{{ID: 1, CategoryID: 1, Name: "CU", InUse: true}, {ID: 2, CategoryID: 1, Name: "GS25", InUse: true}},
		Products: []gift.Product{
			{ID: 11, BrandID: 1, Name: "초코 우유", Face: 1400},
			{ID: 12, BrandID: 2, Name: "초코 우유", Face: 1500},
			{ID: 13, BrandID: 2, Name: "바나나우유", Face: 1600},
		},
		Shops:   []gift.Shop{{ID: 5, CategoryID: 2, Name: "연남분식", Province: "서울특별시", District: "마포구", Town: "연남동"}},
		Sellers: []storage.NewSeller{{ID: 6, ShopID: 5, Name: "점장"}},
		Campaigns: []gift.Campaign{
			{ID: 7, ShopID: 5, CouponName: "김말이", Product: "김말이 3개", Free: true},
			{ID: 8, ShopID: 5, CouponName: "어묵", Product: "어묵 1개", Free: true, Price: 1000, Discount: 500, OrgPrice: 1500},
		},
	}); err != nil {
		t.Fatal(err)
	}
	v, err := db.OpenVault(t.Context(), storagetest.Masters())
	if err != nil {
		t.Fatal(err)
	}
	desk := intake.NewDesk(intake.Config{Store: db, Vault: v, Clock: clk, Logger: slog.New(slog.DiscardHandler), Prices: prices})
	t.Cleanup(desk.Stop)
	return desk
}

// said checks a file and returns its counts (added, changed, known, refused) and its findings.
func said(t *testing.T, desk *intake.Desk, k intake.Kind, file string) (counts string, findings string) {
	t.Helper()
	plan, err := desk.Check(t.Context(), k, []byte(file), nil)
	if err != nil {
		return err.Error(), ""
	}
	n := plan.Counts
	var lines []string
	for _, f := range plan.Findings {
		lines = append(lines, fmt.Sprintf("%d %s %q: %s", f.Line, f.Column.English, f.Value, f.Reason.English))
		if f.Column.Korean == "" || f.Reason.Korean == "" || strings.Contains(f.Reason.Korean+f.Reason.English, "%!") {
			t.Errorf("%+v", f)
		}
	}
	return fmt.Sprint(n.Added, n.Changed, n.Known, n.Refused), strings.Join(lines, "\n")
}

func TestRowsOfVouchersAreChecked(t *testing.T) {
	desk := newDesk(t, nil)
	const titles = "상품,브랜드,액면가,판매가1,판매가2,판매가3,유효기간,번호\n"
	for _, test := range []struct{ row, counts, findings string }{
		{"바나나 우유,,,1500,1400,900,2026.12.31,1234567890", "1 0 0 0", ""},
		{"13,,\"1,600원\",1500,,,46387,ABCD-1234 5678", "1 0 0 0", ""},
		{"초코우유,cu,,1400,,,2026-06-15,123456", "1 0 0 0", ""},
		{"초코 우유,,,1000,,,2026-12-31,1234567890", "0 0 0 1", `2 product "초코 우유": 2 have this name: write the number.`},
		{"딸기,,,1000,,,2026-12-31,1234567890", "0 0 0 1", `2 product "딸기": There is none of this name or number.`},
		{"바나나우유,CU,,1000,,,2026-12-31,1234567890", "0 0 0 1", `2 product "바나나우유": There is none of this name or number.`},
		{"13,없음,,1000,,,2026-12-31,1234567890", "0 0 0 1", `2 brand "없음": There is none of this name or number.`},
		{"13,,,1601,,,2026-12-31,1234567890", "0 0 0 1", `2 price over 60 days "1601": This is above the face value of 1600 won.`},
		{"13,,,1600,1700,,2026-12-31,1234567890", "0 0 0 1", `2 price 31-60 days "1700": This is above the face value of 1600 won.`},
		{"13,,,0,,,2026-12-31,1234567890", "0 0 0 1", `2 price over 60 days "0": This must be a whole number from 1 to 1000000000000.`},
		{"13,,,1.5,,,2026-12-31,1234567890", "0 0 0 1", `2 price over 60 days "1.5": This must be a whole number from 1 to 1000000000000.`},
		{"13,,,,900,,2026-12-31,1234567890", "0 0 0 1", `2 price over 60 days "": The price over 60 days is needed.`},
		{"13,,,,,,2026-12-31,1234567890", "0 0 0 1", `2 price over 60 days "": There is no price here, and no price rule for this product.`},
		{"13,,,1000,,,2026-06-14,1234567890", "0 0 0 1", `2 last day "2026-06-14": The last day is over (2026-06-14).`},
		{"13,,,1000,,,31/12/2026,1234567890", "0 0 0 1", `2 last day "31/12/2026": This is no date; write it as 2026-12-31.`},
		{"13,,,1000,,,1234-5678-9012,", "0 0 0 1", "2 last day \"••••9012\": This is no date; write it as 2026-12-31.\n" +
			`2 voucher number "••••": A value is needed.`},
		{"900012345678,,,1000,,,2026-12-31,1234567890", "0 0 0 1", `2 product "••••5678": There is none of this name or number.`},
		{"13,,,1000,,,,1234567890", "0 0 0 1", `2 last day "": A value is needed.`},
		{"13,,,1000,,,2026-12-31,", "0 0 0 1", `2 voucher number "••••": A value is needed.`},
		{"13,,,1000,,,2026-12-31,12345", "0 0 0 1", `2 voucher number "••••": This must have 6 to 40 characters.`},
		{"13,,,1000,,,2026-12-31,12345678가나", "0 0 0 1", `2 voucher number "••••78가나": Only digits and Latin letters are allowed.`},
		{"13,,,1000,,,2026-12-31,=A1", "0 0 0 1", `2 voucher number "••••": A formula is not read: paste its value.`},
		{"13,,,2000,,,2020-01-01,x", "0 0 0 1", `2 last day "2020-01-01": The last day is over (2020-01-01).` + "\n" +
			`2 voucher number "••••": This must have 6 to 40 characters.`},
	} {
		counts, findings := said(t, desk, intake.Vouchers, titles+test.row+"\n")
		if counts != test.counts || findings != test.findings {
			t.Errorf("%s:\n%s\n%s\nwant\n%s\n%s", test.row, counts, findings, test.counts, test.findings)
		}
	}
}

func TestANumberStandsInAFileOnce(t *testing.T) {
	counts, findings := said(t, newDesk(t, nil), intake.Vouchers,
		"number,product,price,expiry\n1111-2222-3333,13,1000,2026-12-31\n111122223333,13,900,2026-12-31\n")
	if counts != "1 0 1 0" || findings != `3 voucher number "••••3333": This number stands in the file already.` {
		t.Errorf("%s\n%s", counts, findings)
	}
}

func TestRowsOfTheCatalogueAreChecked(t *testing.T) {
	desk := newDesk(t, nil)
	for _, test := range []struct {
		kind                   intake.Kind
		file, counts, findings string
	}{
		{intake.Categories, "이름\n편의점\n카페\n", "1 0 1 0", ""},
		{intake.Categories, "number,name\n1,마트\n", "0 1 0 0", ""},
		{intake.Categories, "number,kind,name\n1,star coupon,편의점\n", "0 0 0 1", `2 kind "star coupon": The kind cannot be changed.`},
		{intake.Categories, "종류,이름\n뭐,카페\n", "0 0 0 1", `2 kind "뭐": This must be gifticon or star coupon.`},
		{intake.Brands, "카테고리,이름\n편의점,세븐\n분식,x\n", "1 0 0 1", `3 category "분식": There is none of this name or number.`},
		{intake.Brands, "카테고리,이름,사용\n1,CU,N\n1,gs25,\n", "0 2 0 0", ""},
		{intake.Brands, "카테고리,이름,사용\n1,CU,maybe\n", "0 0 0 1", `2 in use "maybe": Write Y or N.`},
		{intake.Brands, "번호,카테고리,이름\n9,1,cu\n", "0 0 0 1", `2 name "cu": Number 1 has the same name.`},
		{intake.Brands, "카테고리,이름\n1,새것\n1,새 것\n", "1 0 0 1", `3 name "새 것": Line 2 is about the same.`},
		{
			intake.Brands, "카테고리,이름,이미지\n1,새것,http://x/y.png\n", "0 0 0 1",
			`2 image "http://x/y.png": This must be the file name of an uploaded picture, or a path on this server such as /UPLOAD/a.png.`,
		},
		{intake.Products, "브랜드,이름,액면가\nCU,초코 우유,1400\nCU,바나나우유,1600\n", "1 0 1 0", ""},
		{intake.Products, "브랜드,이름,액면가\nCU,새것,\n", "0 0 0 1", `2 face price "": A value is needed.`},
		{intake.Shops, "카테고리,이름,시도,시군구,동\n분식,연남분식,서울,마포구,연남동\n분식,새집,부산,해운대구,\n", "1 0 1 0", ""},
		{intake.Shops, "카테고리,이름,시도,시군구\n분식,새집,서울,해운대구\n", "0 0 0 1", `2 district "해운대구": There is no such district in 서울특별시.`},
		{intake.Shops, "카테고리,이름,시도,시군구\n분식,새집,한양,x\n", "0 0 0 1", `2 province "한양": This is no province; write it as 서울특별시.`},
		{intake.Sellers, "매장,이름,관리코드\n연남분식,직원,482913\n5,점장,7777\n", "1 1 0 0", ""},
		{
			intake.Sellers, "매장,이름,관리코드\n연남분식,직원,\n연남분식,아르바이트,12\n", "0 0 0 2",
			"2 manager code \"••••\": A value is needed.\n3 manager code \"••••\": A manager code has at least 4 characters.",
		},
		{intake.Campaigns, "매장,쿠폰명,상품,정가,판매가\n연남분식,김말이,김말이 3개,,\n5,튀김,튀김 5개,5000,3000\n", "1 0 1 0", ""},
		{intake.Campaigns, "매장,쿠폰명,상품,정가,판매가\n5,튀김,튀김 5개,5000,6000\n", "0 0 0 1", `2 price "6000": The price is above the regular price.`},
		{intake.Campaigns, "매장,쿠폰명,상품,사용조건\n5,어묵,어묵 1개,\n", "0 0 1 0", ""}, // its price and that it is free stay
		{intake.Campaigns, "매장,쿠폰명,상품,판매가\n5,어묵,어묵 1개,700\n", "0 1 0 0", ""},
		{intake.Coupons, "쿠폰명,유효기간,수량\n김말이,2026-12-31,10\n7,2026-12-31,20\n", "1 0 0 1", `3 campaign "7": Line 2 is about the same.`},
		{intake.Coupons, "쿠폰명,유효기간,수량\n김말이,2026-12-31,100001\n", "0 0 0 1", `2 quantity "100001": This must be a whole number from 1 to 100000.`},
		{intake.Coupons, "쿠폰명,유효기간,수량\n김말이,2026-12-31,100000\n김말이,2026-12-30,1\n", "1 0 0 1", `3 quantity "1": A file can add up to 100000 coupons.`},
	} {
		counts, findings := said(t, desk, test.kind, test.file)
		if counts != test.counts || findings != test.findings {
			t.Errorf("%s:\n%s\n%s\nwant\n%s\n%s", test.file, counts, findings, test.counts, test.findings)
		}
	}
}

func TestAFileWithWrongTitlesIsRefused(t *testing.T) {
	desk := newDesk(t, nil)
	for file, want := range map[string]string{
		"상품,번호\nx,y\n":                 "line 1: 'The column",
		"상품,상품,유효기간,번호\n":              "The column \"상품\" is there twice.",
		"상품,900012345678,유효기간\n":       "There is no column \"••••5678\"; compare the template.",
		"상품,유효기간,번호: 9000 1234 5678\n": "There is no column \"••••5678\"; compare the template.",
		",\n\n,,\n":                               "There is nothing in the file",
		"상품,유효기간,번호,가나다\n":                        "There is no column \"가나다\"; compare the template.",
		"상품,유효기간,번호\n":                            "There are no rows below the titles.",
		"\n\nProduct , LAST-DAY,Voucher Number\n": "There are no rows below the titles.",
	} {
		_, err := desk.Check(t.Context(), intake.Vouchers, []byte(file), nil)
		var refusal *intake.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(strings.ReplaceAll(err.Error(), `The column "last day"`, "'The column"), want) {
			t.Errorf("%q: %v", file, err)
		}
		if err != nil && refusal.In(locale.Korean) == refusal.In(locale.English) {
			t.Errorf("%q: %s", file, refusal.In(locale.Korean))
		}
	}
}

func TestEmptyPricesAreMadeByARule(t *testing.T) {
	rules := func(context.Context) (func(gift.Brand, gift.Won) (gift.Tiers, bool), error) {
		return func(b gift.Brand, face gift.Won) (gift.Tiers, bool) {
			return gift.Tiers{Far: face, Mid: face / 2, Near: face / 4}, b.Name == "CU"
		}, nil
	}
	counts, findings := said(t, newDesk(t, rules), intake.Vouchers, "상품,유효기간,번호\n11,2026-12-31,12345678\n12,2026-12-31,123456789\n")
	if counts != "1 0 0 1" || findings != `3 price over 60 days "": There is no price here, and no price rule for this product.` {
		t.Errorf("%s\n%s", counts, findings)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("vouchers", "상품,유효기간,번호,판매가\n13,2026-12-31,12345678,1000\n")
	f.Add("categories", "번호,이름\n1,a\n,b\n")
	f.Add("coupons", "쿠폰명,유효기간,수량\n7,46387,3\n")
	f.Add("shops", "카테고리,이름,시도,시군구\n분식,x,서울,마포구\n")
	desk := newDesk(f, nil)
	f.Fuzz(func(t *testing.T, kind, file string) {
		k := intake.Kind(kind)
		if !k.Valid() || k == intake.Sellers {
			return
		}
		plan, err := desk.Check(t.Context(), k, []byte(file), nil)
		var refusal *intake.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatal(err)
		}
		if err == nil && plan.Counts.Added+plan.Counts.Changed+plan.Counts.Known+plan.Counts.Refused != plan.Counts.Rows {
			t.Fatalf("%+v", plan.Counts)
		}
		if err == nil && len(plan.Findings) > 1000 {
			t.Fatalf("%d findings", len(plan.Findings))
		}
		if refusal != nil && len(refusal.Error()) > 2000 {
			t.Fatalf("a refusal of %d bytes", len(refusal.Error()))
		}
	})
}

// FuzzNoFindingShowsANumber writes voucher numbers into files in which everything else is as wrong as can be.
func FuzzNoFindingShowsANumber(f *testing.F) {
	f.Add("상품,유효기간,번호,판매가\n", "13,2026-12-31,", ",1000\n")
	f.Add("product,last day,voucher number\n", "13,20261231,", "\n")
	f.Add("번호,번호\n", "=", ",\n")
	f.Add("상품,유효기간,번호\n", "13,", ",2026-12-31\n") // in the wrong column
	f.Add("상품;유효기간;번호\n", "", ";x;\n")
	desk := newDesk(f, nil)
	const number = "9031415926535897"
	f.Fuzz(func(t *testing.T, head, before, after string) {
		if strings.ContainsAny(head+before+after, "\"\t;") || strings.Trim(before, ",\n") != "" && !strings.HasSuffix(before, ",") ||
			after != "" && after[0] != ',' && after[0] != '\n' {
			return // a part of another text
		}
		plan, err := desk.Check(t.Context(), intake.Vouchers, []byte(head+before+number+after), nil)
		if err != nil {
			if strings.Contains(err.Error(), number) {
				t.Errorf("the error is %q", err)
			}
			return
		}
		for _, found := range plan.Findings {
			if strings.Contains(found.Value+found.Reason.English+found.Reason.Korean, number) {
				t.Errorf("of %q is found %+v", head+before+number+after, found)
			}
		}
	})
}
