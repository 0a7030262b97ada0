package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"giftimbiz/client"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/pgtest"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/tracing/otlptest"
)

// TestNoSecretStandsWhereItDoesNotBelong does everything once that handles secrets, rightly and wrongly, and then searches whatever
// the program wrote: what it prints when it says most, its figures and spans, what it answers to wrong requests, the database's
// files, what PostgreSQL itself is told, backups, temporary files.
func TestNoSecretStandsWhereItDoesNotBelong(t *testing.T) {
	programtest.Built(t) // before the folder for temporary files changes
	t.Run("sqlite", func(t *testing.T) {
		data := t.TempDir()
		h := keepSecrets(t, data, "sqlite:"+filepath.Join(data, "giftimbiz.db"))
		h.known.expectIn("the data folder while it is served", data, keepers...)
		h.close()
		h.known.expectIn("the data folder", data, keepers...)
	})
	t.Run("postgres", func(t *testing.T) {
		// Its log has every statement with its parameters: what is not there was never given to the database.
		cluster, err := pgtest.Start("fsync=off", "log_statement=all", "log_min_duration_statement=-1")
		if errors.Is(err, pgtest.ErrMissing) {
			t.Skipf("skipped: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cluster.Stop() }) // its folder is temporary
		database, err := cluster.CreateDatabase("shop")
		if err != nil {
			t.Fatal(err)
		}
		h := keepSecrets(t, t.TempDir(), strings.Replace(database, "postgres@", "postgres:"+databasePassword+"@", 1))
		h.close()
		h.known.expectIn("PostgreSQL's folder", folderOf(t, database))
		h.known.expect("the database as text", h.dump(database))
	})
}

// keepers are the files that are there to keep secrets. Their owner alone may read them.
var keepers = []string{"vault.keys", "credentials.json", "demo.env"}

const databasePassword = "database-password-0123"

// folderOf returns the folder of a cluster with its log, and what is not on the disk yet written there.
func folderOf(t *testing.T, database string) (folder string) {
	t.Helper()
	db := programtest.Raw(t, database)
	if _, err := db.ExecContext(t.Context(), `CHECKPOINT`); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), `SHOW data_directory`).Scan(&folder); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(folder)
}

// secretive is a house in which everything is done once.
type secretive struct {
	t              *testing.T
	data, database string
	temporary      string
	known          *secrets
	planted        string
	made           *demo.Credentials
	served         *programtest.Program
	collector      *otlptest.Collector
	offer          client.Offer // of which more is loaded
	bearer         string       // what a partner's last call of v2 was authorized by
	wrong          bytes.Buffer // answers to wrong requests
	printed        bytes.Buffer // by commands that show no secret
}

// keepSecrets does everything, and searches what it leaves behind but the database's own files.
func keepSecrets(t *testing.T, data, database string) *secretive {
	planted := "planted-" + rand.Text()
	h := &secretive{t: t, data: data, database: database, temporary: t.TempDir(), planted: planted, known: newSecrets(t, planted)}
	t.Setenv("TMPDIR", h.temporary)
	h.collector = otlptest.New(t)
	h.serve()
	h.callAsPartner()
	h.callWrongly()
	h.redeem()
	h.runCommands()
	h.loadVouchers()
	h.workInConsole()
	h.known.look("/metrics", h.get("/metrics"))
	h.backUp()
	return h
}

// serve fills the database and serves it, saying as much as it can.
func (h *secretive) serve() {
	h.made = programtest.DemoData(h.t, h.data, h.database, "--offers", "60")
	h.t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", h.collector.URL)
	h.served = programtest.Start(h.t, "serve", "--data", h.data, "--database", h.database,
		"--log-level", "debug", "--webhook-allow", "127.0.0.1")
	for _, p := range h.made.Partners {
		h.knowKeys(p.Credentials)
	}
	h.known.know("console's password", h.made.Console.Password)
	h.known.know("database's password", databasePassword)
	keys, err := os.ReadFile(filepath.Join(h.data, "vault.keys"))
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(keys)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "master" {
			h.known.know("master key", words[2])
		}
	}
}

func (h *secretive) knowKeys(c client.Credentials) {
	h.known.know("Partnerkey", c.PartnerKey)
	h.known.know("Partnertoken", c.PartnerToken)
	h.known.know("refresh token", c.RefreshToken)
}

