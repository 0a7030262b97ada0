package purchase

import (
	"strconv"
	"strings"

	"giftimbiz/internal/fold"
)

// naming is a buyer's text that names the products of its items: all names in order joined with "|", the one name when
// all are the same, or "first name 외 N건". Spaces and full-width forms make no difference.
type naming struct{ plain, folded string }

func newNaming(text string) naming { return naming{text, fold.Name(text)} }

// fits tells whether the text names what the offers sell.
func (n naming) fits(offers []*Offer) bool {
	if len(offers) == 0 {
		return false
	}
	return offers[0].isNamed(n.plain) && len(offers) == 1 || n.fitsJoined(offers) || n.fitsSame(offers) || n.fitsAndMore(offers)
}

func (n naming) fitsJoined(offers []*Offer) bool {
	return strings.Count(n.folded, "|") == len(offers)-1 && n.wrong(offers) < 0
}

func (n naming) fitsSame(offers []*Offer) bool {
	for _, o := range offers {
		if !o.isFolded(n.folded) {
			return false
		}
	}
	return true
}

func (n naming) fitsAndMore(offers []*Offer) bool {
	more := "외" + strconv.Itoa(len(offers)-1) + "건"
	first, ok := strings.CutSuffix(n.folded, more)
	return ok && len(offers) > 1 && offers[0].isFolded(first)
}

// wrong returns the first item that a text with a name for each item does not fit, or -1.
func (n naming) wrong(offers []*Offer) int {
	parts := strings.Split(n.folded, "|")
	if len(parts) != len(offers) {
		return -1
	}
	for i, part := range parts {
		if !offers[i].isFolded(part) {
			return i
		}
	}
	return -1
}

func (o *Offer) isNamed(name string) bool {
	return name != "" && (name == o.Product || name == o.AltProduct)
}

// isFolded is isNamed for a folded name.
func (o *Offer) isFolded(name string) bool {
	return name != "" && (name == fold.Name(o.Product) || name == fold.Name(o.AltProduct))
}
