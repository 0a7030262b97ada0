package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/child"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/webhook"
)

const guidesFolder = "../../internal/docs/guides/"

// snippet is a fenced block of a guide. Its opening line names the language and what it is for: v1, v2, keys, borrow (keys of a
// sandbox), source (SDK and command line) or webhook.
type snippet struct{ lang, use, code string }

var fenced = regexp.MustCompile("(?ms)^```([a-z]+) ([a-z0-9]+)\n(.*?)^```$")

// snippetsOf returns the snippets of a text; all of its blocks must be such.
func snippetsOf(t *testing.T, text string) (list []snippet) {
	t.Helper()
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		list = append(list, snippet{block[1], block[2], block[3]})
	}
	if fences := strings.Count("\n"+text, "\n```"); fences != 2*len(list) {
		t.Errorf("%d fences for %d snippets: one has no language or use", fences, len(list))
	}
	return list
}

// snippetServer is a server whose sandbox partner the snippets act for.
type snippetServer struct {
	*testServer
	env map[string]string
}

func startForSnippets(t *testing.T) *snippetServer {
	lends := true
	s := startServer(t, "sqlite:"+t.TempDir()+"/giftimbiz.db", func(c *config) { c.OpenSandboxes = &lends })
	p, err := s.made.Partner("devtest1")
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return &snippetServer{s, map[string]string{
		"BASE_URL": s.url, "PARTNER_ID": p.PartnerID, "PARTNERKEY": p.PartnerKey, "PARTNERTOKEN": p.PartnerToken,
		"REFRESH_TOKEN": p.RefreshToken, "GIFTIMBIZ_SOURCE": source, "GOFLAGS": "-buildvcs=false",
	}}
}

// fill puts the keys where a reader's browser does.
func (s *snippetServer) fill(code string) string {
	return strings.NewReplacer(
		"https://gift.example", s.env["BASE_URL"], "YOUR-PARTNER-ID", s.env["PARTNER_ID"], "YOUR-PARTNERKEY", s.env["PARTNERKEY"],
		"YOUR-PARTNERTOKEN", s.env["PARTNERTOKEN"], "YOUR-REFRESH-TOKEN", s.env["REFRESH_TOKEN"],
	).Replace(code)
}

func (s *snippetServer) environ(more ...string) []string {
	env := append(os.Environ(), more...)
	for name, value := range s.env {
		env = append(env, name+"="+value)
	}
	return env
}

// needs skips a test whose programs this machine does not have.
func needs(t *testing.T, lang string) {
	t.Helper()
	for _, program := range map[string][]string{"sh": {"bash", "curl", "jq"}, "php": {"php"}, "js": {"node"}}[lang] {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("skipped: %v", err)
		}
	}
}

// run runs a program to its end, which must be a success that says something.
func (s *snippetServer) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Env = s.environ()
	out, err := cmd.CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheGuidesCommandsRun pastes the shell commands of each guide into bash, for each version of the API what it shows of it.
