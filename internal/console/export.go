package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/locale"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sheet"
	"giftimbiz/internal/webhook"
)

// List is a list of the console as the command line asks for it as a file.
type List struct {
	Name    string
	Of      string // what it is a list of, such as PARTNER; "" = there is only one
	Filters []Filter

	address string // its page; what it is of stands for the part in braces
}

// Filter leaves rows out of a list.
type Filter struct {
	Name string
	Want string // what its value looks like
	ok   func(value string) bool
}

// Lists returns every list that can be had as a file.
func Lists() []List {
	days := []Filter{day("from"), day("to")}
	unit := oneOf("unit", office.UnitFree, office.UnitSold, office.UnitUsed, office.UnitRefunded, office.UnitWithdrawn)
	return []List{
		{"partners", "", []Filter{words("search"), oneOf("state", partnerStateWords()...), whole("below")}, partnersAddress},
		{"statement", "PARTNER", days, partnersAddress + "/{name}/statement"},
		{"calls", "PARTNER", []Filter{words("code"), words("endpoint")}, partnersAddress + "/{name}/calls"},
		{"deliveries", "ENDPOINT", append(days, oneOf("state", deliveryStateWords()...),
			oneOf("type", append(gift.EventTypes(), gift.TestSent)...)), webhooksAddress + "/{id}"},
		{"orders", "", append(days, words("q"), words("partner"), oneOf("kind", "gifticon", "star"),
			oneOf("state", office.SomeRefunded, office.SomeUsed)), ordersAddress},
		{"categories", "", []Filter{words("q"), oneOf("kind", "1", "2")}, catalogueRoot + "/categories"},
		{"brands", "", []Filter{words("q"), whole("parent")}, catalogueRoot + "/brands"},
		{"products", "", []Filter{words("q"), whole("parent")}, catalogueRoot + "/products"},
		{"shops", "", []Filter{words("q")}, catalogueRoot + "/shops"},
		{"sellers", "", []Filter{words("q"), whole("parent")}, catalogueRoot + "/sellers"},
		{"campaigns", "", []Filter{words("q"), whole("parent")}, catalogueRoot + "/campaigns"},
		{"offers", "", []Filter{
			words("q"), oneOf("kind", "1", "2"), whole("product"), whole("campaign"), whole("brand"), whole("shop"), whole("days"),
			oneOf("state", office.OnSale, office.Stopped, office.SoldOut, office.Expiring, office.Expired),
		}, catalogueRoot + "/offers"},
		{"units", "OFFER", []Filter{unit}, catalogueRoot + "/offers/{id}"},
		{"coupons", "", []Filter{whole("offer"), unit}, catalogueRoot + "/coupons"},
		{"imports", "", nil, importsRoot},
		{"accounts", "", []Filter{moment("at"), oneOf("kind", office.AccountKinds()...)}, ledgerAddress + "/accounts"},
		{
			"journal", "", append(days, oneOf("kind", office.TransactionKinds()...), words("account"), words("partner")),
			ledgerAddress + "/journal",
		},
		{"unused-coupons", "", nil, ledgerAddress + "?list=coupons"},
		{"settlement", "", days, settlementAddress},
		{"redeemed", "SHOP", days, settlementAddress + "/{shop}"},
		{"audit", "", append(days, words("action"), words("subject"), whole("operator")), auditAddress},
		{"operators", "", nil, operatorsAddress},
	}
}

func words(name string) Filter {
	return Filter{name, "text", func(string) bool { return true }}
}

func whole(name string) Filter {
	return Filter{name, "a whole number", func(v string) bool {
		_, err := strconv.ParseUint(v, 10, 63)
		return err == nil
	}}
}

func day(name string) Filter {
	return Filter{name, "a day such as 2026-11-26", func(v string) bool {
		_, err := time.Parse(time.DateOnly, v)
		return err == nil
	}}
}

func moment(name string) Filter {
	return Filter{name, "a time such as 2026-11-26T15:30", func(v string) bool {
		_, err := time.Parse("2006-01-02T15:04", v)
		return err == nil
	}}
}

func oneOf[S ~string](name string, values ...S) Filter {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return Filter{name, "one of " + strings.Join(names, ", "), func(v string) bool { return slices.Contains(names, v) }}
}

func partnerStateWords() []string {
	all := make([]string, len(stateNames))
	for i, n := range stateNames {
		all[i] = n.word
	}
	return all
}

func deliveryStateWords() (all []string) {
	for _, s := range webhook.DeliveryStates() {
		all = append(all, s.String())
	}
	return all
}

// Check tells what is wrong with a value for a filter of the list.
func (l List) Check(name, value string) error {
	i := slices.IndexFunc(l.Filters, func(f Filter) bool { return f.Name == name })
	if i < 0 {
		var names []string
		for _, f := range l.Filters {
			names = append(names, f.Name)
		}
		return fmt.Errorf("%s has no filter %q; it has %s", l.Name, name, cmp.Or(strings.Join(names, ", "), "none"))
	}
	if f := l.Filters[i]; !f.ok(value) {
		return fmt.Errorf("%s=%s: want %s", name, value, f.Want)
	}
	return nil
}

// Wanted is a list to write to a file, of what, and what of it.
type Wanted struct {
	List     List
	Of       string
	Filters  map[string]string
	Format   sheet.Format
	Language locale.Language
}

// Export writes the file that the list's page offers. An error that comes on the way leaves half a file.
func Export(ctx context.Context, cfg Config, want Wanted, w io.Writer) error {
	h := &handler{Config: cfg}
	path, query, _ := strings.Cut(want.List.address, "?")
	routes := h.routes()
	page := slices.IndexFunc(routes, func(rt route) bool { return rt.pattern == "GET "+path })
	values, err := url.ParseQuery(query)
	if page < 0 || err != nil {
		panic("console: the list " + want.List.Name + " has no page " + want.List.address)
	}
	values.Set("format", string(want.Format))
	for name, value := range want.Filters {
		values.Set(name, value)
	}
	r := (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: values.Encode()}}).WithContext(ctx)
	if _, name, ok := strings.Cut(path, "{"); ok {
		name, _, _ = strings.Cut(name, "}")
		r.SetPathValue(name, want.Of)
	}
	q := &request{Request: r, h: h, w: fileAnswer{w, http.Header{}}, now: cfg.Clock.Now(), lang: want.Language}
	var f failure
	switch err = routes[page].serve(q); {
	case errors.Is(err, office.ErrNotFound):
		return fmt.Errorf("there is no %s %q", strings.ToLower(want.List.Of), want.Of)
	case errors.As(err, &f):
		return errors.New(f.text.in(want.Language))
	}
	return err
}

// fileAnswer is an answer that is written to a file; its head is for nobody.
type fileAnswer struct {
	io.Writer
	head http.Header
}

func (a fileAnswer) Header() http.Header            { return a.head }
func (fileAnswer) WriteHeader(int)                  {}
func (fileAnswer) SetWriteDeadline(time.Time) error { return nil }

// Page returns the address of the page that shows the list, of what it is a list of.
func (l List) Page(of string) string {
	from, rest, ok := strings.Cut(l.address, "{")
	if !ok {
		return l.address
	}
	_, rest, _ = strings.Cut(rest, "}")
	return from + url.PathEscape(of) + rest
}
