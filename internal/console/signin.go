package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"giftimbiz/internal/office"
)

type signInStore interface {
	OperatorByEmail(ctx context.Context, email string) (office.Operator, error)
	StartSession(ctx context.Context, s office.Session) error
	Session(ctx context.Context, id []byte, now time.Time) (office.Session, error)
	SeeSession(ctx context.Context, id []byte, now, expires time.Time) error
	EndSession(ctx context.Context, id []byte) error
	SignInFailures(ctx context.Context, email, address string) (failures int64, last time.Time, err error)
	SignInFailed(ctx context.Context, email, address string, now, forget time.Time) error
	SignedIn(ctx context.Context, email, address string) error
}

// After so many wrong passwords in a row from one address, each further try has to wait twice as long as the one before.
const (
	freeTries   = 5
	longestWait = 5 * time.Minute
	forgetTries = 24 * time.Hour
)

// signInForm is what stands in the form.
type signInForm struct {
	Email, Password string
	Next            string // where to go then
	Error           string
}

var signInTitle = text{"로그인", "Sign in"}

func (q *request) showSignIn() error {
	next := q.FormValue("next")
	if q.operator.ID != 0 {
		return q.redirect(ownAddress(next))
	}
	return q.render(http.StatusOK, "signin", signInTitle, signInForm{Next: next})
}

func (q *request) signIn() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	form := signInForm{
		Email: strings.TrimSpace(q.PostFormValue("email")), Password: q.PostFormValue("password"), Next: q.PostFormValue("next"),
	}
	address := q.h.Address(q.Request)
	failures, last, err := q.h.Store.SignInFailures(q.Context(), form.Email, address)
	if err != nil {
		return err
	}
	if wait := waitAfter(failures) - q.now.Sub(last); wait > 0 {
		return q.refuseSignIn(form, http.StatusTooManyRequests, text{
			fmt.Sprintf("여러 번 틀렸습니다. %d초 뒤에 다시 시도하십시오.", seconds(wait)),
			fmt.Sprintf("Too many wrong passwords. Try again in %d s.", seconds(wait)),
		})
	}
	o, ok, err := q.checkPassword(form)
	if err != nil {
		return err
	}
	if !ok {
		if err := q.h.Store.SignInFailed(q.Context(), form.Email, address, q.now, q.now.Add(-forgetTries)); err != nil {
			return err
		}
		return q.refuseSignIn(form, http.StatusUnprocessableEntity,
			text{"이메일이나 비밀번호가 맞지 않습니다.", "The e-mail address or the password is not right."})
	}
	if err := q.h.Store.SignedIn(q.Context(), form.Email, address); err != nil {
		return err
	}
	if err := q.startSession(o); err != nil {
		return err
	}
	return q.redirect(ownAddress(form.Next))
}

// checkPassword takes as long for an address that nobody has.
func (q *request) checkPassword(form signInForm) (office.Operator, bool, error) {
	o, err := q.h.Store.OperatorByEmail(q.Context(), form.Email)
	hash := o.PasswordHash
	if errors.Is(err, office.ErrNotFound) {
		hash, err = q.h.Passwords.HashCode("nobody's")
	}
	if err != nil {
		return o, false, err
	}
	right, err := q.h.Passwords.CheckCode(q.Context(), hash, form.Password)
	return o, right && o.ID != 0 && !o.Disabled, err
}

func (q *request) refuseSignIn(form signInForm, status int, why text) error {
	form.Password, form.Error = "", why.in(q.lang)
	return q.render(status, "signin", signInTitle, form)
}

func waitAfter(failures int64) time.Duration {
	if failures < freeTries {
		return 0
	}
	return min(time.Second<<min(failures-freeTries, 20), longestWait)
}

// seconds rounds up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// signInAddress is where one signs in to come back to the page that was asked for.
func (q *request) signInAddress() string {
	if q.Method != http.MethodGet || q.URL.Path == Root+"/" {
		return Root + "/sign-in"
	}
	return Root + "/sign-in?next=" + url.QueryEscape(q.URL.RequestURI())
}

// ownAddress is next, if that is an address of the console, or else the console's first page.
func ownAddress(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, Root+"/") || strings.Contains(next, "\\") {
		return Root + "/"
	}
	return next
}
