package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"giftimbiz/internal/programtest"
)

// TestTheReadmesCommandsBuySomething pastes what the README says into bash, beside a demo that was started in an empty
// folder, and again after a second start.
func TestTheReadmesCommandsBuySomething(t *testing.T) {
	for _, needed := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("skipped: %v", err)
		}
	}
	script := strings.Join(shellBlocks(t, "Buy something"), "\n")
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(programtest.Built(t), filepath.Join(folder, "bin", "giftimbiz")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	for start, says := range []string{"(live, 10000000 won)", "--offers 7 --seed 1 is ignored"} {
		args := []string{"demo"}
		if start > 0 {
			args = append(args, "--offers", "7")
		}
		demo := programtest.Start(t, args...)
		if said := demo.Output.String(); !strings.Contains(said, says) || strings.Contains(said, "10000000 won") != (start == 0) {
			t.Errorf("start %d, which should say %q, says\n%s", start, says, said)
		}
		bash := exec.Command("bash", "-euo", "pipefail", "-c", script)
		out, err := bash.CombinedOutput()
		if err != nil {
			t.Fatalf("start %d: %v\n%s", start, err, out)
		}
		// The list, the purchase, its history; the list and the history again by the binary.
		succeeded := regexp.MustCompile(`"result": ?"0000"`)
		if n := len(succeeded.FindAll(out, -1)); n != 5 {
			t.Errorf("start %d: %d of 5 calls succeeded:\n%s", start, n, out)
		}
		bought := regexp.MustCompile(`"tid": ?"([^"]+)"`).FindAllStringSubmatch(string(out), -1)
		if len(bought) != 3 || bought[0][1] != bought[1][1] || bought[0][1] != bought[2][1] {
			t.Errorf("start %d: the history does not begin with the purchase: %v\n%s", start, bought, out)
		}
		if err := demo.Terminate(); err != nil {
			t.Errorf("start %d: %v", start, err)
		}
	}
}

// shellBlocks returns the sh blocks of a section of the README.
func shellBlocks(t *testing.T, section string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n## "+section+"\n")
	if !found {
		t.Fatalf("the README has no section %q", section)
	}
	body, _, _ := strings.Cut(after, "\n## ")
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(body, -1) {
		blocks = append(blocks, block[1])
	}
	if len(blocks) < 5 {
		t.Fatalf("%d blocks in section %q: the test looks at the wrong things", len(blocks), section)
	}
	return blocks
}
