package console

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

type operatorStore interface {
	// Operators returns those whose e-mail addresses come after one, in their order, limit at most.
	Operators(ctx context.Context, now time.Time, after string, limit int) ([]office.OperatorRow, error)
	AddOperator(ctx context.Context, o office.Operator, now time.Time) (id int64, err error)
}

const operatorsAddress = Root + "/operators"

func operatorRoutes() []route {
	one := operatorsAddress + "/{id}"
	return []route{
		{pattern: "GET " + operatorsAddress, needs: office.Manage, serve: (*request).showOperators},
		{pattern: "POST " + operatorsAddress, needs: office.Manage, serve: (*request).addOperator},
		{pattern: "GET " + one, needs: office.Manage, serve: (*request).showOperator},
		{pattern: "GET " + one + "/{form}", needs: office.Manage, serve: backTo(operatorsAddress, "id")},
		{pattern: "POST " + one, needs: office.Manage, serve: (*request).editOperator},
		{pattern: "POST " + one + "/password", needs: office.Manage, serve: (*request).resetPassword},
		{pattern: "POST " + one + "/state", needs: office.Manage, serve: (*request).changeOperatorState},
	}
}

var roleNames = map[office.Role]text{
	office.Viewer:  {"조회", "Viewer"},
	office.Clerk:   {"운영", "Operator"},
	office.Finance: {"재무", "Finance"},
	office.Admin:   {"관리자", "Admin"},
}

const (
	mostEmail = 254 // letters; no mail arrives at longer ones
	mostName  = 60
)

// operatorForm is what stands in the forms that add and change an operator.
type operatorForm struct {
	Email, Name string
	Role        office.Role
	Password    string // empty: one is made up
	Version     int64
	Errors      map[string]string
}

func (f operatorForm) validate(adding bool) map[string]text {
	errs := map[string]text{}
	if at, err := mail.ParseAddress(f.Email); adding && (err != nil || at.Address != f.Email || len(f.Email) > mostEmail) {
		errs["email"] = text{"name@example.com과 같은 이메일 주소여야 합니다.", "It must be an e-mail address such as name@example.com."}
	}
	if utf8.RuneCountInString(f.Name) > mostName {
		errs["name"] = text{"60자까지 쓸 수 있습니다.", "At most 60 characters."}
	}
	if !f.Role.Valid() {
		errs["role"] = text{"역할을 고르십시오.", "Choose a role."}
	}
	if why, bad := badPassword(f.Password, f.Email); adding && f.Password != "" && bad {
		errs["password"] = why
	}
	return errs
}

// readOperatorForm reads what was sent.
func (q *request) readOperatorForm() (f operatorForm, err error) {
	if err := q.parseForm(); err != nil {
		return f, err
	}
	return operatorForm{
		Email: office.FoldEmail(q.PostFormValue("email")), Name: strings.TrimSpace(q.PostFormValue("name")),
		Role: office.Role(q.PostFormValue("role")), Password: q.PostFormValue("password"), Version: q.number("version"),
	}, nil
}

var operatorHeader = []text{
	{"이메일", "E-mail"},
	{"이름", "Name"},
	{"역할", "Role"},
	{"상태", "State"},
	{"2단계 인증", "Second step"},
	{"추가한 날", "Added"},
	{"로그인한 브라우저", "Browsers signed in"},
}

func (q *request) eachOperator(row func(...any) error) error {
	for after := ""; ; {
		list, err := q.h.Store.Operators(q.Context(), q.now, after, exportedAtOnce)
		if err != nil {
			return err
		}
		for i := range list {
			if err := row(q.operatorCells(&list[i])...); err != nil {
				return err
			}
			after = list[i].Email
		}
		if len(list) < exportedAtOnce {
			return nil
		}
	}
}

