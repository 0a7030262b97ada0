package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

type partnerStore interface {
	FindPartners(ctx context.Context, q office.PartnerQuery) ([]office.PartnerAccount, error)
	Partner(ctx context.Context, name string) (office.PartnerAccount, error)
	KeyGenerations(ctx context.Context, partnerID int64) ([]office.KeyGeneration, error)
	CreatePartner(ctx context.Context, p gift.Partner, keys credential.Keys, now time.Time) (id int64, err error)
	// ChangePartner and RotateKeys return office.ErrChanged when the partner does not have the version any more.
	ChangePartner(ctx context.Context, name string, version int64, now time.Time, edit func(*gift.Partner) error) (gift.Partner, error)
	RotateKeys(ctx context.Context, partnerID, version int64, keys credential.Keys, graceEnd time.Time) error

	Deposit(ctx context.Context, partner string, amount gift.Won, reference, memo string, now time.Time) (gift.Won, error)
	Adjust(ctx context.Context, a office.Adjustment, now time.Time) (office.Adjustment, error)
	DecideAdjustment(ctx context.Context, id gift.ID, approve bool, now time.Time) (office.Adjustment, error)
	Adjustments(ctx context.Context, partnerID int64, limit int) ([]office.Adjustment, error)
	WaitingAdjustments(ctx context.Context, limit int) ([]office.Adjustment, error)

	Statement(ctx context.Context, q office.StatementQuery) (office.Statement, error)
	Calls(ctx context.Context, q office.CallQuery) ([]office.Call, error)
}

// KeyMaker makes partners' keys.
type KeyMaker interface {
	NewKeys(p gift.Partner) (credential.Secrets, credential.Keys)
}

const partnersAddress = Root + "/partners"

func partnerRoutes() []route {
	const one = partnersAddress + "/{name}"
	return []route{
		{pattern: "GET " + partnersAddress, needs: office.See, serve: (*request).showPartners},
		{pattern: "GET " + partnersAddress + "/new", needs: office.EditPartners, serve: (*request).showNewPartner},
		{pattern: "POST " + partnersAddress + "/new", needs: office.EditPartners, serve: (*request).createPartner},
		{pattern: "GET " + one, needs: office.See, serve: (*request).showPartner},
		{pattern: "POST " + one + "/edit", needs: office.EditPartners, serve: (*request).editPartner},
		{pattern: "POST " + one + "/state", needs: office.EditPartners, serve: (*request).turnPartner},
		{pattern: "POST " + one + "/keys", needs: office.EditPartners, serve: (*request).rotateKeys},
		{pattern: "POST " + one + "/topup", needs: office.MoveMoney, serve: (*request).topUp},
		{pattern: "POST " + one + "/adjust", needs: office.MoveMoney, serve: (*request).adjust},
		{pattern: "POST " + one + "/adjustments/{id}", needs: office.MoveMoney, serve: (*request).decideAdjustment},
		{pattern: "GET " + one + "/{form}", needs: office.See, serve: backTo(partnersAddress, "name")},
		{pattern: "GET " + one + "/adjustments/{id}", needs: office.See, serve: backTo(partnersAddress, "name")},
		{pattern: "GET " + one + "/statement", needs: office.See, serve: (*request).showStatement},
		{pattern: "GET " + one + "/calls", needs: office.See, serve: (*request).showCalls},
	}
}

func partnerAddress(name string) string { return partnersAddress + "/" + name }

// stateName is how a partner's state is called in addresses and on pages.
type stateName struct {
	state gift.PartnerState
	word  string
	name  text
	class string
}

var stateNames = []stateName{
	{gift.Active, "active", text{"정상", "Active"}, "good"},
	{gift.Suspended, "suspended", text{"정지", "Suspended"}, "bad"},
	{gift.Blacklisted, "blacklisted", text{"블랙", "Blacklisted"}, "warn"},
	{gift.SuspendedBlacklisted, "suspended-blacklisted", text{"정지·블랙", "Suspended, blacklisted"}, "bad"},
	{gift.Withdrawn, "withdrawn", text{"탈퇴", "Withdrawn"}, "bad"},
}

func nameOfState(s gift.PartnerState) stateName {
	i := slices.IndexFunc(stateNames, func(n stateName) bool { return n.state == s })
	if i < 0 {
		return stateName{state: s}
	}
	return stateNames[i]
}

// option is a choice in a form.
type option struct {
	Value, Name string
	Chosen      bool
}

// waitingShown is how many adjustments that wait for approval the list of partners names.
const waitingShown = 20

