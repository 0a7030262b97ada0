package intake

import (
	"strings"

	"giftimbiz/internal/gift"
)

// How long voucher numbers are.
const minNumber, maxNumber = 6, 40

func readVoucher(c *check, r *row) {
	product, ok := r.product()
	offer := gift.Offer{Kind: gift.Gifticon, ProductID: product.ID}
	offer.Face = r.won("face", 1, product.Face)
	offer.LastDay = r.day("last day")
	if ok && r.outcome != refused {
		offer.Tiers = r.tiers(product, offer.Face)
	}
	number := r.voucherNumber()
	if r.outcome == refused {
		return
	}
	lot, there := c.lots[offer]
	if !there {
		lot = int32(len(c.plan.load.Lots))
		c.lots[offer] = lot
		c.plan.load.Lots = append(c.plan.load.Lots, offer)
	}
	r.number = Number{Lot: lot, Plain: number, Hash: Hash(c.vault.Lookup("voucher", number)), Tail: c.vault.Tail(number)}
}

func (r *row) product() (p gift.Product, ok bool) {
	name := r.text("product", maxName)
	fits := func(gift.Product) bool { return true }
	if r.given("brand") {
		brand, ok := r.brand()
		if !ok {
			return p, false
		}
		fits = func(p gift.Product) bool { return p.BrandID == brand.ID }
	}
	if name == "" {
		return p, false
	}
	return one(r, "product", r.check.names.products.find(name), fits)
}

// tiers reads the three prices. An empty one is the one before it; when all are empty, a price rule must make them.
func (r *row) tiers(p gift.Product, face gift.Won) (t gift.Tiers) {
	if !r.given("far") && !r.given("mid") && !r.given("near") {
		if r.outcome == refused {
			return t
		}
		if r.check.prices != nil {
			if t, ok := r.check.prices(r.check.names.brands.byID[p.BrandID], face); ok {
				return t
			}
		}
		r.refuse("far", say("판매가가 비어 있고 이 상품에 맞는 가격 규칙이 없습니다.",
			"There is no price here, and no price rule for this product."))
		return t
	}
	if !r.given("far") {
		r.refuse("far", say("60일 초과 판매가가 필요합니다.", "The price over 60 days is needed."))
	}
	t.Far = r.won("far", 1, 0)
	t.Mid = r.won("mid", 1, t.Far)
	t.Near = r.won("near", 1, t.Mid)
	for _, price := range []struct {
		key string
		won gift.Won
	}{{"far", t.Far}, {"mid", t.Mid}, {"near", t.Near}} {
		if price.won > face && r.cell(price.key).Text != "" {
			r.refuse(price.key, say("액면가 %d원보다 비쌉니다.", "This is above the face value of %d won.", face))
		}
	}
	return t
}

// plainNumber is a number without the spaces and hyphens that it is printed with.
func plainNumber(s string) string { return strings.NewReplacer(" ", "", "-", "").Replace(s) }

// PlainNumber is a voucher's number as it is kept, however a person types it.
func PlainNumber(typed string) string { return plainNumber(strings.TrimSpace(typed)) }

// voucherNumber reads a number without the spaces and hyphens that it is printed with.
func (r *row) voucherNumber() string {
	number := plainNumber(r.text("number", maxText))
	if number == "" || r.outcome == refused && len(number) > maxNumber {
		return ""
	}
	bad := func(c rune) bool {
		return !strings.ContainsRune("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c)
	}
	switch {
	case strings.ContainsFunc(number, bad):
		r.refuse("number", say("숫자와 영문자만 쓸 수 있습니다.", "Only digits and Latin letters are allowed."))
	case len(number) < minNumber || len(number) > maxNumber:
		r.refuse("number", say("%d자부터 %d자까지여야 합니다.", "This must have %d to %d characters.", minNumber, maxNumber))
	}
	return number
}

// settleNumbers finds out which numbers of a batch are new, and puts those into the load.
func (c *check) settleNumbers(batch []*row) error {
	var asked []*row
	var hashes []Hash
	for _, r := range batch {
		if r.outcome != undecided {
			continue
		}
		if _, twice := c.numbers[r.number.Hash]; twice {
			r.know("number", say("이 파일에 같은 번호가 앞에 있습니다.", "This number stands in the file already."))
			continue
		}
		c.numbers[r.number.Hash] = struct{}{}
		asked, hashes = append(asked, r), append(hashes, r.number.Hash)
	}
	there, err := c.store.KnownNumbers(c.ctx, hashes)
	if err != nil {
		return err
	}
	for i, r := range asked {
		if there[i] {
			r.know("number", say("이미 등록된 번호입니다.", "This number is there already."))
			continue
		}
		r.outcome = added
		c.plan.load.Numbers = append(c.plan.load.Numbers, r.number)
	}
	return nil
}
