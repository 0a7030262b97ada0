package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// shownFor is how long a revealed number stands on the screen.
const shownFor = time.Minute

// orderPage is one order.
type orderPage struct {
	office.Order
	Address    string
	Lines      []orderLine
	Refundable gift.Won // what all items that can be refunded cost
	Left       int64    // how many those are
	Events     []orderEvent
	Form       refundForm
	Use, Undo  counterForm
	UseOf      []selectable // coupons to use, by whom
	UndoOf     []selectable // uses to undo
	Revealed   bool         // a number is shown
}

// orderLine is an item as the page shows it.
type orderLine struct {
	office.OrderItem
	Status  gift.ItemState
	Number  string // shown: a sandbox item's, or one that was asked for
	Hidden  bool   // there is a number, which may be asked for
	Tail    string // its last characters, where those were searched for
	Checked bool   // chosen in the form
}

// orderEvent is something that happened to the order.
type orderEvent struct {
	At   time.Time
	What string
	Who  string
	Note string
}

// refundForm asks for a refund.
type refundForm struct {
	Lines   []int64
	Reason  string
	Confirm bool
	Bad     bool // they cannot be used

	LinesError, ReasonError, ConfirmError string
	Refused                               string // why the store did not do it
}

// maxReason bounds a reason, in characters.
const maxReason = 200

// validate tells whether the form can be carried out, and says by each field what is wrong.
func (f *refundForm) validate(in func(text) string) bool {
	if len(f.Lines) == 0 {
		f.LinesError = in(text{"환불할 항목을 고르십시오.", "Choose what to refund."})
	}
	switch n := utf8.RuneCountInString(f.Reason); {
	case n == 0:
		f.ReasonError = in(text{"사유를 적어 주십시오.", "Give a reason."})
	case n > maxReason:
		f.ReasonError = in(text{"사유는 200자까지입니다.", "A reason has 200 characters at most."})
	}
	if !f.Confirm {
		f.ConfirmError = in(text{"확인란에 표시해 주십시오.", "Tick the box to confirm."})
	}
	return f.LinesError == "" && f.ReasonError == "" && f.ConfirmError == ""
}

func (q *request) showOrder() error {
	o, err := q.findOrder()
	if err != nil {
		return err
	}
	return q.renderOrder(http.StatusOK, q.orderPage(o, refundForm{}))
}

// findOrder returns the order that the address names.
func (q *request) findOrder() (office.Order, error) {
	id, sandbox, err := gift.ParseRef(q.PathValue("tid"))
	if err != nil {
		return office.Order{}, office.ErrNotFound
	}
	o, err := q.h.Store.Order(q.Context(), id)
	if err == nil && o.Sandbox != sandbox {
		err = office.ErrNotFound
	}
	return o, err
}

func (q *request) refundOrder() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	o, err := q.findOrder()
	if err != nil {
		return err
	}
	form := refundForm{
		Lines: numbersOf(q.PostForm["line"]), Reason: strings.TrimSpace(q.PostFormValue("reason")),
		Confirm: q.PostFormValue("confirm") != "", Bad: q.PostFormValue("bad") != "",
	}
	if q.PostFormValue("all") != "" { // all that the page showed, and nothing else
		form.Lines = numbersOf(q.PostForm["shown"])
	}
	if !form.validate(q.in) {
		return q.renderOrder(http.StatusUnprocessableEntity, q.orderPage(o, form))
	}
	done, err := q.h.Store.Refund(q.Context(), office.NewRefund{
		OrderID: o.ID, Lines: form.Lines, Reason: form.Reason, Bad: form.Bad, At: q.now,
	})
	var not *office.NotRefundable
	switch {
	case errors.As(err, &not):
		return q.refuseRefund(form, not)
	case err != nil:
		return err
	}
	return q.done(orderAddress(o.Ref()), refunded(done, o.Sandbox))
}

// refuseRefund shows the order as it is now, and why nothing was refunded.
func (q *request) refuseRefund(form refundForm, not *office.NotRefundable) error {
	o, err := q.findOrder()
	if err != nil {
		return err
	}
	why := text{
		fmt.Sprintf("%d번 항목은 %s에 이미 환불되었습니다. 아무것도 환불하지 않았습니다.", not.Line, clockTime(not.CancelledAt)),
		fmt.Sprintf("Item %d was refunded already, at %s. Nothing was refunded now.", not.Line, clockTime(not.CancelledAt)),
	}
	if !not.UsedAt.IsZero() {
		why = text{
			fmt.Sprintf("%d번 쿠폰은 %s에 사용되어 환불할 수 없습니다. 아무것도 환불하지 않았습니다.", not.Line, clockTime(not.UsedAt)),
			fmt.Sprintf("Coupon %d was used at %s and cannot be refunded. Nothing was refunded.", not.Line, clockTime(not.UsedAt)),
		}
	}
	form.Refused, form.Confirm = q.in(why), false
	return q.renderOrder(http.StatusConflict, q.orderPage(o, form))
}

func refunded(r office.OrderRefund, sandbox bool) text {
	n, amount := len(r.Lines), grouped(int64(r.Amount))
	if sandbox {
		return text{
			fmt.Sprintf("테스트 주문 %d건을 취소했습니다. 돈은 움직이지 않았습니다.", n),
			fmt.Sprintf("Cancelled items of the sandbox order: %d. No money moved.", n),
		}
	}
	return text{
		fmt.Sprintf("%d건, %s원을 환불했습니다.", n, amount),
		fmt.Sprintf("Refunded ₩%s (items: %d).", amount, n),
	}
}