func (q *request) operatorCells(o *office.OperatorRow) []any {
	state, second := text{"사용 중", "Active"}, text{"꺼짐", "Off"}
	if o.Disabled {
		state = text{"중지", "Disabled"}
	}
	if len(o.TOTP) > 0 {
		second = text{"켜짐", "On"}
	}
	return []any{
		o.Email, o.Name, roleNames[o.Role].in(q.lang), state.in(q.lang), second.in(q.lang), gift.DayOf(o.CreatedAt).String(), o.Sessions,
	}
}

// operatorsPage lists operators.
type operatorsPage struct {
	Pager pager
	Rows  []office.OperatorRow
	Form  operatorForm
	Roles []office.Role
}

var operatorsTitle = text{"담당자", "Operators"}

func (q *request) showOperators() error {
	if f, ok := q.exporting(); ok {
		return q.export(f, "operators", operatorHeader, q.eachOperator)
	}
	return q.renderOperators(http.StatusOK, operatorForm{Role: office.Viewer})
}

func (q *request) renderOperators(status int, form operatorForm) error {
	rows, err := q.h.Store.Operators(q.Context(), q.now, q.FormValue("after"), pageSize+1)
	if err != nil {
		return err
	}
	rows, more := page(rows)
	form.Password = ""
	p := operatorsPage{Pager: q.pager(false, 0), Rows: rows, Form: form, Roles: office.Roles()}
	if more {
		p.Pager.Next = q.with("after", rows[len(rows)-1].Email)
	}
	return q.render(status, "operators", operatorsTitle, p)
}

// password is shown once, to hand it over.
type passwordPage struct {
	Operator office.Operator
	Password string
	Made     bool // made up here: it stands nowhere else
	New      bool // the operator is new
}

