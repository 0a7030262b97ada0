package console_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/console"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/office"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/sheet"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
	"giftimbiz/internal/vault"
)

// importsHouse is a console on an empty database with a brand, and browsers that are signed in to it.
type importsHouse struct {
	t     *testing.T
	db    *storage.DB
	clock *clock.Manual
	desk  *intake.Desk
	vault *vault.Vault
	url   string
}

func newImportsHouse(t *testing.T) *importsHouse {
	t.Helper()
	db, err := storage.OpenOrCreate(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	h := &importsHouse{t: t, db: db, clock: clock.NewManual(time.Date(2025, 9, 15, 12, 0, 0, 0, gift.Seoul))}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Join(t.Context(), h.clock); err != nil {
		t.Fatal(err)
	}
	if h.vault, err = db.OpenVault(t.Context(), storagetest.Masters()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	h.desk = intake.NewDesk(intake.Config{Store: db, Vault: h.vault, Clock: h.clock, Logger: log})
	t.Cleanup(h.desk.Stop)
	if err := db.Load(t.Context(), &storage.Stock{
		Categories: []gift.Category{{ID: 6, Kind: gift.Gifticon, Name: "편의점"}},
		Brands:     []gift.Brand{{ID: 4, CategoryID: 6, Name: "CU", InUse: true}},
		Products:   []gift.Product{{ID: 7, BrandID: 4, Name: "초코우유", Face: 1400}},
	}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	h.url = server.URL
	server.Config.Handler = openConsole(&storagetest.House{T: t, DB: db, Clock: h.clock}, h.vault, func(cfg *console.Config) {
		cfg.Imports, cfg.PublicURL = h.desk, server.URL
	})
	return h
}

// browser signs somebody of a role in.
func (h *importsHouse) browser(role office.Role) *http.Client {
	h.t.Helper()
	hash, err := h.vault.HashCode("correct horse")
	if err != nil {
		h.t.Fatal(err)
	}
	email := string(role) + "@example.com"
	if err := h.db.SetOperator(h.t.Context(), office.Operator{Email: email, Name: email, Role: role, PasswordHash: hash}, h.clock.Now()); err != nil {
		h.t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar}
	h.post(client, "/console/sign-in", url.Values{"email": {email}, "password": {"correct horse"}}, http.StatusOK)
	h.post(client, "/console/language", url.Values{"language": {"en"}, "next": {"/console/"}}, http.StatusOK)
	return client
}

func (h *importsHouse) post(c *http.Client, path string, form url.Values, want int) string {
	h.t.Helper()
	resp, err := c.PostForm(h.url+path, form)
	return h.read(resp, err, want)
}

func (h *importsHouse) get(c *http.Client, path string, want int) string {
	h.t.Helper()
	resp, err := c.Get(h.url + path)
	return h.read(resp, err, want)
}

func (h *importsHouse) read(resp *http.Response, err error, want int) string {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		h.t.Fatalf("%s: %d, want %d: %v\n%s", resp.Request.URL, resp.StatusCode, want, err, body)
	}
	return string(body)
}

// upload sends a file and returns the answer, and the address of the import when there is one.
func (h *importsHouse) upload(c *http.Client, kind, name string, file io.Reader, want int) (body, address string) {
	h.t.Helper()
	return h.send(c, "/console/imports", kind, name, file, want)
}

func (h *importsHouse) send(c *http.Client, path, kind, name string, file io.Reader, want int) (body, address string) {
	h.t.Helper()
	pr, pw := io.Pipe()
	form := multipart.NewWriter(pw)
	go func() {
		err := form.WriteField("kind", kind)
		if part, e := form.CreateFormFile("file", name); err == nil && e == nil {
			_, err = io.Copy(part, file)
		}
		_ = form.Close()
		_ = pw.CloseWithError(err)
	}()
	resp, err := c.Post(h.url+path, form.FormDataContentType(), pr)
	body = h.read(resp, err, want)
	return body, resp.Request.URL.Path
}

func (h *importsHouse) await(address string, state intake.State) {
	h.t.Helper()
	programtest.Eventually(h.t, fmt.Sprintf("%s is %s", address, state), func() bool {
		list, err := h.desk.Imports(h.t.Context(), 0, 1)
		if err != nil {
			h.t.Fatal(err)
		}
		return list[0].State == state
	})
}

func wantText(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(body, w) {
			t.Errorf("want %q in\n%s", w, body)
		}
	}
}

const someVouchers = "상품,판매가1,유효기간,번호\n초코우유,900,2026-01-31,111122223333\n초코우유,1500,2026-01-31,444455556666\n"

// TestAnOperatorLoadsAFileFromTheBrowser uploads, looks at the report, corrects, and applies.
func TestAnOperatorLoadsAFileFromTheBrowser(t *testing.T) {
	h := newImportsHouse(t)
	clerk := h.browser(office.Clerk)
	wantText(t, h.get(clerk, "/console/imports", 200), "No file was loaded yet", "import-templates/vouchers?format=xlsx", `enctype="multipart/form-data"`)
	wantText(t, h.get(clerk, "/console/import-templates/vouchers?format=csv", 200), "\ufeffproduct,brand,face price")

	body, address := h.upload(clerk, "vouchers", "v.csv", strings.NewReader(someVouchers), 200)
	wantText(t, body, "Waiting to be applied", "v.csv", "operator@example.com", "1500", "This is above the face value of 1400 won.")
	if strings.Contains(body, "444455556666") {
		t.Error("the report shows a voucher number")
	}
	refused := h.get(clerk, address+"/refused?format=csv", 200)
	wantText(t, refused, "초코우유,1500,2026-01-31,444455556666,판매가 60일 초과: 액면가 1400원보다 비쌉니다.")
	wantText(t, h.post(clerk, address+"/apply", nil, 422), "Rows are refused.")
	h.post(clerk, address+"/apply", url.Values{"skip": {"yes"}}, 200)
	h.await(address, intake.Applied)
	wantText(t, h.get(clerk, address, 200), ">Applied<")
	h.post(clerk, address+"/apply", url.Values{"skip": {"yes"}}, http.StatusConflict)
	h.post(clerk, address+"/cancel", nil, http.StatusConflict)
	if after := h.get(clerk, address+"/refused?format=csv", 200); after != refused {
		t.Errorf("what was left out is %q", after)
	}

	body, again := h.upload(clerk, "vouchers", "refused.csv", strings.NewReader(strings.Replace(refused, "1500", "950", 1)), 200)
	wantText(t, body, "Apply")
	h.post(clerk, again+"/apply", nil, 200)
	h.await(again, intake.Applied)
	body, _ = h.upload(clerk, "vouchers", "v.csv", strings.NewReader(strings.Replace(someVouchers, "1500", "900", 1)), 200)
	wantText(t, body, "There is nothing to apply.", "This number is there already.", "••••3333")

	rows, _, err := h.db.CatalogSince(t.Context(), 0)
	if err != nil || len(rows.Offers) != 2 {
		t.Errorf("%+v, %v", rows.Offers, err)
	}
	faults, err := h.db.Doctor(context.Background())
	if err != nil || len(faults) != 0 {
		t.Error(faults, err)
	}
	wantText(t, h.get(clerk, "/console/imports", 200), "refused.csv", address)
	wantText(t, h.get(clerk, "/console/imports?format=csv", 200), "refused.csv,operator@example.com,Applied,1,1,0,0,0")
	h.clock.Advance(intake.KeptFor + time.Hour)
	if err := h.desk.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	clerk = h.browser(office.Clerk)
	h.get(clerk, address+"/refused?format=csv", http.StatusGone)
}

func TestWhatCannotBeLoadedIsSaidBesideTheForm(t *testing.T) {
	h := newImportsHouse(t)
	clerk := h.browser(office.Clerk)
	for _, test := range []struct{ kind, name, file, want string }{
		{"", "x.csv", "x", "Choose what to load."},
		{"vouchers", "", "", "Choose a file."},
		{"vouchers", "x.csv", "", "The file is empty."},
		{"vouchers", "x.csv", "\xff\xfe\x00", "neither UTF-8 nor CP949"},
		{"vouchers", "x.csv", "상품,판매가1,유효기간\nx,1,2026-01-01\n", "The column &#34;voucher number&#34; is missing."},
		{"vouchers", "x.csv", "상품,번호,유효기간,뭔가\n", "There is no column"},
		{"vouchers", "x.csv", "상품,번호,유효기간\n", "There are no rows"},
		{"vouchers", "x.csv", strings.Repeat("x", sheet.MaxFile+1), "The file is too large"},
	} {
		body, _ := h.upload(clerk, test.kind, test.name, strings.NewReader(test.file), 422)
		wantText(t, body, test.want)
	}
	list, err := h.desk.Imports(t.Context(), 0, 10)
	if err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestPicturesAreUploadedForFilesToName(t *testing.T) {
	h := newImportsHouse(t)
	clerk := h.browser(office.Clerk)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	body, _ := h.send(clerk, "/console/imports/pictures", "", "라떼.png", &picture, 200)
	wantText(t, body, "Pictures kept: 1 (/UPLOAD/stock/라떼.png)")
	body, _ = h.send(clerk, "/console/imports/pictures", "", "x.png", strings.NewReader("x"), 422)
	wantText(t, body, "&#34;x.png&#34; is not a picture that can be read")
	h.send(h.browser(office.Viewer), "/console/imports/pictures", "", "x.png", strings.NewReader("x"), http.StatusForbidden)
}

func TestAFileCanBeGivenUp(t *testing.T) {
	h := newImportsHouse(t)
	clerk := h.browser(office.Clerk)
	_, address := h.upload(clerk, "vouchers", "v.csv", strings.NewReader(someVouchers), 200)
	wantText(t, h.post(clerk, address+"/cancel", nil, 200), "Discarded &#34;v.csv&#34;")
	wantText(t, h.get(clerk, address, 200), "Cancelled")
	h.get(clerk, "/console/imports/12345", 404)
	h.get(clerk, "/console/imports/x", 404)
}

func TestAViewerLooksAtImportsOnly(t *testing.T) {
	h := newImportsHouse(t)
	_, address := h.upload(h.browser(office.Clerk), "vouchers", "v.csv", strings.NewReader(someVouchers), 200)
	for _, role := range []office.Role{office.Viewer, office.Finance} {
		viewer := h.browser(role)
		for _, page := range []string{"/console/imports", address} {
			if body := h.get(viewer, page, 200); regexp.MustCompile(`<form method="post" action="/console/imports`).MatchString(body) {
				t.Errorf("%s is shown what it may not do:\n%s", role, body)
			}
		}
		h.get(viewer, address+"/refused?format=csv", http.StatusForbidden)
		h.post(viewer, address+"/apply", url.Values{"skip": {"yes"}}, http.StatusForbidden)
		h.post(viewer, address+"/cancel", nil, http.StatusForbidden)
		h.upload(viewer, "vouchers", "v.csv", bytes.NewReader([]byte(someVouchers)), http.StatusForbidden)
	}
}
