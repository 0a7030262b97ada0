package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const pricesAddress = catalogueRoot + "/prices"

// repricedWhileAsking is how long an operator waits for new prices, before seeing how far they are.
const repricedWhileAsking = time.Second

func priceRoutes() []route {
	return []route{
		{pattern: "GET " + pricesAddress, needs: office.See, serve: (*request).showPrices},
		{pattern: "POST " + pricesAddress, needs: office.EditStock, serve: (*request).savePriceRule},
		{pattern: "POST " + pricesAddress + "/{id}/remove", needs: office.EditStock, serve: (*request).dropPriceRule},
		{pattern: "GET " + pricesAddress + "/preview", needs: office.See, serve: (*request).showRepricing},
		{pattern: "POST " + pricesAddress + "/apply", needs: office.EditStock, serve: (*request).applyPriceRules},
	}
}

// priceRuleForm is a rule as it is sent: a new one has a target, others an id.
type priceRuleForm struct {
	ID, Version    int64
	Target         string // such as "brand:4"
	Name           text   // what the rule is for
	Far, Mid, Near string // percent
	Error          text
}

// pricesView is what the template "prices" shows.
type pricesView struct {
	Nav     []menuItem
	Run     office.RepricingRun
	Rules   []priceRuleForm
	New     priceRuleForm
	Targets []selectable
}

func (q *request) showPrices() error { return q.renderPrices(http.StatusOK, priceRuleForm{}) }

// renderPrices shows all rules; sent, if it has an error, as it was sent.
func (q *request) renderPrices(status int, sent priceRuleForm) error {
	rules, err := q.h.Store.PriceRules(q.Context())
	if err != nil {
		return err
	}
	v := pricesView{Nav: q.catalogueNav()}
	if v.Run, err = q.h.Store.LastRepricing(q.Context()); err != nil {
		return err
	}
	if sent.ID == 0 {
		v.New = sent
	}
	for _, r := range rules {
		form := priceRuleForm{
			ID: r.ID, Version: r.Version, Name: ruleName(r), Far: ratePercent(r.Rates.Far), Mid: ratePercent(r.Rates.Mid), Near: ratePercent(r.Rates.Near),
		}
		if r.ID == sent.ID {
			sent.Name = form.Name
			form = sent
		}
		v.Rules = append(v.Rules, form)
	}
	if v.Targets, err = q.ruleTargets(); err != nil {
		return err
	}
	return q.render(status, "prices", text{"가격 규칙", "Price rules"}, v)
}

func ruleName(r office.PriceRule) text {
	switch r.Scope {
	case office.ScopeCategory:
		return text{"카테고리: " + r.Name, "Category: " + r.Name}
	case office.ScopeBrand:
		return text{"브랜드: " + r.Name, "Brand: " + r.Name}
	}
	return text{"모든 기프티콘", "All gifticons"}
}

func (q *request) ruleTargets() ([]selectable, error) {
	list := []selectable{{"all:0", ruleName(office.PriceRule{}).in(q.lang)}}
	categories, err := q.categoryOptions(gift.Gifticon)
	if err != nil {
		return nil, err
	}
	for _, o := range categories {
		name := ruleName(office.PriceRule{Scope: office.ScopeCategory, Name: o.Name})
		list = append(list, selectable{"category:" + o.Value, name.in(q.lang)})
	}
	brands, err := q.brandOptions()
	for _, o := range brands {
		name := ruleName(office.PriceRule{Scope: office.ScopeBrand, Name: o.Name})
		list = append(list, selectable{"brand:" + o.Value, name.in(q.lang)})
	}
	return list, err
}

// percent writes a rate, such as 92.5.
func ratePercent(r gift.Rate) string {
	whole := strconv.FormatInt(int64(r)/10, 10)
	if r%10 == 0 {
		return whole
	}
	return whole + "." + strconv.FormatInt(int64(r)%10, 10)
}

