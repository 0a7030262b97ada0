package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

const (
	maxReference = 100 // characters
	maxNote      = 200
)

// topUpForm credits a partner's balance. Its reference works once, so that a form sent twice books once.
type topUpForm struct {
	Amount, Reference, Memo string
	Errors                  fieldErrors
}

func (f topUpForm) validate() (amount gift.Won, errs fieldErrors) {
	errs = fieldErrors{}
	amount = checkAmount(f.Amount, errs)
	checkLine("reference", f.Reference, maxReference, errs)
	if f.Memo != "" {
		checkLine("memo", f.Memo, maxNote, errs)
	}
	return amount, errs
}

func checkAmount(typed string, errs fieldErrors) gift.Won {
	n, ok := wholeNumber(typed, int64(gift.MaxDeposit))
	if !ok || n == 0 {
		most := grouped(int64(gift.MaxDeposit))
		errs["amount"] = text{"1부터 " + most + "까지의 금액이어야 합니다.", "An amount from 1 to " + most + "."}
	}
	return gift.Won(n)
}

// checkLine wants a line that is not empty.
func checkLine(field, typed string, most int, errs fieldErrors) {
	if typed == "" || utf8.RuneCountInString(typed) > most || strings.ContainsFunc(typed, unicode.IsControl) {
		n := strconv.Itoa(most)
		errs[field] = text{"한 줄로 1자부터 " + n + "자까지 쓰십시오.", "One line of 1 to " + n + " characters."}
	}
}

// newReference is a reference for a deposit that has none of the bank's.
func (q *request) newReference() string {
	return q.now.In(gift.Seoul).Format("20060102") + "-" + rand.Text()[:8]
}

func (q *request) topUp() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	page, err := q.partnerPage()
	if err != nil {
		return err
	}
	form := topUpForm{
		Amount: q.PostFormValue("amount"), Reference: strings.TrimSpace(q.PostFormValue("reference")),
		Memo: strings.TrimSpace(q.PostFormValue("memo")),
	}
	amount, errs := form.validate()
	if len(errs) == 0 {
		balance, err := q.h.Store.Deposit(q.Context(), page.Partner.Name, amount, form.Reference, form.Memo, q.now)
		switch {
		case errors.Is(err, office.ErrDuplicate):
			errs["reference"] = text{
				"이 참조번호로는 이미 충전했습니다. 이번에는 아무것도 하지 않았습니다.",
				"A deposit with this reference was booked before; nothing was booked now.",
			}
		case err != nil:
			return q.changeFault(err)
		default:
			return q.done(partnerAddress(page.Partner.Name), text{
				grouped(int64(amount)) + "원을 충전했습니다. 잔액 " + grouped(int64(balance)) + "원",
				"₩" + grouped(int64(amount)) + " came in. The balance is ₩" + grouped(int64(balance)) + ".",
			})
		}
	}
	form.Errors = errs
	page.TopUp = form
	return q.renderPartner(http.StatusUnprocessableEntity, page)
}

// adjustForm changes a partner's balance for a reason.
type adjustForm struct {
	Direction      string // "credit" or "debit"
	Amount, Reason string
	Request        string // of this form: it works once
	Errors         fieldErrors
}

func (f adjustForm) validate() (amount gift.Won, errs fieldErrors) {
	errs = fieldErrors{}
	amount = checkAmount(f.Amount, errs)
	checkLine("reason", f.Reason, maxNote, errs)
	switch f.Direction {
	case "credit":
	case "debit":
		amount = -amount
	default:
		errs["direction"] = text{"더할지 뺄지 고르십시오.", "Choose whether to add or to take away."}
	}
	return amount, errs
}

