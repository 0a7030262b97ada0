package intake

import (
	"strings"

	"giftimbiz/internal/fold"
)

// Kind is what the rows of a file are.
type Kind string

// The kinds, in the order in which a new exchange loads them.
const (
	Categories Kind = "categories"
	Brands     Kind = "brands"
	Products   Kind = "products"
	Vouchers   Kind = "vouchers"
	Shops      Kind = "shops"
	Sellers    Kind = "sellers"
	Campaigns  Kind = "campaigns"
	Coupons    Kind = "coupons"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Categories, Brands, Products, Vouchers, Shops, Sellers, Campaigns, Coupons}
}

// Valid tells whether there is such a kind.
func (k Kind) Valid() bool { return tables[k] != nil }

// Name returns what people call the kind.
func (k Kind) Name() Text {
	if t := tables[k]; t != nil {
		return t.name
	}
	return Text{string(k), string(k)}
}

// Help says what the rows are and what is done with them.
func (k Kind) Help() Text {
	if t := tables[k]; t != nil {
		return t.help
	}
	return Text{}
}

// table is what is known of the files of a kind.
type table struct {
	name    Text
	help    Text
	columns []column
	// second is what a second sample row has otherwise than the first; nil: there is only one.
	second map[string]any
	read   func(*check, *row)
}

// column is a column of a table. Columns may stand in any order, and those that are not needed may be missing.
type column struct {
	key    string
	title  Text
	also   []string // other titles
	needed bool
	sample any  // in the template
	secret bool // only the end of its values may be shown
}

// titled finds a column by the title it has in a file, whatever its case, spaces and punctuation.
func (t *table) titled(title string) *column {
	title = plainTitle(title)
	for i := range t.columns {
		c := &t.columns[i]
		for _, name := range append([]string{c.title.Korean, c.title.English, c.key}, c.also...) {
			if plainTitle(name) == title {
				return c
			}
		}
	}
	return nil
}

func plainTitle(s string) string {
	return strings.NewReplacer(" ", "", "_", "", "-", "", "~", "", "(", "", ")", "", "*", "", "/", "", "\u00a0", "").
		Replace(fold.Search(s))
}

func (t *table) column(key string) *column {
	for i := range t.columns {
		if t.columns[i].key == key {
			return &t.columns[i]
		}
	}
	panic("intake: no column " + key)
}