// revealNumber shows a voucher's number for a minute. Where JavaScript is off, too, the browser goes back by itself: a
// header says so, since a page that tells its reader's browser to reload is read badly by screen readers.
func (q *request) revealNumber() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	o, err := q.findOrder()
	if err != nil {
		return err
	}
	line, _ := strconv.ParseInt(q.PostFormValue("line"), 10, 64) // 0 is none
	unit, sealed, err := q.h.Store.RevealNumber(q.Context(), o.ID, line, q.now)
	if err != nil {
		return err
	}
	number, err := q.h.Numbers.Open(unit, sealed)
	if err != nil {
		return err
	}
	if o, err = q.findOrder(); err != nil { // with this look in its timeline
		return err
	}
	p := q.orderPage(o, refundForm{})
	for i := range p.Lines {
		if p.Lines[i].Line == line {
			p.Lines[i].Number, p.Lines[i].Hidden, p.Revealed = number, false, true
		}
	}
	q.w.Header().Set("Refresh", fmt.Sprintf("%d; url=%s", int(shownFor.Seconds()), orderAddress(o.Ref())))
	return q.renderOrder(http.StatusOK, p)
}

func (q *request) renderOrder(status int, p orderPage) (err error) {
	if p.UseOf, p.UndoOf, err = q.counterChoices(p.Order); err != nil {
		return err
	}
	ref := string(p.Ref())
	return q.render(status, "order", text{"주문 " + ref, "Order " + ref}, p)
}

// in returns a text in the reader's language.
func (q *request) in(t text) string { return t.in(q.lang) }

func (q *request) orderPage(o office.Order, form refundForm) orderPage {
	p := orderPage{Order: o, Address: orderAddress(o.Ref()), Form: form}
	tail := q.tailOf(q.URL.Query().Get("q"))
	for _, item := range o.Items {
		l := orderLine{OrderItem: item, Status: item.State(item.Today(q.now)), Checked: slices.Contains(form.Lines, item.Line)}
		switch {
		case o.Kind != gift.Gifticon:
		case o.Sandbox:
			l.Number = item.TestNumber()
		default:
			l.Hidden = true
			if tail != nil && bytes.Equal(tail, item.TailHash) {
				l.Tail = q.FormValue("q")
			}
		}
		if item.Refundable() {
			p.Refundable += item.Paid
			p.Left++
		}
		p.Lines = append(p.Lines, l)
	}
	p.Events = q.orderEvents(o)
	return p
}

// orderEvents tells the order's life, the oldest first.
func (q *request) orderEvents(o office.Order) []orderEvent {
	bought := orderEvent{At: o.At, What: q.in(text{"구매", "Bought"}), Who: o.Partner}
	var notes []string
	if o.Reference != "" {
		notes = append(notes, q.in(text{"참조번호 ", "reference "})+o.Reference)
	}
	if o.Keyed {
		notes = append(notes, q.in(text{"Idempotency-Key 사용", "with an Idempotency-Key"}))
	}
	bought.Note = strings.Join(notes, ", ")
	events := []orderEvent{bought}
	for _, a := range o.Counter {
		what := text{"사용", "Used"}
		if a.Undoes != 0 {
			what = text{"사용 취소", "Use undone"}
		}
		events = append(events, orderEvent{
			At: a.At, What: q.numbered(what, a.Line), Who: strings.TrimSpace(a.Shop + " " + a.Seller),
			Note: joined(q.viaName(a.Via), a.Actor, a.Reason),
		})
	}
	for _, r := range o.Refunds {
		events = append(events, orderEvent{
			At: r.At, What: q.numbered(text{"환불", "Refunded"}, r.Lines...), Who: r.Actor, Note: won(r.Amount, q.lang) + " · " + r.Reason,
		})
	}
	for _, e := range o.Trail {
		if what, ok := looks[e.Action]; ok {
			events = append(events, orderEvent{
				At: e.At, What: q.numbered(what, lineOf(e.After)), Who: e.Actor.Name, Note: e.Actor.Address,
			})
		}
	}
	slices.SortStableFunc(events, func(a, b orderEvent) int { return a.At.Compare(b.At) })
	return events
}

// joined writes what there is of some texts in a row.
func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " · ")
}

// looks are what the audit trail tells of an order's life that nothing else does.
var looks = map[string]text{
	"voucher.reveal": {"번호 열람", "Number shown"}, "voucher.link": {"새 링크", "New link"},
}

// numbered says of which items something is: "환불 1, 2번".
func (q *request) numbered(what text, lines ...int64) string {
	texts := make([]string, len(lines))
	for i, line := range lines {
		texts[i] = strconv.FormatInt(line, 10)
	}
	list := strings.Join(texts, ", ")
	return q.in(text{what.ko + ": " + list + "번", what.en + ": item " + list})
}

// lineOf reads which line a look at a number, or a new link, was about.
func lineOf(after string) int64 {
	var state struct{ Line int64 }
	_ = json.Unmarshal([]byte(after), &state) // line 0 says that it is not known
	return state.Line
}

func numbersOf(texts []string) []int64 {
	var list []int64
	for _, s := range texts {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, cmp.Compare[int64])
	return slices.Compact(list)
}

func clockTime(t time.Time) string { return t.In(gift.Seoul).Format(time.DateTime) }
