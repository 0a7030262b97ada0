package console

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/peer"
)

// partnerPage shows a partner with the forms that change it.
type partnerPage struct {
	Partner     partnerRow
	Clock       time.Time // what a sandbox's own shows
	Tab         string
	Gone        bool // it has withdrawn
	Turns       []option
	StateError  string
	Edit        partnerForm
	Rotate      rotateForm
	TopUp       topUpForm
	Adjust      adjustForm
	Keys        []keyRow
	Adjustments []adjustmentRow
	Audit       string // where its changes stand
}

type keyRow struct {
	office.KeyGeneration
	Works bool
}

// partnerForm changes what is allowed to change.
type partnerForm struct {
	Title, Limit, Window, Low, Allowed string
	Version                            int64
	Errors                             fieldErrors
}

func partnerFormOf(p office.PartnerAccount) partnerForm {
	return partnerForm{
		Title: p.Title, Limit: strconv.FormatInt(p.DailyLimit, 10), Window: strconv.FormatInt(p.DuplicateSec, 10),
		Low:     strconv.FormatInt(int64(p.LowBalance), 10),
		Allowed: joinAllowed(p.AllowList, "\n"), Version: p.Version,
	}
}

// validate returns the form's values in a partner that has no others.
func (f partnerForm) validate() (gift.Partner, fieldErrors) {
	errs := fieldErrors{}
	p := gift.Partner{Title: f.Title}
	if p.Title == "" {
		errs["title"] = text{"이름을 쓰십시오.", "Write a name."}
	}
	checkTitle(p.Title, errs)
	p.DailyLimit = checkNumber("limit", f.Limit, gift.MaxDailyLimit, errs)
	p.DuplicateSec = checkNumber("window", f.Window, gift.MaxDuplicateSec, errs)
	p.LowBalance = gift.Won(checkNumber("low", f.Low, int64(gift.MaxLowBalance), errs))
	for word := range strings.FieldsFuncSeq(f.Allowed, func(r rune) bool { return r == ',' || r <= ' ' }) {
		prefix, err := peer.ParsePrefix(word)
		if err != nil {
			errs["allowed"] = text{
				"“" + word + "”은(는) IP 주소도 10.0.0.0/8 같은 대역도 아닙니다.",
				"“" + word + "” is neither an address nor a network such as 10.0.0.0/8.",
			}
			break
		}
		p.AllowList = append(p.AllowList, prefix)
	}
	if len(p.AllowList) > gift.MaxAllowedSources {
		errs["allowed"] = text{
			fmt.Sprintf("주소는 %d개까지 쓸 수 있습니다.", gift.MaxAllowedSources), fmt.Sprintf("At most %d of them.", gift.MaxAllowedSources),
		}
	}
	return p, errs
}

func joinAllowed(list []netip.Prefix, between string) string {
	words := make([]string, len(list))
	for i, prefix := range list {
		words[i] = prefix.String()
		if prefix.IsSingleIP() {
			words[i] = prefix.Addr().String()
		}
	}
	return strings.Join(words, between)
}

// rotateForm gives a partner new keys.
type rotateForm struct {
	Hours   string // that the present ones go on working
	Version int64
	Errors  fieldErrors
}

func (f rotateForm) validate() (grace time.Duration, errs fieldErrors) {
	errs = fieldErrors{}
	hours := checkNumber("hours", f.Hours, int64(credential.MaxGrace/time.Hour), errs)
	return time.Duration(hours) * time.Hour, errs
}

// turn is a change of a partner's state.
type turn struct {
	verb string
	name text
	to   func(gift.PartnerState) gift.PartnerState
	done text
}

var turns = []turn{
	{
		"suspend",
		text{"정지", "Suspend"},
		gift.PartnerState.Suspend,
		text{"정지했습니다. 모든 호출이 거절됩니다.", "Suspended: every call is refused."},
	},
	{"resume", text{"정지 해제", "Resume"}, gift.PartnerState.Resume, text{"정지를 풀었습니다.", "Resumed."}},
	{
		"blacklist",
		text{"블랙 처리", "Blacklist"},
		gift.PartnerState.Blacklist,
		text{"블랙 처리했습니다. 조회만 되고 구매는 거절됩니다.", "Blacklisted: it may look, but not buy."},
	},
	{"pardon", text{"블랙 해제", "Lift the blacklisting"}, gift.PartnerState.Pardon, text{"블랙을 풀었습니다.", "It may buy again."}},
	{
		"withdraw",
		text{"탈퇴", "Withdraw"},
		func(gift.PartnerState) gift.PartnerState { return gift.Withdrawn },
		text{"탈퇴 처리했습니다.", "Withdrawn for good."},
	},
}

// adjustmentsShown is how many of a partner's last adjustments its page shows.
const adjustmentsShown = 20

func (q *request) showPartner() error {
	page, err := q.partnerPage()
	if err != nil {
		return err
	}
	return q.renderPartner(http.StatusOK, page)
}

func (q *request) renderPartner(status int, page partnerPage) error {
	return q.render(status, "partner", text{page.Partner.Title, page.Partner.Title}, page)
}