func (q *request) adjust() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	page, err := q.partnerPage()
	if err != nil {
		return err
	}
	form := adjustForm{
		Direction: q.PostFormValue("direction"), Amount: q.PostFormValue("amount"),
		Reason: strings.TrimSpace(q.PostFormValue("reason")), Request: q.PostFormValue("request"),
	}
	if form.Request == "" || len(form.Request) > maxReference {
		return failure{http.StatusBadRequest, text{"양식이 온전하지 않습니다.", "The form is not whole."}}
	}
	amount, errs := form.validate()
	if len(errs) == 0 {
		var short office.ShortError
		a, err := q.h.Store.Adjust(q.Context(), office.Adjustment{
			Partner: page.Partner.Name, Amount: amount, Reason: form.Reason, Request: form.Request,
		}, q.now)
		switch {
		case errors.As(err, &short):
			errs["amount"] = shortText(short)
		case err != nil:
			return q.adjustmentFault(err)
		default:
			return q.done(partnerAddress(page.Partner.Name), adjusted(a))
		}
	}
	form.Errors = errs
	page.Adjust = form
	return q.renderPartner(http.StatusUnprocessableEntity, page)
}

func adjusted(a office.Adjustment) text {
	if a.State == office.Waiting {
		return text{"조정을 요청했습니다. 다른 담당자가 승인하면 반영됩니다.", "Asked for. It is booked when a second person approves it."}
	}
	return text{"조정을 반영했습니다.", "The adjustment is booked."}
}

func shortText(short office.ShortError) text {
	n := grouped(int64(short.Balance))
	return text{"잔액이 " + n + "원뿐이어서 뺄 수 없습니다.", "The balance is only ₩" + n + "; so much cannot be taken away."}
}

// adjustmentFault says why an adjustment was neither booked nor asked for.
func (q *request) adjustmentFault(err error) error {
	var short office.ShortError
	switch {
	case errors.As(err, &short):
		return failure{http.StatusConflict, shortText(short)}
	case errors.Is(err, office.ErrOwnRequest):
		return failure{http.StatusConflict, text{
			"본인이 요청한 조정입니다. 다른 담당자가 승인해야 합니다.",
			"You asked for this adjustment yourself. Somebody else must approve it.",
		}}
	case errors.Is(err, office.ErrSentTwice):
		return failure{http.StatusConflict, text{
			"같은 양식이 이미 처리되었습니다. 한 번 더 조정하려면 매체사 페이지를 새로 여십시오.",
			"This form was sent before and works once. To adjust once more, open the partner's page anew.",
		}}
	}
	return q.changeFault(err)
}

// decideAdjustment approves or refuses what somebody asked for.
func (q *request) decideAdjustment() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return office.ErrNotFound
	}
	approve := q.PostFormValue("decision") == "approve"
	if !approve && q.PostFormValue("decision") != "refuse" {
		return failure{http.StatusBadRequest, text{"양식이 온전하지 않습니다.", "The form is not whole."}}
	}
	a, err := q.h.Store.DecideAdjustment(q.Context(), gift.ID(id), approve, q.now)
	if err != nil {
		return q.adjustmentFault(err)
	}
	if approve {
		return q.done(partnerAddress(a.Partner), text{"승인하여 반영했습니다.", "Approved and booked."})
	}
	return q.done(partnerAddress(a.Partner), text{"반려했습니다.", "Refused."})
}

// adjustmentRow is an adjustment on a page.
type adjustmentRow struct {
	office.Adjustment
	StateName, StateClass string
	Waits, Own            bool
	Address               string // where it is decided
}

func (q *request) adjustmentRows(list []office.Adjustment) []adjustmentRow {
	names := map[office.AdjustmentState]struct {
		name  text
		class string
	}{
		office.Waiting: {text{"승인 대기", "Waiting for approval"}, "warn"},
		office.Booked:  {text{"반영", "Booked"}, "good"},
		office.Refused: {text{"반려", "Refused"}, "bad"},
	}
	rows := make([]adjustmentRow, len(list))
	for i, a := range list {
		rows[i] = adjustmentRow{
			Adjustment: a, StateName: names[a.State].name.in(q.lang), StateClass: names[a.State].class,
			Waits: a.State == office.Waiting, Own: a.AskedBy.OperatorID == q.operator.ID,
			Address: partnerAddress(a.Partner) + "/adjustments/" + strconv.FormatInt(int64(a.ID), 10),
		}
	}
	return rows
}
