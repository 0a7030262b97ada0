package console

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
)

// dashboardStore answers at the same cost however much was sold; but Stock and LowPartners, which are for the background.
type dashboardStore interface {
	SalesByDay(ctx context.Context, from, to gift.Day) ([]office.DaySales, error)
	SalesByHour(ctx context.Context, day gift.Day) ([]office.HourSales, error)
	Refusals(ctx context.Context, day gift.Day) ([]office.HourRefusals, error)
	Health(ctx context.Context) (office.Health, error)
	Stock(ctx context.Context, now time.Time, salesFrom gift.Day) (office.Stock, error)
	LowPartners(ctx context.Context, below gift.Won, limit int) ([]office.LowPartner, error)
}

func dashboardRoutes() []route {
	return []route{
		{pattern: "GET " + Root + "/{$}", needs: office.See, serve: (*request).showDashboard},
		{pattern: "GET " + Root + "/dashboard/now", needs: office.See, polled: true, serve: dashboardPart("now")},
		{pattern: "GET " + Root + "/dashboard/stock", needs: office.See, polled: true, serve: dashboardPart("stock")},
		{pattern: "GET " + Root + "/dashboard/charts.json", needs: office.See, polled: true, serve: (*request).sendCharts},
	}
}

// chartDays is how many days the chart of days has, today included.
const chartDays = 15

// dashboard is what the page shows.
type dashboard struct {
	At       time.Time
	Today    office.DaySales
	LastWeek office.DaySales   // the whole day a week ago
	SoFar    *office.DaySales  // that day up to the same time; nil: not known
	Days     []office.DaySales // the last chartDays
	Refusals []refusal
	Health   office.Health
	Jobs     jobsNow
	Behind   bool        // sales were not counted for a while
	Import   *lastImport // nil: there was none
	Surveyed surveyed
	GivenUp  []givenUp // endpoints, in the last days
}

// givenUp is an endpoint that the server switched off, as one line.
type givenUp struct {
	office.GivenUpEndpoint
	Said text
}

// Address is its page.
func (g givenUp) Address() string { return webhookAddress(g.ID) }

// givenUpDays is for how many days endpoints that were given up are named.
const givenUpDays = 7

// Backlog is how much waits to be delivered; counting ends at office.MostWaiting.
func (d dashboard) Backlog() string {
	n := grouped(min(d.Health.Waiting, office.MostWaiting))
	if d.Health.Waiting >= office.MostWaiting {
		return n + "+"
	}
	return n
}

// lastImport is the newest import, as one line.
type lastImport struct {
	office.Import
	Said text
	Bad  bool
}

// Address is its page.
func (i lastImport) Address() string { return importAddress(i.ID) }

// Percent is how much of it is applied, while it is.
func (i lastImport) Percent() string {
	if intake.State(i.State) != intake.Applying || i.Total == 0 {
		return ""
	}
	return strconv.FormatInt(i.Done*100/i.Total, 10) + "%"
}

// refusal is how often a result code was answered, today and a week ago up to the same hour.
type refusal struct {
	Code           string
	Today, WasThen int64
}

// behindAfter is how old the count of sales may be before it is called late.
const behindAfter = 3 * time.Minute

func (q *request) showDashboard() error {
	d, err := q.readDashboard()
	if err != nil {
		return err
	}
	return q.render(http.StatusOK, "dashboard", text{"현황", "Dashboard"}, d)
}

// dashboardPart renews a part of a page that is open.
func dashboardPart(part string) func(*request) error {
	return func(q *request) error {
		d, err := q.readDashboard()
		if err != nil {
			return err
		}
		return q.renderPart("dashboard", part, d)
	}
}

func (q *request) readDashboard() (d dashboard, err error) {
	d.At = q.now
	if err := q.readSales(&d); err != nil {
		return d, err
	}
	if d.Health, err = q.h.Store.Health(q.Context()); err != nil {
		return d, err
	}
	if d.Jobs, err = q.readJobs(); err != nil {
		return d, err
	}
	if last := d.Health.Import; last.ID != 0 {
		state := intake.State(last.State)
		d.Import = &lastImport{last, importStates[state], state == intake.Failed}
	}
	for _, e := range d.Health.GivenUp {
		if q.now.Sub(e.At) < givenUpDays*24*time.Hour {
			d.GivenUp = append(d.GivenUp, givenUp{e, offReasons[e.Reason]})
		}
	}
	d.Behind = !d.Health.Tallied.IsZero() && q.now.Sub(d.Health.Tallied) > behindAfter
	if d.Refusals, err = q.readRefusals(); err != nil {
		return d, err
	}
	d.Surveyed = q.h.survey.latest(q.h, q.now)
	return d, nil
}

func (q *request) readSales(d *dashboard) error {
	today := gift.DayOf(q.now)
	days, err := q.salesByDay(today)
	if err != nil {
		return err
	}
	hours, err := q.h.Store.SalesByHour(q.Context(), today-7)
	if err != nil {
		return err
	}
	d.Days = days
	d.Today, d.LastWeek = days[chartDays-1], days[chartDays-8]
	d.SoFar = upToHour(hours, int64(q.now.In(gift.Seoul).Hour()))
	return nil
}

// pastDays keeps the sales of days that are over: they hardly change, and take a row for each partner and day.
type pastDays struct {
	mu   sync.Mutex
	days []office.DaySales // guarded by mu: the days before today; never changed
	read time.Time         // guarded by mu
}

// pastEvery is how old they may be.
const pastEvery = time.Minute

// salesByDay returns the sales of the last chartDays; those of today, the last, as they are now.
func (q *request) salesByDay(today gift.Day) ([]office.DaySales, error) {
	past, err := q.h.past.before(q, today)
	if err != nil {
		return nil, err
	}
	now, err := q.h.Store.SalesByDay(q.Context(), today, today)
	return slices.Concat(past, now), err
}