type partnersPage struct {
	Search, Below string
	BelowError    string
	States        []option
	LowBalance    string // "0": none is low
	Filtered      bool
	Rows          []partnerRow
	Waiting       []adjustmentRow
	MoreWait      bool // than are shown
	Pager         pager
}

// partnerRow is a partner in the list and at the head of its own pages.
type partnerRow struct {
	office.PartnerAccount
	StateName, StateClass string
}

func (q *request) partnerRow(p office.PartnerAccount) partnerRow {
	n := nameOfState(p.State)
	return partnerRow{p, n.name.in(q.lang), n.class}
}

func (q *request) showPartners() error {
	low, err := q.h.Store.Setting(q.Context(), office.LowBalance)
	if err != nil {
		return err
	}
	shown := partnersPage{
		Search: strings.TrimSpace(q.FormValue("search")), Below: strings.TrimSpace(q.FormValue("below")),
		LowBalance: strconv.FormatInt(int64(low.Won()), 10),
	}
	query := office.PartnerQuery{Search: shown.Search, After: q.FormValue("after"), Limit: pageSize + 1}
	state, err := q.choiceOf("state", partnerStateWords()...)
	if err != nil {
		return err
	}
	for _, n := range stateNames {
		chosen := state == n.word
		if chosen {
			query.State = n.state
		}
		shown.States = append(shown.States, option{n.word, n.name.in(q.lang), chosen})
	}
	below, ok := wholeNumber(shown.Below, int64(gift.MaxDeposit))
	if shown.Below != "" && (!ok || below == 0) { // no balance is below zero
		shown.BelowError = text{"1 이상의 금액을 숫자로 쓰십시오.", "Write an amount of 1 or more in digits."}.in(q.lang)
	}
	query.Below = gift.Won(below)
	shown.Filtered = shown.Search != "" || query.State != 0 || shown.Below != ""
	if f, ok := q.exporting(shown.BelowError); ok {
		return q.export(f, "partners", partnerColumns, func(row func(...any) error) error { return q.exportPartners(query, row) })
	}
	return q.renderPartners(shown, query)
}

func (q *request) renderPartners(shown partnersPage, query office.PartnerQuery) error {
	waiting, err := q.h.Store.WaitingAdjustments(q.Context(), waitingShown+1)
	if err != nil {
		return err
	}
	shown.MoreWait = len(waiting) > waitingShown
	shown.Waiting = q.adjustmentRows(waiting[:min(len(waiting), waitingShown)])
	if shown.BelowError != "" {
		return q.render(http.StatusUnprocessableEntity, "partners", partnersTitle, shown)
	}
	found, err := q.h.Store.FindPartners(q.Context(), query)
	if err != nil {
		return err
	}
	found, more := page(found)
	for _, p := range found {
		shown.Rows = append(shown.Rows, q.partnerRow(p))
	}
	shown.Pager = q.pager(false, 0)
	if more {
		shown.Pager.Next = q.with("after", found[len(found)-1].Name)
	}
	return q.render(http.StatusOK, "partners", partnersTitle, shown)
}

var partnersTitle = text{"매체사", "Partners"}

var partnerColumns = []text{
	{"매체사 ID", "Partner ID"},
	{"이름", "Name"},
	{"구분", "Mode"},
	{"상태", "State"},
	{"잔액", "Balance"},
	{"일일 한도", "Daily limit"},
	{"중복 방지(초)", "Duplicate window (s)"},
	{"잔액 알림", "Warn below"},
	{"허용 주소", "Allowed from"},
	{"개설", "Opened"},
}

func (q *request) exportPartners(query office.PartnerQuery, row func(...any) error) error {
	query.After, query.Limit = "", exportedAtOnce
	for {
		found, err := q.h.Store.FindPartners(q.Context(), query)
		if err != nil {
			return err
		}
		for _, p := range found {
			err := row(p.Name, p.Title, modeOf(p.Partner).in(q.lang), nameOfState(p.State).name.in(q.lang), int64(p.Balance),
				p.DailyLimit, p.DuplicateSec, int64(p.LowBalance), joinAllowed(p.AllowList, " "), seoulTime(p.CreatedAt))
			if err != nil {
				return err
			}
		}
		if len(found) < exportedAtOnce {
			return nil
		}
		query.After = found[len(found)-1].Name
	}
}

func modeOf(p gift.Partner) text {
	if p.Sandbox {
		return text{"샌드박스", "Sandbox"}
	}
	return text{"실거래", "Live"}
}

// seoulTime writes a time as files have it.
func seoulTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(gift.Seoul).Format(time.DateTime)
}

// wholeNumber reads digits, with or without commas, up to a number.
func wholeNumber(typed string, most int64) (n int64, ok bool) {
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(typed), ",", ""), 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, false
	}
	return n, true
}
