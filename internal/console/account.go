package console

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"giftimbiz/internal/office"
)

type accountStore interface {
	// ChangeOperator signs the operator out everywhere but in the session to keep.
	ChangeOperator(ctx context.Context, action string, was, o office.Operator, keep []byte, now time.Time) error
	UseCode(ctx context.Context, operatorID, step int64) error
	SessionsOf(ctx context.Context, operatorID int64, now time.Time) ([]office.Session, error)
	EndSessions(ctx context.Context, o office.Operator, keep []byte, now time.Time) error
}

const accountAddress = Root + "/account"

// base32Secret is how secrets of second factors are written.
var base32Secret = base32.StdEncoding.WithPadding(base32.NoPadding)

// accountRoutes need no more than being signed in: they change the reader's own account only.
func accountRoutes() []route {
	return []route{
		{pattern: "GET " + accountAddress, needs: office.See, serve: (*request).showAccount},
		{pattern: "GET " + accountAddress + "/{form...}", needs: office.See, serve: backTo(accountAddress, "")},
		{pattern: "POST " + accountAddress + "/password", needs: office.See, serve: (*request).changePassword},
		{pattern: "GET " + accountAddress + "/second-factor", needs: office.See, serve: (*request).showSecondFactor},
		{pattern: "POST " + accountAddress + "/second-factor", needs: office.See, serve: (*request).turnSecondFactorOn},
		{pattern: "POST " + accountAddress + "/second-factor/off", needs: office.See, serve: (*request).turnSecondFactorOff},
		{pattern: "POST " + accountAddress + "/sessions/end", needs: office.See, serve: (*request).endOwnSession},
	}
}

// account is what its page shows.
type account struct {
	Sessions []ownSession
	Errors   map[string]string
}

type ownSession struct {
	office.Session
	This bool // the browser that asks
}

// leastPassword is how many letters a password that somebody chooses must have, mostPassword how many bytes it may.
const (
	leastPassword = 10
	mostPassword  = 1024
)

// passwordForm is what stands in the form.
type passwordForm struct{ Old, New, Again string }

func (f passwordForm) validate(o office.Operator) map[string]text {
	errs := map[string]text{}
	if why, ok := badPassword(f.New, o.Email); ok {
		errs["new"] = why
	}
	if f.New != f.Again {
		errs["again"] = text{"새 비밀번호와 다릅니다.", "This is not the new password."}
	}
	return errs
}

// badPassword says what is wrong with a password that was chosen, if anything.
func badPassword(password, email string) (why text, bad bool) {
	switch {
	case utf8.RuneCountInString(password) < leastPassword:
		return text{
			fmt.Sprintf("%d자 이상이어야 합니다.", leastPassword), fmt.Sprintf("It needs %d characters or more.", leastPassword),
		}, true
	case len(password) > mostPassword:
		return text{"너무 깁니다.", "It is too long."}, true
	case strings.EqualFold(password, email):
		return text{"이메일과 같을 수 없습니다.", "It must not be the e-mail address."}, true
	}
	return why, false
}

var accountTitle = text{"내 계정", "My account"}

func (q *request) showAccount() error { return q.renderAccount(http.StatusOK, nil) }

func (q *request) renderAccount(status int, errs map[string]string) error {
	list, err := q.h.Store.SessionsOf(q.Context(), q.operator.ID, q.now)
	if err != nil {
		return err
	}
	page := account{Errors: errs}
	for _, s := range list {
		page.Sessions = append(page.Sessions, ownSession{Session: s, This: bytes.Equal(s.ID, q.session.ID)})
	}
	return q.render(status, "account", accountTitle, page)
}

// ownPassword checks the reader's password before a change that a browser left open must not allow. It returns what is wrong.
func (q *request) ownPassword(password string) (*text, error) {
	if wait, err := q.try(q.operator.Email, q.throttled()); wait > 0 || err != nil {
		why := waitText(wait)
		return &why, err
	}
	right, err := q.h.Passwords.CheckCode(q.Context(), q.operator.PasswordHash, password)
	if err != nil {
		return nil, err
	}
	if !right {
		return &text{"비밀번호가 맞지 않습니다.", "The password is not right."}, q.wrong(q.operator, "password, signed in")
	}
	return nil, q.h.Store.SignInRight(q.Context(), q.operator.Email, q.throttled())
}

func (q *request) changePassword() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	form := passwordForm{Old: q.PostFormValue("old"), New: q.PostFormValue("new"), Again: q.PostFormValue("again")}
	errs := q.errorsOf(form.validate(q.operator))
	if len(errs) == 0 {
		why, err := q.ownPassword(form.Old)
		if err != nil {
			return err
		}
		if why != nil {
			errs = map[string]string{"old": why.in(q.lang)}
		}
	}
	if len(errs) > 0 {
		return q.renderAccount(http.StatusUnprocessableEntity, errs)
	}
	hash, err := q.h.Passwords.HashCode(form.New)
	if err != nil {
		return err
	}
	o := q.operator
	o.PasswordHash = hash
	if err := q.h.Store.ChangeOperator(q.Context(), "operator.password", q.operator, o, nil, q.now); err != nil {
		return err
	}
	o.Version++ // this browser goes on, under a new cookie; all others are signed out
	if err := q.startSession(o, 0); err != nil {
		return err
	}
	return q.done(accountAddress, text{
		"비밀번호를 바꾸었습니다. 다른 브라우저에서는 로그아웃했습니다.",
		"The password is changed. Your other browsers are signed out.",
	})
}

// errorsOf puts errors into the reader's language.
func (q *request) errorsOf(errs map[string]text) map[string]string {
	texts := make(map[string]string, len(errs))
	for field, why := range errs {
		texts[field] = why.in(q.lang)
	}
	return texts
}

// endOwnSession signs one of the reader's browsers out, or all others.
func (q *request) endOwnSession() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	if q.PostFormValue("session") == "others" {
		if err := q.h.Store.EndSessions(q.Context(), q.operator, q.session.ID, q.now); err != nil {
			return err
		}
		return q.done(accountAddress, text{"다른 브라우저에서 모두 로그아웃했습니다.", "All other browsers are signed out."})
	}
	id, err := hex.DecodeString(q.PostFormValue("session"))
	if err != nil {
		return office.ErrNotFound
	}
	if err := q.h.Store.EndSession(q.Context(), q.operator, id, q.now); err != nil {
		return err
	}
	return q.done(accountAddress, text{"그 브라우저에서 로그아웃했습니다.", "That browser is signed out."})
}