// partnerPage reads the partner that the address names, and fills its forms.
func (q *request) partnerPage() (page partnerPage, err error) {
	p, err := q.h.Store.Partner(q.Context(), q.PathValue("name"))
	if err != nil {
		return page, err
	}
	keys, err := q.h.Store.KeyGenerations(q.Context(), p.ID)
	if err != nil {
		return page, err
	}
	adjustments, err := q.h.Store.Adjustments(q.Context(), p.ID, adjustmentsShown)
	if err != nil {
		return page, err
	}
	page = partnerPage{
		Partner: q.partnerRow(p), Clock: p.Now(q.now), Tab: "facts", Gone: p.State == gift.Withdrawn,
		Edit:        partnerFormOf(p),
		Rotate:      rotateForm{Hours: strconv.Itoa(int(credential.RotationGrace / time.Hour)), Version: p.Version},
		TopUp:       topUpForm{Reference: q.newReference()},
		Adjust:      adjustForm{Direction: "credit", Request: rand.Text()},
		Adjustments: q.adjustmentRows(adjustments),
		Audit:       Root + "/audit?subject=partner:" + p.Name,
	}
	for _, k := range keys {
		page.Keys = append(page.Keys, keyRow{k, k.ExpiresAt.IsZero() || q.now.Before(k.ExpiresAt)})
	}
	for _, t := range turns {
		if t.verb != "withdraw" && t.to(p.State) != p.State {
			page.Turns = append(page.Turns, option{Value: t.verb, Name: t.name.in(q.lang)})
		}
	}
	return page, nil
}

// changeFault says why a partner was not changed.
func (q *request) changeFault(err error) error {
	if errors.Is(err, gift.ErrWithdrawn) {
		return failure{http.StatusConflict, text{
			"탈퇴한 매체사는 바꿀 수 없습니다. 새 매체사를 개설하십시오.",
			"This partner has withdrawn for good; nothing of it can be changed. Open a new one.",
		}}
	}
	if errors.Is(err, credential.ErrTooMany) {
		n := strconv.Itoa(credential.MaxGenerations)
		return failure{http.StatusConflict, text{
			"쓸 수 있는 키가 이미 " + n + "벌입니다. 유예 시간을 0으로 교체하면 이전 키가 모두 끝납니다.",
			"There are " + n + " sets of keys that work. A rotation with 0 hours of grace ends them all.",
		}}
	}
	return err
}

func (q *request) editPartner() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	form := partnerForm{
		Title: strings.TrimSpace(q.PostFormValue("title")), Limit: q.PostFormValue("limit"), Window: q.PostFormValue("window"),
		Low:     cmp.Or(q.PostFormValue("low"), "0"),
		Allowed: q.PostFormValue("allowed"), Version: q.number("version"),
	}
	edited, errs := form.validate()
	if form.Errors = errs; len(errs) > 0 {
		page, err := q.partnerPage()
		if err != nil {
			return err
		}
		page.Edit = form
		return q.renderPartner(http.StatusUnprocessableEntity, page)
	}
	name := q.PathValue("name")
	_, err := q.h.Store.ChangePartner(q.Context(), name, form.version(), q.now, func(p *gift.Partner) error {
		p.Title, p.DailyLimit, p.DuplicateSec, p.AllowList = edited.Title, edited.DailyLimit, edited.DuplicateSec, edited.AllowList
		p.LowBalance = edited.LowBalance
		return p.StillHere()
	})
	if err != nil {
		return q.changeFault(err)
	}
	return q.done(partnerAddress(name), text{"저장했습니다. 1초 안에 적용됩니다.", "Saved. It is in force within a second."})
}

// version is never 0, which would stand for any.
func (f partnerForm) version() int64 { return sentVersion(f.Version) }

// sentVersion keeps a form without a version from being taken for one that fits any.
func sentVersion(sent int64) int64 {
	if sent == 0 {
		return -1
	}
	return sent
}

// turnPartner changes a partner's state.
func (q *request) turnPartner() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	name, verb := q.PathValue("name"), q.PostFormValue("verb")
	for _, t := range turns {
		if t.verb != verb {
			continue
		}
		if verb == "withdraw" && q.PostFormValue("sure") == "" {
			return q.askForSure()
		}
		_, err := q.h.Store.ChangePartner(q.Context(), name, sentVersion(q.number("version")), q.now, func(p *gift.Partner) error {
			if err := p.StillHere(); err != nil {
				return err
			}
			p.State = t.to(p.State)
			return nil
		})
		if err != nil {
			return q.changeFault(err)
		}
		return q.done(partnerAddress(name), t.done)
	}
	return failure{http.StatusBadRequest, text{"없는 상태입니다.", "There is no such state."}}
}

func (q *request) askForSure() error {
	page, err := q.partnerPage()
	if err != nil {
		return err
	}
	page.StateError = text{
		"탈퇴는 되돌릴 수 없습니다. 확인란에 표시하십시오.", "A withdrawal cannot be undone. Tick the box if it is meant.",
	}.in(q.lang)
	return q.renderPartner(http.StatusUnprocessableEntity, page)
}

// rotateKeys gives a partner new keys, which are in the answer and nowhere else.
func (q *request) rotateKeys() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	page, err := q.partnerPage()
	if err != nil {
		return err
	}
	form := rotateForm{Hours: q.PostFormValue("hours"), Version: q.number("version")}
	grace, errs := form.validate()
	if form.Errors = errs; len(errs) > 0 {
		page.Rotate = form
		return q.renderPartner(http.StatusUnprocessableEntity, page)
	}
	p := page.Partner.Partner
	secrets, keys := q.h.Keys.NewKeys(p)
	until := q.now.Add(grace)
	if err := q.h.Store.RotateKeys(q.Context(), p.ID, sentVersion(form.Version), keys, until); err != nil {
		return q.changeFault(err)
	}
	return q.showKeys(text{"키를 교체했습니다", "The keys are rotated"}, partnerKeysPage{Partner: p, OlderEnd: until}, secrets)
}
