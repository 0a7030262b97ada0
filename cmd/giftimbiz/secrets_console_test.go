package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"giftimbiz/internal/programtest"
)

// numbers returns a file of vouchers, some of which are refused, for what can be refused is shown.
func (h *secretive) numbers() []byte {
	file := bytes.NewBufferString("product,brand,face price,price,last day,voucher number\n")
	row := func(number string) {
		lastDay := time.Now().AddDate(0, 6, 0).Format(time.DateOnly) // the program goes by the machine's clock
		_, _ = fmt.Fprintf(file, "%q,%q,%d,%d,%s,%s\n",              // to memory
			h.offer.Product.Name, h.offer.Brand.Name, h.offer.FaceValue, h.offer.Price, lastDay, number)
	}
	for range 3 {
		number := h.known.know("loaded number", randomDigits())
		row(number)
		row(number) // known from the row before
		row(h.known.know("refused number", randomDigits()) + "!")
	}
	row(strings.Repeat(h.known.know("number that is too long", randomDigits()), 5))
	return file.Bytes()
}

// randomDigits returns 16 digits that stand nowhere else.
func randomDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(9_000_000_000_000_000))
	if err != nil {
		panic(err) // the system's source never fails
	}
	return fmt.Sprint(1_000_000_000_000_000 + n.Int64())
}

// loadVouchers loads a file by command: for a trial, with what is refused in the way, and without that.
func (h *secretive) loadVouchers() {
	file := filepath.Join(h.t.TempDir(), "numbers.csv")
	if err := os.WriteFile(file, h.numbers(), 0o600); err != nil {
		h.t.Fatal(err)
	}
	load := []string{"import", "vouchers", file, "--data", h.data, "--database", h.database, "--log-level", "debug"}
	for _, flag := range []string{"--dry-run", "--skip-refused=false"} {
		said, err := exec.Command(programtest.Built(h.t), append(load, flag)...).CombinedOutput()
		if err == nil {
			h.t.Errorf("with %s nothing is refused: %s", flag, said)
		}
		h.printed.Write(said)
	}
	said := programtest.Do(h.t, append(load, "--skip-refused")...)
	if !strings.Contains(said, "3 added") {
		h.t.Errorf("of three numbers: %s", said)
	}
	h.printed.WriteString(said)
}

// desk is a browser in which somebody works in the console.
type desk struct {
	h       *secretive
	cookies map[string]string
}

func (d *desk) send(method, path, contentType, body string) answer {
	d.h.t.Helper()
	header := http.Header{"X-Request-Id": {d.h.planted}, "Cookie": {"giftimbiz-language=en"}}
	for name, value := range d.cookies {
		header.Set("Cookie", header.Get("Cookie")+"; "+name+"="+value)
	}
	if body != "" {
		header.Set("Content-Type", contentType)
	}
	a := d.h.send(method, path, header, body)
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		if d.cookies[cookie.Name] = cookie.Value; strings.HasSuffix(cookie.Name, "giftimbiz") && cookie.Value != "" {
			d.h.known.know("console session", cookie.Value)
		}
	}
	return a
}

// post sends a form, which must be answered with a status.
func (d *desk) post(status int, path string, fields ...string) answer {
	d.h.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	a := d.send(http.MethodPost, path, formType, form.Encode())
	if a.status != status {
		d.h.t.Fatalf("%s: HTTP %d, want %d", path, a.status, status)
	}
	if status >= http.StatusBadRequest {
		d.h.note(a)
	}
	return a
}

// field returns the value of a form's field.
func (d *desk) field(a answer, name string) string {
	d.h.t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindSubmatch(a.body)
	if found == nil {
		d.h.t.Fatalf("there is no field %s", name)
	}
	return html.UnescapeString(string(found[1]))
}

