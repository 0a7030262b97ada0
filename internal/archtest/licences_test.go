package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestThirdPartyNamesWhatIsBuiltIn compares THIRD_PARTY.md with the modules of the program and the files of others in its pages.
func TestThirdPartyNamesWhatIsBuiltIn(t *testing.T) {
	root := projectRoot(t)
	page, err := os.ReadFile(filepath.Join(root, "THIRD_PARTY.md"))
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for line := range strings.Lines(string(page)) {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			named = append(named, heading)
		}
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}", "./cmd/giftimbiz")
	list.Dir = root
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := slices.Compact(slices.Sorted(slices.Values(strings.Split(strings.TrimSpace(string(out)), "\n"))))
	if len(modules) < 20 {
		t.Errorf("only %d modules: the test looks at the wrong things", len(modules))
	}
	for _, module := range modules {
		if module == "" {
			continue
		}
		path, version, _ := strings.Cut(module, " ")
		if !slices.ContainsFunc(named, func(name string) bool { // a licence may be of a part of a module
			return strings.HasPrefix(name, path) && strings.HasSuffix(name, version)
		}) {
			t.Errorf("THIRD_PARTY.md does not name %s; make third-party writes it anew", module)
		}
	}
}