func (p *pastDays) before(q *request, today gift.Day) ([]office.DaySales, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	age := q.now.Sub(p.read)
	if len(p.days) > 0 && p.days[0].Day == today-chartDays+1 && age >= 0 && age < pastEvery {
		return p.days, nil
	}
	days, err := q.h.Store.SalesByDay(q.Context(), today-chartDays+1, today-1)
	if err != nil {
		return nil, err
	}
	p.days, p.read = days, q.now
	return days, nil
}

// upToHour returns what had been bought by the end of an hour, as far as it was looked at; nil when nothing was noted by then.
func upToHour(hours []office.HourSales, hour int64) *office.DaySales {
	var last *office.DaySales
	for i := range hours {
		if hours[i].Hour <= hour {
			last = &hours[i].DaySales
		}
	}
	return last
}

// Compared is the day that today is compared with: last week's up to the same hour where that is known, or all of it.
func (d dashboard) Compared() office.DaySales {
	if d.SoFar != nil {
		return *d.SoFar
	}
	return d.LastWeek
}

// figure is a number beside what it was a week ago.
type figure struct {
	Name     text
	Now, Was gift.Won // won if Money, else a count
	Money    bool
	Hint     text
}

// Figures are the numbers at the top of the page.
func (d dashboard) Figures() []figure {
	was := d.Compared()
	return []figure{
		{Name: text{"판매액", "Sales"}, Now: d.Today.Spent, Was: was.Spent, Money: true, Hint: text{"매체사가 낸 금액", "paid by partners"}},
		{Name: text{"주문", "Orders"}, Now: gift.Won(d.Today.Orders), Was: gift.Won(was.Orders)},
		{Name: text{"팔린 상품권", "Vouchers sold"}, Now: gift.Won(d.Today.Items), Was: gift.Won(was.Items)},
		{
			Name: text{"할인액", "Discount"}, Now: d.Today.Discount(), Was: was.Discount(), Money: true,
			Hint: text{"액면가 − 판매가. 매입가는 보관하지 않아 이익은 아닙니다.", "face − paid. Cost prices are not kept: this is no profit."},
		},
	}
}

// Change is by how much a figure differs, such as "+12%"; empty where there was nothing to compare with.
func (f figure) Change() string {
	if f.Was <= 0 {
		return ""
	}
	percent := int64((f.Now - f.Was) * 100 / f.Was)
	if percent > 0 {
		return "+" + grouped(percent) + "%"
	}
	return grouped(percent) + "%"
}

// Less tells whether there is less than a week ago.
func (f figure) Less() bool { return f.Now < f.Was }

// refusalsShown is how many codes the page shows.
const refusalsShown = 10

func (q *request) readRefusals() ([]refusal, error) {
	today := gift.DayOf(q.now)
	now, err := q.h.Store.Refusals(q.Context(), today)
	if err != nil {
		return nil, err
	}
	was, err := q.h.Store.Refusals(q.Context(), today-7)
	return mostRefused(now, was, int64(q.now.In(gift.Seoul).Hour())), err
}

// mostRefused adds up the hours of two days, of the earlier one up to an hour, and returns the codes that were answered most.
func mostRefused(now, was []office.HourRefusals, hour int64) []refusal {
	byCode := map[string]*refusal{}
	of := func(code string) *refusal {
		if byCode[code] == nil {
			byCode[code] = &refusal{Code: code}
		}
		return byCode[code]
	}
	for _, r := range now {
		of(r.Code).Today += r.Calls
	}
	for _, r := range was {
		if r.Hour <= hour {
			of(r.Code).WasThen += r.Calls
		}
	}
	list := make([]refusal, 0, len(byCode))
	for _, r := range byCode {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b refusal) int {
		return cmp.Or(cmp.Compare(b.Today, a.Today), cmp.Compare(b.WasThen, a.WasThen), cmp.Compare(a.Code, b.Code))
	})
	return list[:min(len(list), refusalsShown)]
}

// charts is what the page draws. Hours are of the day so far; -1 stands for hours that were not looked at, and hours to come.
type charts struct {
	Days     []int64 `json:"days"` // the starts of days, in seconds since 1970
	Spent    []int64 `json:"spent"`
	Orders   []int64 `json:"orders"`
	Today    []int64 `json:"today"`    // won by the end of each of 24 hours
	LastWeek []int64 `json:"lastWeek"` // the same, a week ago
}

func (q *request) sendCharts() error {
	today := gift.DayOf(q.now)
	days, err := q.salesByDay(today)
	if err != nil {
		return err
	}
	var c charts
	for _, d := range days {
		c.Days = append(c.Days, d.Day.Start().Unix())
		c.Spent = append(c.Spent, int64(d.Spent))
		c.Orders = append(c.Orders, d.Orders)
	}
	if c.Today, err = q.curve(today); err != nil {
		return err
	}
	if c.LastWeek, err = q.curve(today - 7); err != nil {
		return err
	}
	hour := q.now.In(gift.Seoul).Hour()
	c.Today[hour] = int64(days[chartDays-1].Spent) // newer than what was noted
	q.w.Header().Set("Content-Type", "application/json")
	return ignoreGone(json.NewEncoder(q.w).Encode(c))
}

func (q *request) curve(day gift.Day) ([]int64, error) {
	hours, err := q.h.Store.SalesByHour(q.Context(), day)
	curve := make([]int64, 24)
	for i := range curve {
		curve[i] = -1
	}
	for _, h := range hours {
		curve[h.Hour] = int64(h.Spent)
	}
	return curve, err
}