// RoundTrip sends a request of a partner and learns its access token.
func (h *secretive) RoundTrip(r *http.Request) (*http.Response, error) {
	if token := r.Header.Get("Access-Token"); token != "" {
		h.known.know("access token of v1", token)
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		h.known.know("access token of v2", token)
		h.bearer = r.Header.Get("Authorization")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// callAsPartner does by both versions of the API whatever makes or shows secrets.
func (h *secretive) callAsPartner() {
	t, ctx := h.t, h.t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c := client.New(client.Options{
		BaseURL: h.served.URL, Credentials: h.made.Partners[0].Credentials, HTTP: &http.Client{Transport: h, Timeout: time.Minute},
	})
	redeemOne(t, c, h.made) // by v1
	offers, err := c.Offers(ctx, client.OfferQuery{Limit: 2})
	must(err)
	h.offer = offers.Data[0]
	hooks := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(hooks.Close)
	hook, err := c.CreateWebhook(ctx, hooks.URL+"/hooks", nil)
	must(err)
	h.known.know("webhook's secret", hook.Secret)
	for _, o := range offers.Data {
		_, err = c.Buy(ctx, client.PurchaseRequest{Items: []client.Item{{OfferID: o.ID, Quantity: 2}}, Total: 2 * o.Price})
		must(err)
	}
	coupons, err := c.Coupons(ctx, client.CouponQuery{Limit: 200})
	must(err)
	coupon := coupons.Data[slices.IndexFunc(coupons.Data, func(c client.Coupon) bool { return !c.OncePerPartner })]
	_, err = c.Buy(ctx, client.PurchaseRequest{Items: []client.Item{{OfferID: coupon.ID, Quantity: 1}}, Total: coupon.Price})
	must(err)
	vouchers, err := c.Vouchers(ctx, client.HistoryQuery{})
	must(err)
	for _, v := range vouchers.Data {
		h.openLinks(v)
	}
	renewed, err := c.RenewLink(ctx, vouchers.Data[0].ID)
	must(err)
	h.openLinks(*renewed)
	_, err = c.Call(ctx, "giftimbiz/buyGifticonList", url.Values{"site": {"gift"}})
	must(err)
	hook, err = c.RotateWebhookSecret(ctx, hook.ID)
	must(err)
	h.known.know("webhook's new secret", hook.Secret)
	_, err = c.TestWebhook(ctx, hook.ID)
	must(err)
	rotated, err := c.RotateKeys(ctx, 1)
	must(err)
	h.knowKeys(rotated.Credentials)
	_, err = c.Balance(ctx)
	must(err)
}

// openLinks opens what a voucher leads to. Who has such an address has the voucher.
func (h *secretive) openLinks(v client.Voucher) {
	if v.Number != "" {
		h.known.know("voucher number", v.Number)
	}
	for _, address := range []string{v.VoucherURL, v.BarcodeURL, v.QRURL} {
		if address == "" {
			continue
		}
		u, err := url.Parse(address)
		if err != nil {
			h.t.Fatal(err)
		}
		token := strings.TrimSuffix(u.Path[strings.LastIndex(u.Path, "/")+1:], ".png")
		h.known.know("link to a voucher", token)
		h.get(u.Path)
		h.note(h.send(http.MethodGet, u.Path+"x", nil, "")) // a mistyped one
	}
}

// redeem gives wrong manager codes, on the shop's page and by the API.
func (h *secretive) redeem() {
	seller := h.made.Sellers[0]
	wrong := h.known.know("wrong manager code", "98765432109876")
	p := h.made.Partners[1].Credentials
	h.note(h.send(http.MethodPost, "/api/v1/gifticon/setUseStarCoupon", http.Header{
		"Partnerkey": {p.PartnerKey}, "Partnertoken": {p.PartnerToken}, "Refresh-Token": {p.RefreshToken},
		"Content-Type": {formType},
	}, url.Values{"msu_idx": {decimal(seller.SellerID)}, "msc_idx": {"1"}, "managecode": {wrong}}.Encode()))
}

const formType = "application/x-www-form-urlencoded"

// callWrongly sends secrets in places where they do not belong, and in requests that are broken.
func (h *secretive) callWrongly() {
	p := h.made.Partners[1].Credentials
	right := http.Header{
		"Partnerkey": {p.PartnerKey}, "Partnertoken": {p.PartnerToken}, "X-Refresh-Token": {p.RefreshToken}, "X-Request-Id": {h.planted},
	}
	changed := func(name, value string) http.Header {
		header := right.Clone()
		header.Set(name, value)
		return header
	}
	everything := url.Values{"client_id": {p.PartnerKey}, "client_secret": {p.PartnerToken}, "refresh_token": {p.RefreshToken}}.Encode()
	bearer := http.Header{"Authorization": {h.bearer}, "Content-Type": {"application/json"}, "X-Request-Id": {h.planted}}
	for _, sent := range []struct {
		method, path string
		header       http.Header
		body         string
	}{
		{http.MethodPost, "/api/v1/common/getAccessToken", changed("Partnertoken", p.PartnerToken+"x"), ""},
		{http.MethodPost, "/api/v1/common/getAccessToken", changed("Partnerkey", p.PartnerToken), ""},
		{http.MethodPost, "/api/v1/common/getAccessToken", changed("X-Refresh-Token", h.known.know("spoilt refresh token", p.RefreshToken[1:])), ""},
		{http.MethodPost, "/api/v1/giftimbiz/listAll?partner_id=" + p.PartnerToken + "&" + everything, right, ""},
		{http.MethodPost, "/api/v1/giftimbiz/listAll", changed("Content-Type", formType), everything + "&%zz"},
		{http.MethodPost, "/api/v1/giftimbiz/buyGifticoupon", changed("Content-Type", "application/json"), `{"md_idx":"` + p.PartnerToken + `","cash":["`},
		{http.MethodGet, "/api/v1/" + p.PartnerToken, right, ""},
		{http.MethodPost, "/api/v2/token?" + everything, http.Header{"Content-Type": {formType}}, everything},
		{http.MethodPost, "/api/v2/token", http.Header{"Content-Type": {formType}}, everything + "&client_secret=x&grant_type=client_credentials"},
		{http.MethodPost, "/api/v2/token", http.Header{"Content-Type": {formType}, "Authorization": {"Basic " + p.PartnerToken}}, "grant_type=client_credentials"},
		{http.MethodGet, "/api/v2/orders?q=" + p.PartnerToken, bearer, ""},
		{http.MethodGet, "/api/v2/balance", http.Header{"Authorization": {p.PartnerToken}, "X-Request-Id": {h.planted}}, ""},
		{http.MethodGet, "/api/v2/orders/" + p.PartnerToken, bearer, ""},
		{http.MethodPost, "/api/v2/orders", bearer, `{"reference":"` + p.PartnerToken + `"`},
		{http.MethodGet, "/v/" + p.PartnerToken, right, ""},
		{http.MethodGet, "/r/" + p.PartnerToken, right, ""},
		{http.MethodGet, "/" + p.PartnerToken + "?" + everything, right, ""},
		{"PROPFIND", "/console/", right, everything}, // its page would name its own address
	} {
		a := h.send(sent.method, sent.path, sent.header, sent.body)
		if found := h.known.find(a.body); len(found) > 0 && found[0].of != "planted" {
			h.t.Errorf("%s %s is answered with the %s", sent.method, sent.path, found[0].of)
		}
		h.note(a)
	}
	for _, raw := range []string{
		"GET /?" + everything + " HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nPartnertoken " + p.PartnerToken + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + p.PartnerToken + "\r\n\r\n",
		p.PartnerToken + " " + p.RefreshToken + "\r\n\r\n",
		"POST /api/v1/giftimbiz/listAll HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n" + everything,
	} {
		h.wrong.Write(h.sendRaw(raw))
	}
}

// sendRaw sends bytes, and hangs up in the middle of what they promise.
func (h *secretive) sendRaw(text string) []byte {
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.served.URL, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // nothing more is wanted
	_ = conn.SetDeadline(time.Now().Add(programtest.Patience))
	_, err = io.WriteString(conn, text)
	if half, ok := conn.(*net.TCPConn); ok {
		err = errors.Join(err, half.CloseWrite())
	}
	if err != nil {
		h.t.Fatal(err)
	}
	answer, _ := io.ReadAll(conn) // however it ends
	return answer
}

// send sends a request, and follows nothing.
func (h *secretive) send(method, path string, header http.Header, body string) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.served.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if header != nil {
		req.Header = header.Clone()
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	a := answer{t: h.t, status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		h.t.Fatal(err)
	}
	return a
}

// note keeps the answer to a wrong request.
func (h *secretive) note(a answer) {
	_ = a.header.Write(&h.wrong) // to memory
	h.wrong.Write(a.body)
}

func (h *secretive) get(path string) []byte {
	h.t.Helper()
	a := h.send(http.MethodGet, path, nil, "")
	if a.status != http.StatusOK {
		h.t.Fatalf("GET %s: HTTP %d %s", path, a.status, a.body)
	}
	return a.body
}

// do runs a command on the database and returns what it printed.
func (h *secretive) do(args ...string) string {
	h.t.Helper()
	return programtest.Do(h.t, append(args, "--data", h.data, "--database", h.database, "--log-level", "debug")...)
}

// runCommands runs those that show a secret, once, and others, rightly and wrongly.
func (h *secretive) runCommands() {
	shown := func(what, label, text string) {
		h.t.Helper()
		match := regexp.MustCompile(`(?m)^` + label + `[= ]+(\S+)$`).FindStringSubmatch(text)
		if match == nil {
			h.t.Fatalf("no %s in what is shown", label)
		}
		h.known.know(what, match[1])
	}
	opened := h.do("partner", "create", "other", "--title", h.planted)
	rotated := h.do("partner", "rotate", "other")
	for _, label := range []string{"PARTNERKEY", "PARTNERTOKEN", "REFRESH_TOKEN"} {
		shown("new partner's "+label, label, opened)
		shown("partner's other "+label, label, rotated)
	}
	added := h.do("webhook", "add", "other", "https://shop.example/hooks")
	shown("webhook's secret by command", "WEBHOOK_SECRET", added)
	id := regexp.MustCompile(`WEBHOOK_ID=(\d+)`).FindStringSubmatch(added)[1]
	shown("webhook's other secret by command", "WEBHOOK_SECRET", h.do("webhook", "rotate", id))
	for _, args := range [][]string{{"partner", "list"}, {"webhook", "list", "other"}, {"keys", "show"}, {"keys", "rotate"}, {"doctor"}, {"topup", "other", "1000"}} {
		h.printed.WriteString(h.do(args...))
	}
	if strings.HasPrefix(h.database, "postgres") { // one that cannot be reached
		u, err := url.Parse(h.database)
		if err != nil {
			h.t.Fatal(err)
		}
		u.Host = "127.0.0.1:1"
		for _, database := range []string{u.String(), u.String() + "&sslmode=nonsense", strings.Replace(u.String(), ":1/", ":x/", 1)} {
			said, err := exec.Command(programtest.Built(h.t), "doctor", "--data", h.data, "--database", database).CombinedOutput()
			if err == nil {
				h.t.Errorf("the doctor looked at %s", u.Host)
			}
			h.printed.Write(said)
		}
	}
}

// backUp makes backups of both kinds and searches them, what is in them, and what is made of them again.
func (h *secretive) backUp() {
	folder := h.t.TempDir()
	plain, sealed := filepath.Join(folder, "plain"), filepath.Join(folder, "sealed")
	h.printed.WriteString(h.do("backup", "--to", plain))
	h.printed.WriteString(h.do("backup", "--to", sealed, "--encrypt"))
	restored := h.t.TempDir()
	h.printed.WriteString(programtest.Do(h.t, "restore", sealed, "--data", restored, "--key-file", filepath.Join(h.data, "vault.keys")))
	h.known.expectIn("what is restored", restored)
	text, err := os.ReadFile(plain)
	if err != nil {
		h.t.Fatal(err)
	}
	h.known.look("a plain backup", text)
	h.known.expect("a plain backup, unpacked", unpacked(h.t, text))
	if text, err = os.ReadFile(sealed); err != nil {
		h.t.Fatal(err)
	}
	if h.known.look("an encrypted backup", text) {
		h.t.Error("an encrypted backup can be read")
	}
}

// unpacked is what stands in a plain backup.
func unpacked(t *testing.T, file []byte) []byte {
	t.Helper()
	_, packed, _ := bytes.Cut(file, []byte("\n"))
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false) // a hash follows
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// dump returns all rows of a PostgreSQL database.
func (h *secretive) dump(database string) []byte {
	h.t.Helper()
	db := programtest.Raw(h.t, database)
	var all bytes.Buffer
	for _, table := range column(h.t, db, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`) {
		for _, row := range column(h.t, db, `SELECT t::text FROM "`+table+`" t`) {
			all.WriteString(row + "\n")
		}
	}
	return all.Bytes()
}

func column(t *testing.T, db *sql.DB, query string) (texts []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // it only read
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

// close stops the server and searches what it and the commands said, and what they left.
func (h *secretive) close() {
	h.t.Helper()
	if err := h.served.Terminate(); err != nil {
		h.t.Errorf("the server did not stop in order: %v", err)
	}
	h.known.expect("what the server printed", []byte(h.served.Output.String()))
	h.known.expect("what commands printed", h.printed.Bytes())
	h.known.expect("answers to wrong requests", h.wrong.Bytes())
	h.known.expect("spans", h.collector.Raw())
	if err := os.WriteFile(filepath.Join(h.temporary, "planted"), []byte(h.planted), 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.known.expectIn("the folder for temporary files", h.temporary)
	h.t.Logf("%d secrets were looked for: %s", len(h.known.names), h.summary())
}

func (h *secretive) summary() string {
	counts := map[string]int{}
	for _, name := range h.known.names {
		counts[name]++
	}
	return fmt.Sprint(counts)
}