// workInConsole signs in, wrongly first, has an authenticator, changes the password, loads numbers and looks at one.
func (h *secretive) workInConsole() {
	made := h.do("operator", "create", "chief@gift.example", "--role", "admin")
	password := h.known.know("operator's password", regexp.MustCompile(`(?m)^password\s+(\S+)$`).FindStringSubmatch(made)[1])
	d := &desk{h: h, cookies: map[string]string{}}
	const signIn, account = "/console/sign-in", "/console/account"
	d.post(http.StatusUnprocessableEntity, signIn, "email", "chief@gift.example", "password", h.known.know("mistyped password", password[1:]))
	d.post(http.StatusUnprocessableEntity, signIn, "email", h.known.know("password in the wrong field", strings.ToLower(rand.Text())))
	if strings.HasPrefix(h.database, "sqlite") { // PostgreSQL is asked whose address it is, and stores it as little
		looksRight := url.Values{"email": {h.known.know("password with an @ in the wrong field", strings.ToLower(rand.Text())+"@")}}
		d.send(http.MethodPost, signIn, formType, looksRight.Encode()) // the answer has the field as it was filled in
	}
	d.post(http.StatusSeeOther, signIn, "email", "chief@gift.example", "password", password)
	secret := d.authenticator(password)
	other := h.known.know("operator's other password", rand.Text())
	d.post(http.StatusSeeOther, account+"/password", "old", password, "new", other, "again", other)

	d = &desk{h: h, cookies: map[string]string{}}
	page := d.post(http.StatusOK, signIn, "email", "chief@gift.example", "password", other)
	step := h.known.know("token of the second step", d.field(page, "step"))
	again := d.send(http.MethodPost, signIn+"/code", formType, url.Values{"step": {step}, "code": {"12345x"}}.Encode())
	if step = d.field(again, "step"); again.status != http.StatusUnprocessableEntity { // the form goes on with it
		h.t.Fatalf("a wrong code: HTTP %d", again.status)
	}
	d.post(http.StatusSeeOther, signIn+"/code", "step", step, "code", codeOf(h, secret, time.Now().Add(30*time.Second)))
	d.upload()
	d.reveal()
	d.post(http.StatusSeeOther, "/console/sign-out")
}

// authenticator turns the second step on, and returns its secret.
func (d *desk) authenticator(password string) string {
	const address = "/console/account/second-factor"
	page := d.send(http.MethodGet, address, "", "")
	found := regexp.MustCompile(`class="secret">([A-Z2-7 ]+)<`).FindSubmatch(page.body)
	if found == nil {
		d.h.t.Fatalf("no secret is offered: HTTP %d", page.status)
	}
	secret := d.h.known.know("authenticator's secret", strings.ReplaceAll(string(found[1]), " ", ""))
	d.post(http.StatusSeeOther, address, "offer", d.field(page, "offer"), "code", codeOf(d.h, secret, time.Now()), "password", password)
	return secret
}

func codeOf(h *secretive, secret string, at time.Time) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// upload loads numbers in the console, and looks at what it says of them.
func (d *desk) upload() {
	t := d.h.t
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	err := form.WriteField("kind", "vouchers")
	part, fault := form.CreateFormFile("file", "numbers.csv")
	if err != nil || fault != nil {
		t.Fatal(err, fault)
	}
	_, err = part.Write(d.h.numbers())
	if fault := form.Close(); err != nil || fault != nil {
		t.Fatal(err, fault)
	}
	a := d.send(http.MethodPost, "/console/imports", form.FormDataContentType(), body.String())
	address := a.header.Get("Location")
	if a.status != http.StatusSeeOther {
		t.Fatalf("upload: HTTP %d", a.status)
	}
	d.h.note(d.send(http.MethodGet, address, "", "")) // what is refused is shown there, and no number
	d.post(http.StatusSeeOther, address+"/apply", "skip", "yes")
	programtest.Eventually(t, "the numbers are loaded", func() bool {
		return bytes.Contains(d.send(http.MethodGet, address, "", "").body, []byte("Applied"))
	})
}

// reveal shows the number of a voucher that was bought.
func (d *desk) reveal() {
	list := d.send(http.MethodGet, "/console/orders?kind=gifticon", "", "")
	address := regexp.MustCompile(`/console/orders/[0-9]{8}-[0-9A-Z]{13}`).Find(list.body)
	if address == nil {
		d.h.t.Fatalf("no order is listed: HTTP %d", list.status)
	}
	d.post(http.StatusOK, string(address)+"/reveal", "line", "1")
}
