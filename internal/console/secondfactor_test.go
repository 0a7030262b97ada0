package console_test

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"giftimbiz/internal/office"
)

func TestTheSecondStepAsksForACodeAfterThePassword(t *testing.T) {
	h := newOfficeHouse(t)
	first, other := h.signedIn("admin@example.com"), h.signedIn("admin@example.com")
	secret := first.secondFactor()
	if !first.in() || other.in() {
		t.Errorf("once it is on: this browser %v, the other %v", first.in(), other.in())
	}
	b := h.browser()
	if a := b.signIn("admin@example.com", officePassword); a.status != http.StatusOK || !a.says("six digits") || b.in() {
		t.Fatalf("the password alone: %d", a.status)
	}
	step := b.step("admin@example.com")
	if a := b.post("/console/sign-in/code", "step", step, "code", b.wrongCode(secret)); a.status != http.StatusUnprocessableEntity || b.in() {
		t.Errorf("a wrong code: %d", a.status)
	}
	if a := b.post("/console/sign-in/code", "step", step, "code", b.code(secret)); a.status != http.StatusUnprocessableEntity ||
		!a.says("used already") {
		t.Errorf("the code that turned it on: %d", a.status)
	}
	h.pass(30 * time.Second)
	code := b.code(secret)
	spaced := code[:3] + " " + code[3:]
	a := b.post("/console/sign-in/code", "step", step, "code", spaced, "next", "/console/audit")
	if a.status != http.StatusSeeOther || a.location != "/console/audit" || !b.in() {
		t.Errorf("the next code: %d, %s", a.status, a.location)
	}
	again := h.browser()
	a = again.post("/console/sign-in/code", "step", step, "code", code)
	if a.status != http.StatusUnprocessableEntity || again.in() {
		t.Errorf("the same code from elsewhere: %d", a.status)
	}
}

// TestWrongCodesWaitWhereverTheyComeFrom: who tries codes knows the password.
func TestWrongCodesWaitWhereverTheyComeFrom(t *testing.T) {
	h := newOfficeHouse(t)
	secret := h.signedIn("admin@example.com").secondFactor()
	h.pass(time.Minute)
	try := func(i int, code string) int {
		b := h.browser()
		b.address = "198.51.100." + string(rune('0'+i))
		return b.post("/console/sign-in/code", "step", b.step("admin@example.com"), "code", code).status
	}
	for i := range 5 {
		if status := try(i, h.browser().wrongCode(secret)); status != http.StatusUnprocessableEntity {
			t.Fatalf("try %d: %d", i, status)
		}
	}
	if status := try(6, h.browser().code(secret)); status != http.StatusTooManyRequests {
		t.Errorf("the right one, too soon: %d", status)
	}
	h.pass(time.Second)
	if status := try(7, h.browser().code(secret)); status != http.StatusSeeOther {
		t.Errorf("the right one, after the wait: %d", status)
	}
}

func TestTheSecondStepHasFiveMinutesAndOneAccount(t *testing.T) {
	h := newOfficeHouse(t)
	secret := h.signedIn("admin@example.com").secondFactor()
	h.pass(time.Minute)
	b := h.browser()
	step := b.step("admin@example.com")
	h.pass(5*time.Minute + time.Second)
	for name, token := range map[string]string{"late": step, "made up": "x" + step, "none": ""} {
		a := b.post("/console/sign-in/code", "step", token, "code", b.code(secret))
		if a.status != http.StatusUnprocessableEntity || !a.says("Sign in again") || b.in() {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	step = b.step("admin@example.com")
	was, err := h.DB.OperatorByEmail(t.Context(), "admin@example.com")
	if err != nil {
		t.Fatal(err)
	}
	o := was
	o.PasswordHash += "."
	if err := h.DB.ChangeOperator(t.Context(), "operator.password", was, o, nil, h.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if a := b.post("/console/sign-in/code", "step", step, "code", b.code(secret)); a.status != http.StatusUnprocessableEntity || b.in() {
		t.Errorf("after the password was changed: %d", a.status)
	}
}

func TestThePictureIsWhatAppsRead(t *testing.T) {
	h := newOfficeHouse(t)
	page := h.signedIn("admin@example.com").get("/console/account/second-factor")
	data := regexp.MustCompile(`src="data:image/png;base64,([^"]+)"`).FindStringSubmatch(page.body)
	if data == nil {
		t.Fatal("no picture")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(data[1], "&#43;", "+"))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	text, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(text.GetText())
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/GiftiMBiz:admin@example.com" ||
		u.Query().Get("issuer") != "GiftiMBiz" || len(u.Query().Get("secret")) != 32 {
		t.Errorf("%s, %v", text, err)
	}
}

func TestTheSecondStepIsTurnedOnByItsOwnerWithPasswordAndCode(t *testing.T) {
	h := newOfficeHouse(t)
	h.operator("clerk@example.com", office.Clerk)
	b, clerk := h.signedIn("admin@example.com"), h.signedIn("clerk@example.com")
	page := b.get("/console/account/second-factor")
	secret := strings.ReplaceAll(regexp.MustCompile(`class="secret">([A-Z2-7 ]+)<`).FindStringSubmatch(page.body)[1], " ", "")
	offer := page.field("offer")
	if strings.Contains(offer, secret) {
		t.Error("the offer is readable")
	}
	for name, test := range map[string]struct {
		b              *officeBrowser
		code, password string
		status         int
	}{
		"a wrong code":     {b, b.wrongCode(secret), officePassword, http.StatusUnprocessableEntity},
		"a wrong password": {b, b.code(secret), "wrong", http.StatusUnprocessableEntity},
		"another operator": {clerk, b.code(secret), officePassword, http.StatusSeeOther}, // to begin anew
	} {
		a := test.b.post("/console/account/second-factor", "offer", offer, "code", test.code, "password", test.password)
		if a.status != test.status {
			t.Errorf("%s: %d", name, a.status)
		}
		for _, email := range []string{"admin@example.com", "clerk@example.com"} {
			if o, err := h.DB.OperatorByEmail(t.Context(), email); err != nil || len(o.TOTP) > 0 {
				t.Errorf("%s turned it on for %s, %v", name, email, err)
			}
		}
	}
	b.secondFactor()
	if a := b.post("/console/account/second-factor/off", "password", "wrong"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("off with a wrong password: %d", a.status)
	}
	if a := b.post("/console/account/second-factor/off", "password", officePassword); a.status != http.StatusSeeOther {
		t.Errorf("off: %d", a.status)
	}
	if a := h.browser().signIn("admin@example.com", officePassword); a.status != http.StatusSeeOther {
		t.Errorf("the password alone, after it is off: %d", a.status)
	}
}

func TestAnAdminHelpsWhoLostThePhone(t *testing.T) {
	h := newOfficeHouse(t)
	clerk := h.operator("clerk@example.com", office.Clerk)
	lost := h.signedIn("clerk@example.com")
	lost.secondFactor()
	admin := h.signedIn("admin@example.com")
	page := admin.get(operatorAddress(clerk))
	a := admin.post(operatorAddress(clerk)+"/state", "do", "second-factor-off", "version", page.field("version"))
	if a.status != http.StatusSeeOther || lost.in() {
		t.Fatalf("%d, and still in: %v", a.status, lost.in())
	}
	if a := h.browser().signIn("clerk@example.com", officePassword); a.status != http.StatusSeeOther {
		t.Errorf("%d", a.status)
	}
}