func (q *request) addOperator() error {
	form, err := q.readOperatorForm()
	if err != nil {
		return err
	}
	form.Errors = q.errorsOf(form.validate(true))
	if len(form.Errors) > 0 {
		return q.renderOperators(http.StatusUnprocessableEntity, form)
	}
	page := passwordPage{Password: form.Password, New: true}
	if page.Password == "" {
		page.Password, page.Made = rand.Text(), true
	}
	o := office.Operator{Email: form.Email, Name: form.Name, Role: form.Role, Version: 1}
	if o.PasswordHash, err = q.h.Passwords.HashCode(page.Password); err != nil {
		return err
	}
	o.ID, err = q.h.Store.AddOperator(q.Context(), o, q.now)
	if errors.Is(err, office.ErrDuplicate) {
		form.Errors = map[string]string{"email": text{"이미 있는 담당자입니다.", "There is such an operator already."}.in(q.lang)}
		return q.renderOperators(http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	page.Operator = o
	return q.render(http.StatusOK, "password", text{"담당자를 추가했습니다", "The operator is added"}, page)
}

// operatorPage shows one operator.
type operatorPage struct {
	Operator office.Operator
	Sessions []office.Session
	Form     operatorForm
	Roles    []office.Role
	Self     bool // it is the reader
}

// theOperator returns the one that the address names.
func (q *request) theOperator() (office.Operator, error) {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return office.Operator{}, office.ErrNotFound
	}
	return q.h.Store.Operator(q.Context(), id)
}

func (q *request) showOperator() error {
	o, err := q.theOperator()
	if err != nil {
		return err
	}
	return q.renderOperator(http.StatusOK, o, operatorForm{Name: o.Name, Role: o.Role})
}

func (q *request) renderOperator(status int, o office.Operator, form operatorForm) error {
	list, err := q.h.Store.SessionsOf(q.Context(), o.ID, q.now)
	if err != nil {
		return err
	}
	page := operatorPage{Operator: o, Sessions: list, Form: form, Roles: office.Roles(), Self: o.ID == q.operator.ID}
	return q.render(status, "operator", text{o.Email, o.Email}, page)
}

func (q *request) editOperator() error {
	form, err := q.readOperatorForm()
	if err != nil {
		return err
	}
	was, err := q.theOperator()
	if err != nil {
		return err
	}
	form.Errors = q.errorsOf(form.validate(false))
	if len(form.Errors) > 0 {
		return q.renderOperator(http.StatusUnprocessableEntity, was, form)
	}
	o := was
	o.Name, o.Role = form.Name, form.Role
	return q.changeOperator("operator.change", was, o, text{"저장했습니다.", "Saved."})
}

// changeOperator stores a change of an operator that was read as the form says, and goes back to its page. What does not
// change the reader's own rights leaves this browser signed in.
func (q *request) changeOperator(action string, was, o office.Operator, what text) error {
	if was.Version != q.number("version") {
		return office.ErrChanged
	}
	var keep []byte
	if o.ID == q.operator.ID && o.Role == was.Role && !o.Disabled {
		keep = q.session.ID
	}
	err := q.h.Store.ChangeOperator(q.Context(), action, was, o, keep, q.now)
	if errors.Is(err, office.ErrLastAdmin) {
		return failure{http.StatusConflict, text{
			"사용 중인 마지막 관리자입니다. 다른 관리자를 먼저 두십시오.",
			"This is the last active admin. Let there be another one first.",
		}}
	}
	if err != nil {
		return err
	}
	return q.done(operatorsAddress+"/"+strconv.FormatInt(o.ID, 10), what)
}

// errOwnAccount keeps a browser that was left open from changing how its reader signs in: one's own account asks for the
// password.
var errOwnAccount = failure{http.StatusConflict, text{
	"본인의 비밀번호와 2단계 인증은 ‘내 계정’에서 바꾸십시오.",
	"Change your own password and second step in your account.",
}}

// resetPassword gives an operator a password, typed or made up, and shows it once.
func (q *request) resetPassword() error {
	form, err := q.readOperatorForm()
	if err != nil {
		return err
	}
	was, err := q.theOperator()
	if err != nil {
		return err
	}
	if was.ID == q.operator.ID {
		return errOwnAccount
	}
	if why, bad := badPassword(form.Password, was.Email); form.Password != "" && bad {
		errs := map[string]string{"password": why.in(q.lang)}
		return q.renderOperator(http.StatusUnprocessableEntity, was, operatorForm{Name: was.Name, Role: was.Role, Errors: errs})
	}
	if was.Version != form.Version {
		return office.ErrChanged
	}
	page := passwordPage{Operator: was, Password: form.Password}
	if page.Password == "" {
		page.Password, page.Made = rand.Text(), true
	}
	o := was
	if o.PasswordHash, err = q.h.Passwords.HashCode(page.Password); err != nil {
		return err
	}
	if err := q.h.Store.ChangeOperator(q.Context(), "operator.password_reset", was, o, nil, q.now); err != nil {
		return err
	}
	return q.render(http.StatusOK, "password", text{"비밀번호를 바꾸었습니다", "The password is changed"}, page)
}

// changeOperatorState does what one button says.
func (q *request) changeOperatorState() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	was, err := q.theOperator()
	if err != nil {
		return err
	}
	o := was
	switch q.PostFormValue("do") {
	case "disable":
		o.Disabled = true
		return q.changeOperator("operator.disable", was, o, text{
			"사용을 중지하고 로그아웃했습니다.", "Disabled and signed out.",
		})
	case "enable":
		o.Disabled = false
		return q.changeOperator("operator.enable", was, o, text{"다시 사용합니다.", "Enabled again."})
	case "second-factor-off":
		if o.ID == q.operator.ID {
			return errOwnAccount
		}
		o.TOTP = nil
		return q.changeOperator("operator.second_factor_off", was, o, text{
			"2단계 인증을 끄고 로그아웃했습니다.", "The second step is off, and the operator signed out.",
		})
	case "sign-out":
		var keep []byte
		if o.ID == q.operator.ID {
			keep = q.session.ID
		}
		if err := q.h.Store.EndSessions(q.Context(), o, keep, q.now); err != nil {
			return err
		}
		return q.done(operatorsAddress+"/"+strconv.FormatInt(o.ID, 10), text{"로그아웃했습니다.", "Signed out."})
	}
	return failure{http.StatusBadRequest, text{"무엇을 할지 알 수 없습니다.", "It is not clear what to do."}}
}
