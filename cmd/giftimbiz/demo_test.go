package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"giftimbiz/client"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/programtest"
)

// TestTheDemoIsWholeAfterAStartWhateverEndedTheOneBefore kills the first start of a demo when its database or folder has
// come so far, and starts again.
func TestTheDemoIsWholeAfterAStartWhateverEndedTheOneBefore(t *testing.T) {
	for name, reached := range map[string]func(d *demoFolder) bool{
		"at the keys":                    func(d *demoFolder) bool { return d.has("vault.keys") },
		"at the empty schema":            func(d *demoFolder) bool { return d.count("change_clock") > 0 },
		"at the pictures":                func(d *demoFolder) bool { return d.count("media") > 0 },
		"at the stock":                   func(d *demoFolder) bool { return d.count("offers") > 0 },
		"at the operator":                func(d *demoFolder) bool { return d.count("operators") > 0 },
		"at the codes":                   func(d *demoFolder) bool { return d.count("sellers WHERE code_hash <> ''") > 0 },
		"at the first partner":           func(d *demoFolder) bool { return d.count("partners") > 0 },
		"at the first deposit":           func(d *demoFolder) bool { return d.count("ledger_transactions") > 0 },
		"at the second partner":          func(d *demoFolder) bool { return d.count("partners") > 1 },
		"at the credentials":             func(d *demoFolder) bool { return d.has("credentials.json") },
		"at the first line, file gone":   func(d *demoFolder) bool { return d.said("ready") && d.lose("credentials.json") },
		"at the first line, both gone":   func(d *demoFolder) bool { return d.said("ready") && d.lose("credentials.json") && d.lose("demo.env") },
		"at the first line, file broken": func(d *demoFolder) bool { return d.said("ready") && d.spoil("credentials.json") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &demoFolder{t: t, dir: t.TempDir()}
			d.start()
			programtest.Eventually(t, name, func() bool { return reached(d) })
			d.program.Kill()
			reached(d) // again: the process may have written what was destroyed before it was killed
			d.useAll()
		})
	}
}

// demoFolder is the data folder of demos that run one after the other.
type demoFolder struct {
	t       *testing.T
	dir     string
	db      *sql.DB
	program *programtest.Program
}

func (d *demoFolder) start() {
	d.program = programtest.Launch(d.t, programtest.Built(d.t), "demo", "--data", d.dir, "--offers", "40")
}

func (d *demoFolder) has(file string) bool {
	_, err := os.Stat(filepath.Join(d.dir, file))
	return err == nil
}

func (d *demoFolder) said(text string) bool { return strings.Contains(d.program.Output.String(), text) }

func (d *demoFolder) lose(file string) bool {
	if err := os.RemoveAll(filepath.Join(d.dir, file)); err != nil {
		d.t.Fatal(err)
	}
	return true
}

func (d *demoFolder) spoil(file string) bool {
	if err := os.WriteFile(filepath.Join(d.dir, file), []byte(`{"base_url": "http://127.0`), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return true
}

// count looks into the database from outside; what is not there yet counts 0.
func (d *demoFolder) count(from string) (n int) {
	if !d.has("giftimbiz.db") {
		return 0
	}
	if d.db == nil {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(d.dir, "giftimbiz.db")+"?mode=ro&_pragma=busy_timeout(10000)")
		if err != nil {
			d.t.Fatal(err)
		}
		d.db = db
		d.t.Cleanup(func() { _ = db.Close() }) // it only read
	}
	_ = d.db.QueryRow("SELECT count(*) FROM " + from).Scan(&n) // fails as long as there is no such table
	return n
}

// useAll starts the demo again and uses everything that credentials.json names.
func (d *demoFolder) useAll() {
	t := d.t
	s := programtest.Start(t, "demo", "--data", d.dir, "--offers", "40")
	made := programtest.Credentials(t, d.dir)
	if made.BaseURL != s.URL || made.Console.Password == "" || len(made.Partners) != 2 || len(made.Sellers) != 60 {
		t.Fatalf("credentials.json is not complete: %d partners, %d sellers, %s", len(made.Partners), len(made.Sellers), made.BaseURL)
	}
	if made.Partners[0].Balance != 10_000_000 {
		t.Errorf("the balance is %d", made.Partners[0].Balance)
	}
	shell, err := os.ReadFile(filepath.Join(d.dir, "demo.env"))
	if err != nil || !bytes.Contains(shell, []byte(made.Partners[0].PartnerKey)) {
		t.Errorf("demo.env is of another start: %v", err)
	}
	for _, p := range made.Partners {
		redeemOne(t, client.New(client.Options{BaseURL: s.URL, Credentials: p.Credentials}), made)
	}
	if err := s.Terminate(); err != nil {
		t.Errorf("the demo did not stop in order: %v", err)
	}
	if said := programtest.Do(t, "doctor", "--data", d.dir); !strings.Contains(said, "healthy") {
		t.Errorf("the doctor says %s", said)
	}
}

// redeemOne buys a free star coupon and has its shop's seller redeem it.
func redeemOne(t *testing.T, c *client.Client, made *demo.Credentials) {
	t.Helper()
	call := func(endpoint string, params map[string][]string) json.RawMessage {
		t.Helper()
		answer, err := c.Call(t.Context(), endpoint, params)
		if err != nil {
			t.Fatalf("%s: %v", endpoint, err)
		}
		return answer
	}
	var list struct {
		List []map[string]any `json:"list"`
	}
	decode(t, call("giftimbiz/starListAll", map[string][]string{"site": {"gift"}, "limit": {"1"}}), &list)
	star := list.List[0]
	var bought struct {
		Coupon string `json:"msc_idx"`
	}
	decode(t, call("giftimbiz/buyStarcoupon", map[string][]string{
		"md_idx": {star["md_idx"].(string)}, "msl_idx": {star["msl_idx"].(string)}, "msc_idx": {star["msc_idx"].(string)},
		"cash": {star["disprice"].(string)}, "product": {star["ms_product"].(string)},
	}), &bought)
	for _, seller := range made.Sellers {
		if shop := star["ms_idx"].(string); shop == decimal(seller.ShopID) {
			call("gifticon/setUseStarCoupon", map[string][]string{
				"msu_idx": {decimal(seller.SellerID)}, "msc_idx": {bought.Coupon}, "managecode": {seller.ManagerCode},
			})
			return
		}
	}
	t.Fatalf("no seller of shop %v", star["ms_idx"])
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func decode(t *testing.T, text json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
