package archtest

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")
	comment    = regexp.MustCompile(`(?m)\s*#.*$`)
	tableName  = regexp.MustCompile("(?m)^\\| (`[^|]*`|–) \\|")
	link       = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

func TestBothReadmesShowTheSameCommands(t *testing.T) {
	root := projectRoot(t)
	commands := func(name string) []string {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			found = append(found, comment.ReplaceAllString(block[1], ""))
		}
		for _, row := range tableName.FindAllStringSubmatch(string(text), -1) {
			found = append(found, row[1])
		}
		return found
	}
	english, korean := commands("README.md"), commands("README.ko.md")
	if len(english) < 20 {
		t.Errorf("only %d commands found in README.md: the test looks at the wrong things", len(english))
	}
	if slices.Equal(english, korean) {
		return
	}
	for i := range min(len(english), len(korean)) {
		if english[i] != korean[i] {
			t.Errorf("README.md shows\n%s\nwhere README.ko.md shows\n%s", english[i], korean[i])
		}
	}
	t.Errorf("%d commands in README.md, %d in README.ko.md", len(english), len(korean))
}

func TestLinksInDocumentsLeadSomewhere(t *testing.T) {
	files := projectFiles(t)
	known := map[string]bool{}
	for _, f := range files {
		for name := f.path; name != "."; name = path.Dir(name) {
			known[name] = true
		}
	}
	for _, f := range files {
		if path.Ext(f.path) != ".md" {
			continue
		}
		for _, target := range link.FindAllStringSubmatch(string(f.text), -1) {
			if to := path.Join(path.Dir(f.path), strings.TrimSuffix(target[1], "/")); !known[to] {
				t.Errorf("%s links to %s, which does not exist", f.path, to)
			}
		}
	}
}

var testName = regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]*)`")

// TestTheThreatModelNamesTestsThatExist: what shows that a threat is answered must not get lost by a new name.
func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	var model string
	known := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, f := range projectFiles(t) {
		switch {
		case f.path == "docs/security.md":
			model = string(f.text)
		case strings.HasSuffix(f.path, "_test.go"):
			for _, name := range function.FindAllStringSubmatch(string(f.text), -1) {
				known[name[1]] = true
			}
		}
	}
	named := testName.FindAllStringSubmatch(model, -1)
	for _, name := range named {
		if !known[name[1]] {
			t.Errorf("docs/security.md names %s, which does not exist", name[1])
		}
	}
	if len(named) < 80 {
		t.Errorf("only %d tests are named: the test looks at the wrong things", len(named))
	}
}
