package purchase

import "testing"

func TestABuyerMayNameProductsInEachUsualWay(t *testing.T) {
	choco := &Offer{Product: "남양)초콜릿드링크초코에몽190ML"}
	mala := &Offer{Product: "첫방문 3000원 할인쿠폰", AltProduct: "꿔바로우"}
	for text, test := range map[string]struct {
		offers []*Offer
		fits   bool
		wrong  int
	}{
		"남양)초콜릿드링크초코에몽190ML":       {[]*Offer{choco}, true, -1},
		" 남양) 초콜릿 드링크 초코에몽 190ML ": {[]*Offer{choco}, true, -1},
		"남양）초콜릿드링크초코에몽１９０ＭＬ":       {[]*Offer{choco}, true, -1},
		"남양)초콜릿드링크초코에몽190ml":       {[]*Offer{choco}, false, 0},
		"남양)초콜릿드링크":                {[]*Offer{choco}, false, 0},
		"":                         {[]*Offer{choco}, false, 0},
		"꿔바로우":                     {[]*Offer{mala}, true, -1},
		"첫방문3000원할인쿠폰":             {[]*Offer{mala}, true, -1},
		"꿔바로우 외 1건":                {[]*Offer{mala, choco}, true, -1},
		"꿔바로우외1건":                  {[]*Offer{mala, choco}, true, -1},
		"꿔바로우 외 2건":                {[]*Offer{mala, choco}, false, -1},
		"꿔바로우 외 0건":                {[]*Offer{mala}, false, 0},
		"꿔바로우|꿔바로우":                {[]*Offer{mala, choco}, false, 1},
		"꿔바로우|남양)초콜릿드링크초코에몽190ML":  {[]*Offer{mala, choco}, true, -1},
		"꿔바로우 | 첫방문 3000원 할인쿠폰":    {[]*Offer{mala, mala}, true, -1},
		"첫방문 3000원 할인 쿠폰":          {[]*Offer{mala, mala}, true, -1},
		"꿔바로우|":                    {[]*Offer{mala, mala}, false, 1},
		"|":                        {[]*Offer{mala, mala}, false, 0},
	} {
		n := newNaming(text)
		if got := n.fits(test.offers); got != test.fits {
			t.Errorf("%q fits: %v", text, got)
		}
		if got := n.wrong(test.offers); !test.fits && got != test.wrong {
			t.Errorf("%q: item %d is wrong, want %d", text, got, test.wrong)
		}
	}
	if newNaming("꿔바로우").fits(nil) {
		t.Error("no items have a name")
	}
}
