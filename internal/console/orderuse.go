package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// counterStore is what standing in for a shop's counter needs. Both changes are ErrChanged when somebody was first.
type counterStore interface {
	RedeemByOperator(ctx context.Context, n office.CounterChange) error
	UndoByOperator(ctx context.Context, n office.CounterChange) error
}

// counterForm uses a coupon for a seller, or undoes a use.
type counterForm struct {
	Choice      string // a line and a seller, or a redemption and its line
	Reason      string
	ChoiceError string
	ReasonError string
	Refused     string
}

// validate tells whether the form can be carried out, and says by each field what is wrong.
func (f *counterForm) validate(in func(text) string) bool {
	if f.Choice == "" {
		f.ChoiceError = in(text{"쿠폰을 고르십시오.", "Choose a coupon."})
	}
	switch n := utf8.RuneCountInString(f.Reason); {
	case n == 0:
		f.ReasonError = in(text{"사유를 적어 주십시오.", "Give a reason."})
	case n > maxReason:
		f.ReasonError = in(text{"사유는 200자까지입니다.", "A reason has 200 characters at most."})
	}
	return f.ChoiceError == "" && f.ReasonError == ""
}

// readCounterForm reads a form; its choice is two numbers with a point between them.
func (q *request) readCounterForm() (f counterForm, first, second int64) {
	f = counterForm{Choice: q.PostFormValue("choice"), Reason: strings.TrimSpace(q.PostFormValue("reason"))}
	a, b, _ := strings.Cut(f.Choice, ".")
	first, err := strconv.ParseInt(a, 10, 64)
	second, secondErr := strconv.ParseInt(b, 10, 64)
	if err != nil || secondErr != nil {
		f.Choice = ""
	}
	return f, first, second
}

// useCoupon uses a coupon in the name of a seller who could not.
func (q *request) useCoupon() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	o, err := q.findOrder()
	if err != nil {
		return err
	}
	f, line, seller := q.readCounterForm()
	if !f.validate(q.in) {
		p := q.orderPage(o, refundForm{})
		p.Use = f
		return q.renderOrder(http.StatusUnprocessableEntity, p)
	}
	err = q.h.Store.RedeemByOperator(q.Context(), office.CounterChange{
		OrderID: o.ID, Line: line, SellerID: seller, Reason: f.Reason, At: q.now,
	})
	return q.counterDone(o, err, text{"쿠폰을 사용 처리했습니다.", "The coupon is used."})
}

// undoCoupon makes a used coupon usable again.
func (q *request) undoCoupon() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	o, err := q.findOrder()
	if err != nil {
		return err
	}
	f, redemption, line := q.readCounterForm()
	if !f.validate(q.in) {
		p := q.orderPage(o, refundForm{})
		p.Undo = f
		return q.renderOrder(http.StatusUnprocessableEntity, p)
	}
	err = q.h.Store.UndoByOperator(q.Context(), office.CounterChange{
		OrderID: o.ID, Line: line, RedemptionID: gift.ID(redemption), Reason: f.Reason, At: q.now,
	})
	return q.counterDone(o, err, text{"사용을 취소했습니다. 쿠폰을 다시 사용할 수 있습니다.", "Undone: the coupon can be used again."})
}

func (q *request) counterDone(o office.Order, err error, said text) error {
	if errors.Is(err, office.ErrChanged) {
		now, err := q.findOrder()
		if err != nil {
			return err
		}
		p := q.orderPage(now, refundForm{})
		p.Use.Refused = q.in(text{
			"그 사이에 상태가 바뀌어 아무것도 하지 않았습니다. 아래 경과를 확인하십시오.",
			"It changed meanwhile, so nothing was done. See the timeline.",
		})
		return q.renderOrder(http.StatusConflict, p)
	}
	if err != nil {
		return err
	}
	return q.done(orderAddress(o.Ref()), said)
}

// counterChoices are the coupons that can be used, by whom, and those whose use can be undone.
func (q *request) counterChoices(o office.Order) (use, undo []selectable, err error) {
	if o.Kind != gift.StarCoupon {
		return nil, nil, nil
	}
	sellers := map[int64][]office.Listed[office.Seller]{}
	for _, i := range o.Items {
		if !i.Refundable() {
			continue
		}
		if _, known := sellers[i.Shop.ID]; !known {
			sellers[i.Shop.ID], err = q.h.Store.Managers().List(q.Context(), office.ItemQuery{Parent: i.Shop.ID, Limit: suggested})
			if err != nil {
				return nil, nil, err
			}
		}
		line := strconv.FormatInt(i.Line, 10)
		for _, s := range sellers[i.Shop.ID] {
			use = append(use, selectable{line + "." + strconv.FormatInt(s.Row.ID, 10), line + " · " + i.Shop.Name + " · " + s.Row.Name})
		}
	}
	for _, a := range standing(o.Counter) {
		line := strconv.FormatInt(a.Line, 10)
		undo = append(undo, selectable{
			strconv.FormatInt(int64(a.ID), 10) + "." + line, line + " · " + clockTime(a.At) + " · " + a.Shop + " " + a.Seller,
		})
	}
	return use, undo, nil
}

// standing are the uses that were not undone.
func standing(acts []office.CounterAct) (list []office.CounterAct) {
	undone := map[gift.ID]bool{}
	for _, a := range acts {
		undone[a.Undoes] = true
	}
	for _, a := range acts {
		if a.Undoes == 0 && !undone[a.ID] {
			list = append(list, a)
		}
	}
	return list
}
