package console

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"giftimbiz/internal/office"
	"giftimbiz/internal/peer"
)

type signInStore interface {
	OperatorByEmail(ctx context.Context, email string) (office.Operator, error)
	Operator(ctx context.Context, id int64) (office.Operator, error)
	// StartSession fails with office.ErrChanged when the operator is not as it was read, or the code's step was used before.
	StartSession(ctx context.Context, s office.Session, former []byte, step int64) error
	Session(ctx context.Context, id []byte, now time.Time) (office.Session, error)
	SeeSession(ctx context.Context, id []byte, now, expires time.Time) error
	EndSession(ctx context.Context, o office.Operator, id []byte, now time.Time) error
	// TrySignIn counts a try before it is checked, unless it has to wait: then it returns for how long.
	TrySignIn(ctx context.Context, account, address string, now, forget time.Time, wait func(failures int64) time.Duration) (
		left time.Duration, err error)
	SignInRight(ctx context.Context, account, address string) error
	SignInWrong(ctx context.Context, o office.Operator, why string, now time.Time) error
}

func signInRoutes() []route {
	return []route{
		{pattern: "GET " + Root + "/sign-in", open: true, serve: (*request).showSignIn},
		{pattern: "POST " + Root + "/sign-in", open: true, serve: (*request).signIn},
		{pattern: "GET " + Root + "/sign-in/code", open: true, serve: backTo(Root+"/sign-in", "")},
		{pattern: "POST " + Root + "/sign-in/code", open: true, serve: (*request).signInWithCode},
		{pattern: "POST " + Root + "/sign-out", needs: office.See, serve: (*request).signOut},
	}
}

// After so many wrong passwords in a row from one address, or wrong codes for one account, each further try has to wait twice
// as long as the one before.
const (
	freeTries   = 5
	longestWait = 5 * time.Minute
)

// ForgetTries is after how long a try to sign in is forgotten.
const ForgetTries = 24 * time.Hour

// codeWithin is how long after the password the code may be given.
const codeWithin = 5 * time.Minute

// signInForm is what stands in the form.
type signInForm struct {
	Email, Password string
	Next            string // where to go then
	Error           string
}

// codeForm is what stands in the form of the second step.
type codeForm struct {
	Step  string // says that the password was right
	Code  string
	Next  string
	Error string
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
	if len(form.Email) > mostEmail || !strings.Contains(form.Email, "@") { // nobody has it: it may be the password
		form.Email = ""
	}
	account, err := q.countedAs(form.Email)
	if err != nil {
		return err
	}
	wait, err := q.try(account, q.throttled())
	if err != nil {
		return err
	}
	if wait > 0 {
		return q.refuseSignIn(form, http.StatusTooManyRequests, waitText(wait))
	}
	o, ok, err := q.checkPassword(form)
	if err == nil && !ok {
		err = q.wrong(o, "password")
	}
	if err != nil {
		return err
	}
	if !ok {
		return q.refuseSignIn(form, http.StatusUnprocessableEntity,
			text{"이메일이나 비밀번호가 맞지 않습니다.", "The e-mail address or the password is not right."})
	}
	if err := q.h.Store.SignInRight(q.Context(), form.Email, q.throttled()); err != nil {
		return err
	}
	if len(o.TOTP) > 0 {
		return q.render(http.StatusOK, "code", signInTitle, codeForm{Step: q.stepToken(o), Next: form.Next})
	}
	if err := q.startSession(o, 0); err != nil {
		return err
	}
	return q.redirect(ownAddress(form.Next))
}

// signInWithCode is the second step. Wrong codes are counted for the account, wherever they come from: only who knows its
// password comes here.
func (q *request) signInWithCode() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	form := codeForm{Step: q.PostFormValue("step"), Code: q.PostFormValue("code"), Next: q.PostFormValue("next")}
	o, err := q.stepOperator(form.Step)
	if errors.Is(err, office.ErrNotFound) {
		return q.refuseSignIn(signInForm{Next: form.Next}, http.StatusUnprocessableEntity,
			text{"시간이 지났습니다. 다시 로그인하십시오.", "That took too long. Sign in again."})
	}
	if err != nil {
		return err
	}
	status, why, err := q.giveCode(o, form.Code)
	if err != nil {
		return err
	}
	if status != 0 {
		form.Code, form.Error = "", why.in(q.lang)
		return q.render(status, "code", signInTitle, form)
	}
	return q.redirect(ownAddress(form.Next))
}

