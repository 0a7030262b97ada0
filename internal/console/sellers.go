package console

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strconv"

	"giftimbiz/internal/office"
)

// sellerShelf is the sellers'. The manager code that a save makes is kept only to be shown once, and hashed.
func sellerShelf() *shelfPage[office.Seller] {
	return &shelfPage[office.Seller]{
		path: "sellers", title: text{"판매자", "Sellers"}, one: text{"판매자", "seller"},
		columns: []text{{"이름", "Name"}, {"업체 번호", "Shop number"}, {"업체", "Shop"}},
		shelf:   func(s Store) office.Shelf[office.Seller] { return s.Managers() },
		label:   func(l office.Listed[office.Seller]) string { return l.Row.Name + " · " + l.Parent },
		cells: func(_ *request, l office.Listed[office.Seller]) []cell {
			shop := strconv.FormatInt(l.Row.ShopID, 10)
			return []cell{{Text: l.Row.Name}, {Text: shop, Number: true}, {Text: l.Parent, Link: shopShelf().address(shop)}}
		},
		filters: func(q *request) ([]field, error) {
			list, err := q.shopOptions()
			return []field{q.parentFilter(text{"업체", "Shop"}, list)}, err
		},
		fields: sellerFields,
		read:   readSeller,
		saved: func(q *request, _ int64) text {
			if q.code == "" {
				return text{}
			}
			return text{
				fmt.Sprintf("새 관리자 코드: %s — 지금 적어 두십시오. 다시 볼 수 없습니다.", q.code),
				fmt.Sprintf("The new manager code: %s. Note it now: it is not shown again.", q.code),
			}
		},
	}
}

func sellerFields(q *request, s office.Seller) ([]field, error) {
	list, err := q.shopOptions()
	fields := []field{
		{Name: "name", Label: text{"이름", "Name"}, Type: "text", Value: s.Name, Needed: true},
		{
			Name: "shop", Label: text{"업체 번호", "Number of the shop"}, Type: "list", Value: idValue(s.ShopID), Options: list,
			Needed: true,
			Hint:   byName,
		},
	}
	if s.ID != 0 && q.h.Counter != nil {
		fields = append(fields, field{
			Name: "counter", Label: text{"매장 기기 로그인 주소", "Address to sign a device in at"}, Type: "text", Fixed: true,
			Value: q.h.Counter(s),
			Hint: text{
				"판매자에게 보내십시오. 매니저 코드로 12시간 동안 로그인합니다. 코드를 새로 만들면 주소도 바뀝니다.",
				"For the seller, who signs in with the manager code for 12 hours. Another code makes another address.",
			},
		})
	}
	if s.ID != 0 {
		fields = append(fields, field{
			Name: "new_code", Label: text{"새 관리자 코드 만들기", "Make a new manager code"}, Type: "check",
			Hint: text{"지금 쓰는 코드는 바로 못 쓰게 됩니다.", "The present code stops working at once."},
		})
	}
	return fields, err
}

func readSeller(q *request, s *office.Seller) (_ faults, err error) {
	r := q.reader()
	s.Name = r.text("name", maxNameBytes, true)
	s.CodeHash = "" // as it is
	if s.ShopID, err = parent(r, "shop", q.h.Store.Shops()); err != nil || len(r.wrong) > 0 {
		return r.wrong, err
	}
	if s.ID == 0 || q.PostFormValue("new_code") != "" {
		q.code = newCode()
		s.CodeHash, err = q.h.Passwords.HashCode(q.code)
	}
	return r.wrong, err
}

// newCode returns a manager code of six digits. The first is not 0: a spreadsheet may take it for a number.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(900_000))
	if err != nil {
		panic(err) // never: the random source ends the program instead
	}
	return strconv.FormatInt(100_000+n.Int64(), 10)
}