func TestTheGuidesCommandsRun(t *testing.T) {
	s := startForSnippets(t)
	files, err := filepath.Glob(guidesFolder + "*.??.md")
	if err != nil || len(files) < 18 {
		t.Fatalf("%d guides, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts := map[string]string{}
		for _, sn := range snippetsOf(t, string(text)) {
			if sn.lang != "sh" {
				t.Errorf("%s: a program in %s stands in one language's guide only", file, sn.lang)
			}
			if sn.use == "keys" {
				scripts["v1"] += sn.code
				scripts["v2"] += sn.code
				continue
			}
			scripts[sn.use] += sn.code
		}
		for version, script := range scripts {
			t.Run(filepath.Base(file)+"-"+version, func(t *testing.T) {
				s := &snippetServer{s.in(t), s.env}
				needs(t, "sh")
				cmd := exec.Command("bash", "-euo", "pipefail", "-c", s.fill(script))
				cmd.Dir = t.TempDir()
				s.run(t, cmd)
			})
		}
	}
}

// programsOf returns the programs that guides of both languages show, by name.
func programsOf(t *testing.T) map[string][]snippet {
	t.Helper()
	text, err := os.ReadFile(guidesFolder + "programs.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string][]snippet{}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		programs[name] = snippetsOf(t, rest)
	}
	return programs
}

// TestTheGuidesProgramsRun runs the programs of the guides in their languages.
func TestTheGuidesProgramsRun(t *testing.T) {
	s := startForSnippets(t)
	for name, programs := range programsOf(t) {
		for _, sn := range programs {
			if sn.use == "webhook" {
				continue
			}
			t.Run(name+"-"+sn.lang, func(t *testing.T) {
				s := &snippetServer{s.in(t), s.env}
				needs(t, sn.lang)
				s.run(t, sn.command(t))
			})
		}
	}
}

// command writes a program into a file and returns what runs it.
func (sn snippet) command(t *testing.T) *exec.Cmd {
	t.Helper()
	name, run := map[string]string{"php": "main.php", "js": "main.mjs", "go": "main.go"}[sn.lang], []string{"php"}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(sn.code), 0o600); err != nil {
		t.Fatal(err)
	}
	switch sn.lang {
	case "js":
		run = []string{"node"}
	case "go":
		binary := file + ".bin"
		if out, err := exec.Command("go", "build", "-o", binary, file).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return exec.Command(binary)
	}
	return exec.Command(run[0], append(run[1:], file)...)
}

// TestTheGuidesReceiversTakeOnlyWhatIsSigned starts each receiver of webhooks and sends it what is signed well, badly, long ago and
// not at all.
func TestTheGuidesReceiversTakeOnlyWhatIsSigned(t *testing.T) {
	s := startForSnippets(t)
	for _, sn := range programsOf(t)["webhook"] {
		t.Run(sn.lang, func(t *testing.T) {
			s := &snippetServer{s.in(t), s.env}
			needs(t, sn.lang)
			secret, port := webhook.NewSecret(), freePort(t)
			cmd := sn.command(t)
			if sn.lang == "php" {
				file := cmd.Args[len(cmd.Args)-1]
				cmd = exec.Command("php", "-S", "127.0.0.1:"+port, file)
			}
			cmd.Env = s.environ("PORT="+port, "WEBHOOK_SECRET="+secret)
			address := receiving(t, cmd, port)
			body, now := `{"type":"order.completed","timestamp":"2025-09-15T12:00:00.000+09:00","data":{}}`, time.Now()
			for _, test := range []struct {
				name, secret, sent string
				at                 time.Time
				ok                 bool
			}{
				{"signed", secret, body, now, true},
				{"signed with another secret", webhook.NewSecret(), body, now, false},
				{"changed on the way", secret, body + " ", now, false},
				{"signed long ago", secret, body, now.Add(-6 * time.Minute), false},
				{"signed in the future", secret, body, now.Add(6 * time.Minute), false},
			} {
				signature, err := webhook.Sign(test.secret, "evt_7", test.at, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				a := s.send(http.MethodPost, address, http.Header{
					"Content-Type": {"application/json"}, webhook.IDHeader: {"evt_7"},
					webhook.TimestampHeader: {strconv.FormatInt(test.at.Unix(), 10)}, webhook.SignatureHeader: {"v1,bm90aGluZw== " + signature},
				}, test.sent)
				if ok := a.status/100 == 2; ok != test.ok || !ok && a.status != http.StatusUnauthorized {
					t.Errorf("%s: %d %s", test.name, a.status, a.body)
				}
			}
			if a := s.send(http.MethodPost, address, http.Header{}, body); a.status != http.StatusUnauthorized {
				t.Errorf("not signed: %d", a.status)
			}
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := child.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// receiving starts a server and waits until it takes connections. It ends with the test.
func receiving(t *testing.T, cmd *exec.Cmd, port string) (address string) {
	t.Helper()
	programtest.Run(t, cmd, syscall.SIGKILL, (*programtest.Program).Kill)
	programtest.Eventually(t, "the receiver listens", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return "http://127.0.0.1:" + port + "/"
}
