package console

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// newPartnerForm opens a partner.
type newPartnerForm struct {
	Name, Title   string
	Sandbox       bool
	Window, Limit string
	Errors        fieldErrors
}

// fieldErrors says of fields, by their names, what is wrong with them.
type fieldErrors map[string]text

// Has is for templates: whether something is wrong with a field.
func (e fieldErrors) Has(field string) bool { return e[field] != text{} }

// In is for templates: what is wrong with a field, in the reader's language.
func (e fieldErrors) In(lang, field string) string {
	if lang == "en" {
		return e[field].en
	}
	return e[field].ko
}

func (f newPartnerForm) validate() (gift.Partner, fieldErrors) {
	errs := fieldErrors{}
	p := gift.Partner{Name: f.Name, Title: f.Title, State: gift.Active, Sandbox: f.Sandbox}
	if gift.CheckPartnerName(f.Name) != nil {
		errs["name"] = text{
			"영문자, 숫자, 마침표, 밑줄, 하이픈으로 64자까지 쓸 수 있습니다(점만으로 된 이름과 new는 쓸 수 없습니다).",
			"1 to 64 letters, digits, dots, underscores or hyphens (neither dots alone nor \"new\").",
		}
	}
	if p.Title == "" {
		p.Title = p.Name
	}
	checkTitle(p.Title, errs)
	p.DuplicateSec = checkNumber("window", f.Window, gift.MaxDuplicateSec, errs)
	p.DailyLimit = checkNumber("limit", f.Limit, gift.MaxDailyLimit, errs)
	return p, errs
}

func checkTitle(title string, errs fieldErrors) {
	if gift.CheckPartnerTitle(title) != nil {
		errs["title"] = text{
			fmt.Sprintf("한 줄로 %d자까지 쓸 수 있습니다.", gift.MaxPartnerTitle),
			fmt.Sprintf("One line of at most %d characters.", gift.MaxPartnerTitle),
		}
	}
}

// checkNumber reads a field that is a whole number up to a bound.
func checkNumber(field, typed string, most int64, errs fieldErrors) int64 {
	n, ok := wholeNumber(typed, most)
	if !ok {
		errs[field] = text{"0부터 " + grouped(most) + "까지의 정수여야 합니다.", "A whole number from 0 to " + grouped(most) + "."}
	}
	return n
}

var newPartnerTitle = text{"매체사 개설", "Open a partner"}

func (q *request) showNewPartner() error {
	return q.render(http.StatusOK, "newpartner", newPartnerTitle, newPartnerForm{
		Window: strconv.Itoa(gift.DefaultDuplicateSec), Limit: "0",
	})
}

// createPartner opens a partner. Its keys are in the answer and nowhere else, so nothing redirects.
func (q *request) createPartner() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	form := newPartnerForm{
		Name: strings.TrimSpace(q.PostFormValue("name")), Title: strings.TrimSpace(q.PostFormValue("title")),
		Sandbox: q.PostFormValue("sandbox") != "", Window: q.PostFormValue("window"), Limit: q.PostFormValue("limit"),
	}
	p, errs := form.validate()
	if form.Errors = errs; len(errs) > 0 {
		return q.render(http.StatusUnprocessableEntity, "newpartner", newPartnerTitle, form)
	}
	secrets, keys := q.h.Keys.NewKeys(p)
	_, err := q.h.Store.CreatePartner(q.Context(), p, keys, q.now)
	if errors.Is(err, office.ErrDuplicate) {
		form.Errors = fieldErrors{"name": text{"이미 있는 매체사 ID입니다.", "There is a partner with this ID already."}}
		return q.render(http.StatusUnprocessableEntity, "newpartner", newPartnerTitle, form)
	}
	if err != nil {
		return err
	}
	return q.showKeys(text{"매체사를 개설했습니다", "The partner is open"}, partnerKeysPage{Partner: p}, secrets)
}

// partnerKeysPage shows a partner's keys, once.
type partnerKeysPage struct {
	Partner   gift.Partner
	OlderEnd  time.Time // until when the keys before these work; zero: there are none
	Secrets   credential.Secrets
	Env, Curl string // to paste
}

func (q *request) showKeys(title text, page partnerKeysPage, s credential.Secrets) error {
	base := strings.TrimSuffix(q.h.PublicURL, "/")
	page.Secrets = s
	page.Env = fmt.Sprintf("BASE_URL=%s\nPARTNER_ID=%s\nPARTNERKEY=%s\nPARTNERTOKEN=%s\nREFRESH_TOKEN=%s\n",
		base, page.Partner.Name, s.PartnerKey, s.PartnerToken, s.RefreshToken)
	page.Curl = fmt.Sprintf("curl -s '%s/api/v1/common/getAccessToken' \\\n  -H 'x-refresh-token: %s' \\\n  -H 'Partnerkey: %s' "+
		"\\\n  -H 'Partnertoken: %s' \\\n  -d 'partner_id=%s'\n", base, s.RefreshToken, s.PartnerKey, s.PartnerToken, page.Partner.Name)
	return q.render(http.StatusOK, "partnerkeys", title, page)
}