// rateOf reads a percentage with at most one decimal.
func rateOf(s string) (gift.Rate, bool) {
	whole, tenth, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(s), "%"), ".")
	if tenth == "" {
		tenth = "0"
	}
	n, err := strconv.ParseUint(whole, 10, 16)
	m, bad := strconv.ParseUint(tenth, 10, 8)
	r := gift.Rate(10*n + m)
	return r, err == nil && bad == nil && len(tenth) == 1 && r.Valid()
}

// validate returns the rule, or says what is wrong with the form.
func (f *priceRuleForm) validate() office.PriceRule {
	r := office.PriceRule{ID: f.ID, Version: f.Version}
	for _, rate := range []struct {
		sent string
		to   *gift.Rate
	}{{f.Far, &r.Rates.Far}, {f.Mid, &r.Rates.Mid}, {f.Near, &r.Rates.Near}} {
		n, ok := rateOf(rate.sent)
		if *rate.to = n; !ok {
			f.Error = text{
				"0.1에서 100까지의 퍼센트를 소수 한 자리까지 쓰십시오. 예: 92.5", "Give percentages from 0.1 to 100 with at most one decimal, such as 92.5.",
			}
		}
	}
	scope, id, _ := strings.Cut(f.Target, ":")
	n, err := strconv.ParseInt(id, 10, 64)
	r.Scope, r.ScopeID = office.PriceScope(scope), n
	known := r.Scope == office.ScopeAll && n == 0 || r.Scope == office.ScopeCategory || r.Scope == office.ScopeBrand
	if f.ID == 0 && (err != nil || !known) {
		f.Error = text{"무엇에 대한 규칙인지 고르십시오.", "Choose what the rule is for."}
	}
	return r
}

func (q *request) savePriceRule() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	form := priceRuleForm{
		ID: q.formNumber("id"), Version: q.formNumber("version"), Target: q.PostFormValue("target"),
		Far: q.PostFormValue("far"), Mid: q.PostFormValue("mid"), Near: q.PostFormValue("near"),
	}
	rule := form.validate()
	if form.Error != (text{}) {
		return q.renderPrices(http.StatusUnprocessableEntity, form)
	}
	switch err := q.h.Store.SetPriceRule(q.Context(), rule, q.now); {
	case errors.Is(err, office.ErrDuplicate):
		form.Error = text{"이미 규칙이 있습니다. 아래에서 고치십시오.", "There is a rule for this already: change it below."}
		return q.renderPrices(http.StatusUnprocessableEntity, form)
	case err != nil:
		return err
	}
	return q.done(pricesAddress, text{
		"규칙을 저장했습니다. 미리보기에서 적용해야 가격이 바뀝니다.", "The rule is saved. Prices change when you apply it in the preview.",
	})
}

func (q *request) dropPriceRule() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	id, err := q.pathNumber()
	if err != nil {
		return err
	}
	if err := q.h.Store.DropPriceRule(q.Context(), id, q.formNumber("version"), q.now); err != nil {
		return err
	}
	return q.done(pricesAddress, text{"규칙을 지웠습니다. 가격은 그대로입니다.", "The rule is removed. Prices stay as they are."})
}

// repricingView is what the template "repricing" shows. Sums are on the first page only.
type repricingView struct {
	Nav    []menuItem
	Run    office.RepricingRun
	First  bool
	Ask    string // where the sums are, when they are not here: there is too much to sum up at once
	Total  revalued
	Brands []revalued
	Rows   []office.RepricedOffer
	Digest string
	Pager  pager
}

// revalued is a sum with its discounts in percent of the face value.
type revalued struct {
	office.Revalued
	OffBefore int
	OffAfter  int
}

func asRevalued(r office.Revalued) revalued {
	return revalued{r, gift.DiscountPercent(r.Face, r.Before), gift.DiscountPercent(r.Face, r.After)}
}

