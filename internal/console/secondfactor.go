package console

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"rsc.io/qr"

	"giftimbiz/internal/office"
)

// Codes are those that every authenticator app makes: six digits, another each half minute. Clocks may differ by one step.
const (
	codeStep   = 30 * time.Second
	stepsAside = 1
)

// offeredTOTPKind is what a secret is sealed as that is offered and not yet confirmed; an operator's own is one of
// office.SecondFactorKind.
const offeredTOTPKind = "operator's second factor, offered"

var (
	wrongCode = text{"코드가 맞지 않습니다.", "The code is not right."}
	usedCode  = text{"이미 쓴 코드입니다. 다음 코드를 넣으십시오.", "This code was used already. Give the next one."}
)

// checkCode tells whether a code is the operator's now, and of which step it is: a step's code must be used once only.
func (q *request) checkCode(o office.Operator, code string) (step int64, ok bool, err error) {
	secret, err := q.h.Passwords.OpenSecret(office.SecondFactorKind, o.ID, o.TOTP)
	if err != nil {
		return 0, false, err
	}
	return matchCode(secret, code, q.now)
}

func matchCode(secret, code string, now time.Time) (step int64, ok bool, err error) {
	code = strings.Join(strings.Fields(code), "")
	present := now.Unix() / int64(codeStep/time.Second)
	for at := present - stepsAside; at <= present+stepsAside; at++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(at), hotp.ValidateOpts{
			Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = at, true
		}
	}
	return step, ok, nil
}

// secondFactorForm turns a second factor on. The secret is kept in the form, sealed, until a code shows that it arrived.
type secondFactorForm struct {
	Offer    string
	Picture  template.URL // a QR code
	Secret   string       // for typing
	Password string
	Code     string
	Errors   map[string]string
}

func (q *request) showSecondFactor() error {
	if len(q.operator.TOTP) > 0 {
		return q.redirect(accountAddress)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: q.exchangeName(), AccountName: q.operator.Email})
	if err != nil {
		return err
	}
	return q.offerSecret(http.StatusOK, key.Secret(), secondFactorForm{})
}

// offerSecret shows the form with a secret.
func (q *request) offerSecret(status int, secret string, form secondFactorForm) error {
	sealed, err := q.h.Passwords.SealSecret(offeredTOTPKind, q.operator.ID, secret)
	if err != nil {
		return err
	}
	raw, err := base32Secret.DecodeString(secret)
	if err != nil {
		return err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: q.exchangeName(), AccountName: q.operator.Email, Secret: raw})
	if err != nil {
		return err
	}
	picture, err := qr.Encode(key.URL(), qr.M)
	if err != nil {
		return err
	}
	form.Offer = base64.RawURLEncoding.EncodeToString(sealed)
	form.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG()))
	form.Secret, form.Password, form.Code = inFours(secret), "", ""
	return q.render(status, "secondfactor", text{"2단계 인증 켜기", "Turn the second step on"}, form)
}

// inFours is how long texts are typed without getting lost.
func inFours(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (q *request) turnSecondFactorOn() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	form := secondFactorForm{Offer: q.PostFormValue("offer"), Password: q.PostFormValue("password"), Code: q.PostFormValue("code")}
	sealed, err := base64.RawURLEncoding.DecodeString(form.Offer)
	if err != nil {
		return q.redirect(accountAddress + "/second-factor")
	}
	secret, err := q.h.Passwords.OpenSecret(offeredTOTPKind, q.operator.ID, sealed)
	if err != nil { // not ours, or of a key that is gone
		return q.redirect(accountAddress + "/second-factor")
	}
	step, ok, err := matchCode(secret, form.Code, q.now)
	if err != nil {
		return err
	}
	if !ok {
		form.Errors = map[string]string{"code": wrongCode.in(q.lang)}
		return q.offerSecret(http.StatusUnprocessableEntity, secret, form)
	}
	if why, err := q.ownPassword(form.Password); err != nil || why != nil {
		if err == nil {
			form.Errors = map[string]string{"password": why.in(q.lang)}
			err = q.offerSecret(http.StatusUnprocessableEntity, secret, form)
		}
		return err
	}
	return q.keepSecret(secret, step)
}

// keepSecret makes a second factor the operator's. The code that confirmed it works nowhere else.
func (q *request) keepSecret(secret string, step int64) error {
	o := q.operator
	if len(o.TOTP) > 0 {
		return office.ErrChanged
	}
	var err error
	if o.TOTP, err = q.h.Passwords.SealSecret(office.SecondFactorKind, o.ID, secret); err != nil {
		return err
	}
	err = q.h.Store.ChangeOperator(q.Context(), "operator.second_factor_on", q.operator, o, q.session.ID, q.now)
	if err != nil {
		return err
	}
	if err := q.h.Store.UseCode(q.Context(), o.ID, step); err != nil && !errors.Is(err, office.ErrChanged) {
		return err
	}
	return q.done(accountAddress, text{
		"2단계 인증을 켰습니다. 다른 브라우저에서는 로그아웃했습니다.",
		"The second step is on. Your other browsers are signed out.",
	})
}

func (q *request) turnSecondFactorOff() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	why, err := q.ownPassword(q.PostFormValue("password"))
	if err != nil {
		return err
	}
	if why != nil {
		return q.renderAccount(http.StatusUnprocessableEntity, map[string]string{"off": why.in(q.lang)})
	}
	o := q.operator
	if len(o.TOTP) == 0 { // it is off
		return q.redirect(accountAddress)
	}
	o.TOTP = nil
	err = q.h.Store.ChangeOperator(q.Context(), "operator.second_factor_off", q.operator, o, q.session.ID, q.now)
	if err != nil {
		return err
	}
	return q.done(accountAddress, text{"2단계 인증을 껐습니다.", "The second step is off."})
}