// giveCode signs an operator in with a code, or returns the status and the text to refuse it with.
func (q *request) giveCode(o office.Operator, code string) (status int, why text, err error) {
	counter := "code " + o.Email
	wait, err := q.try(o.Email, counter)
	if wait > 0 || err != nil {
		return http.StatusTooManyRequests, waitText(wait), err
	}
	step, ok, err := q.checkCode(o, code)
	if err != nil {
		return 0, why, err
	}
	if !ok {
		return http.StatusUnprocessableEntity, wrongCode, q.wrong(o, "code")
	}
	err = q.startSession(o, step)
	if errors.Is(err, office.ErrChanged) {
		return http.StatusUnprocessableEntity, usedCode, q.wrong(o, "code used before")
	}
	if err == nil {
		err = q.h.Store.SignInRight(q.Context(), o.Email, counter)
	}
	return 0, why, err
}

// stepKind keeps these tokens apart from other capabilities.
const stepKind = "console sign-in step"

// stepToken says that somebody gave an operator's password just now. It is worth nothing once the operator is changed.
func (q *request) stepToken(o office.Operator) string {
	data := binary.BigEndian.AppendUint64(nil, uint64(o.ID))
	data = binary.BigEndian.AppendUint64(data, uint64(o.Version))
	data = binary.BigEndian.AppendUint64(data, uint64(q.now.Add(codeWithin).UnixMilli()))
	return q.h.Passwords.Capability(stepKind, data)
}

// stepOperator returns whose password was given, or office.ErrNotFound.
func (q *request) stepOperator(token string) (office.Operator, error) {
	data, ok := q.h.Passwords.OpenCapability(stepKind, token)
	if !ok || len(data) != 24 || q.now.UnixMilli() > int64(binary.BigEndian.Uint64(data[16:])) {
		return office.Operator{}, office.ErrNotFound
	}
	o, err := q.h.Store.Operator(q.Context(), int64(binary.BigEndian.Uint64(data)))
	if err == nil && (o.Disabled || o.Version != int64(binary.BigEndian.Uint64(data[8:]))) {
		err = office.ErrNotFound
	}
	return o, err
}

// countedAs returns the account that tries are counted for. Of what is no operator's address only a keyed hash is stored: it may be a
// password that was typed into the wrong field.
func (q *request) countedAs(email string) (account string, err error) {
	if email == "" {
		return "", nil
	}
	_, err = q.h.Store.OperatorByEmail(q.Context(), email)
	if errors.Is(err, office.ErrNotFound) {
		return "unknown " + hex.EncodeToString(q.h.Passwords.Lookup("unknown operator", office.FoldEmail(email))), nil
	}
	return email, err
}

// try counts a try, or returns how long it has to wait.
func (q *request) try(account, address string) (time.Duration, error) {
	return q.h.Store.TrySignIn(q.Context(), account, address, q.now, q.now.Add(-ForgetTries), waitAfter)
}

// throttled is what tries are counted by, beside the account.
func (q *request) throttled() string { return peer.Place(q.h.Address(q.Request)) }

// checkPassword takes as long for an address that nobody has.
func (q *request) checkPassword(form signInForm) (office.Operator, bool, error) {
	o, err := q.h.Store.OperatorByEmail(q.Context(), form.Email)
	hash := o.PasswordHash
	if errors.Is(err, office.ErrNotFound) {
		hash, err = q.h.nobody, nil
	}
	if err != nil {
		return o, false, err
	}
	right, err := q.h.Passwords.CheckCode(q.Context(), hash, form.Password)
	return o, right && o.ID != 0 && !o.Disabled, err
}

// wrong writes down that a try failed. There are only as many lines as there are tries that need not wait.
func (q *request) wrong(o office.Operator, why string) error {
	return q.h.Store.SignInWrong(q.Context(), o, why, q.now)
}

func (q *request) refuseSignIn(form signInForm, status int, why text) error {
	form.Password, form.Error = "", why.in(q.lang)
	return q.render(status, "signin", signInTitle, form)
}

func waitText(wait time.Duration) text {
	return text{
		fmt.Sprintf("여러 번 틀렸습니다. %d초 뒤에 다시 시도하십시오.", seconds(wait)),
		fmt.Sprintf("That was wrong too often. Try again in %d s.", seconds(wait)),
	}
}

func waitAfter(failures int64) time.Duration {
	if failures < freeTries {
		return 0
	}
	return min(time.Second<<min(failures-freeTries, 20), longestWait)
}

// seconds rounds up.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// askToSignIn leads to where one signs in. A part of a page cannot be led elsewhere: the page is.
func (q *request) askToSignIn() {
	if q.Header.Get("HX-Request") == "" {
		_ = q.redirect(q.signInAddress())
		return
	}
	q.w.Header().Set("HX-Redirect", Root+"/sign-in")
	q.w.WriteHeader(http.StatusOK)
}

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
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, Root+"/") || strings.Contains(next, "\\") ||
		path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") { // it may lead out again
		return Root + "/"
	}
	return next
}