func (q *request) showRepricing() error {
	today, after := gift.DayOf(q.now), q.number("after")
	if f, ok := q.exporting(); ok {
		return q.exportRepricing(f, today)
	}
	run, err := q.h.Store.LastRepricing(q.Context())
	if err != nil {
		return err
	}
	v := repricingView{Nav: q.catalogueNav(), Run: run, First: after == 0}
	if v.First && q.FormValue("sums") == "" {
		c, err := q.h.Store.CatalogueCounts(q.Context(), today)
		if err != nil {
			return err
		}
		if c.Offers >= office.CountedUpTo {
			v.Ask = q.with("sums", "1")
		}
	}
	if v.First && v.Ask == "" {
		r, err := q.h.Store.Repricing(q.Context(), today)
		if err != nil {
			return err
		}
		v.Total, v.Digest = asRevalued(r.Total), r.Digest
		for _, b := range r.Brands {
			v.Brands = append(v.Brands, asRevalued(b))
		}
	}
	rows, err := q.h.Store.RepricedAfter(q.Context(), today, after, pageSize+1)
	if err != nil {
		return err
	}
	var more bool
	var last int64
	if v.Rows, more = page(rows); more {
		last = v.Rows[pageSize-1].ID
	}
	v.Pager = q.pager(more, last)
	v.Pager.Next = withoutSums(v.Pager.Next)
	return q.render(http.StatusOK, "repricing", text{"가격 미리보기", "What the rules would do"}, v)
}

// withoutSums is the address of a page without the sums.
func withoutSums(address string) string {
	return strings.NewReplacer("&sums=1", "", "sums=1&", "").Replace(address)
}

var repricedColumns = []text{
	{"판매번호", "Number"},
	{"이름", "Name"},
	{"브랜드", "Brand"},
	{"액면가", "Face value"},
	{"재고", "Stock"},
	{"61일 이상: 지금", "Over 60 days: now"},
	{"61일 이상: 새", "Over 60 days: new"},
	{"31~60일: 지금", "31 to 60 days: now"},
	{"31~60일: 새", "31 to 60 days: new"},
	{"30일 이하: 지금", "Up to 30 days: now"},
	{"30일 이하: 새", "Up to 30 days: new"},
}

func (q *request) exportRepricing(f wantedFile, today gift.Day) error {
	return q.export(f, "prices", repricedColumns, func(row func(...any) error) error {
		for after := int64(0); ; {
			rows, err := q.h.Store.RepricedAfter(q.Context(), today, after, exportedAtOnce)
			if err != nil {
				return err
			}
			for _, o := range rows {
				after = o.ID
				err := row(o.ID, o.Name, o.Brand, int64(o.Face), o.Stock, int64(o.Before.Far), int64(o.After.Far),
					int64(o.Before.Mid), int64(o.After.Mid), int64(o.Before.Near), int64(o.After.Near))
				if err != nil {
					return err
				}
			}
			if len(rows) < exportedAtOnce {
				return nil
			}
		}
	})
}

func (q *request) applyPriceRules() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	n, err := q.h.Store.StartRepricing(q.Context(), gift.DayOf(q.now), q.PostFormValue("digest"), q.now)
	if errors.Is(err, office.ErrChanged) {
		return failure{http.StatusConflict, text{
			"미리보기를 본 뒤에 상품이나 규칙이 바뀌었습니다. 미리보기를 다시 확인하십시오.",
			"Offers or rules have changed since the preview. Look at the preview again.",
		}}
	}
	if err != nil {
		return err
	}
	// It is decided, and goes on in the background if this fails or does not suffice.
	if err := q.h.Store.ContinueRepricing(q.Context(), repricedWhileAsking); err != nil {
		q.h.Logger.WarnContext(q.Context(), "console: applying price rules is left to the background", "error", err)
	}
	count := grouped(n)
	return q.done(pricesAddress, text{"판매 상품 " + count + "개의 가격을 규칙대로 바꿉니다.", "The prices of " + count + " offers change by the rules."})
}
