package sample

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

func TestNamesAreTidyAndTellThingsApart(t *testing.T) {
	s := shared()
	seen := map[string]bool{}
	check := func(kind, name string) {
		t.Helper()
		if name == "" || name != strings.Join(strings.Fields(name), " ") || !norm.NFC.IsNormalString(name) {
			t.Errorf("%s %q is not a tidy name", kind, name)
		}
		if seen[kind+name] {
			t.Errorf("%s %q twice", kind, name)
		}
		seen[kind+name] = true
	}
	for _, c := range s.Categories {
		check(fmt.Sprintf("category of kind %d", c.Kind), c.Name)
	}
	for _, b := range s.Brands {
		check("brand", b.Name)
	}
	for _, p := range s.Products {
		check(fmt.Sprintf("product of brand %d", p.BrandID), p.Name)
	}
	for _, h := range s.Shops {
		check("shop", h.Name)
	}
	for _, c := range s.Campaigns {
		check(fmt.Sprintf("coupon of shop %d", c.ShopID), c.CouponName)
		check(fmt.Sprintf("goods of shop %d", c.ShopID), c.Product)
	}
}
