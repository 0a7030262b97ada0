package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "giftimbiz"

// file is one text file of the project.
type file struct {
	path   string // from the project's root, with slashes
	text   []byte
	source *goFile // nil when it is not Go
}

// goFile is what the rules look at in a Go file. Build tags are not looked at: rules hold for all of them.
type goFile struct {
	room    string   // its folder from the project's root: internal/gift
	name    string   // of its package
	imports []string // whole import paths
	syntax  *ast.File
	fset    *token.FileSet
}

func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// projectFiles returns all text files below the project's root but what was built, downloaded or recorded there. They are read once.
func projectFiles(t *testing.T) []*file {
	t.Helper()
	projectRoot(t)
	files, err := readProject()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var readProject = sync.OnceValues(func() (files []*file, err error) {
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(root, name)
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		f, err := readFile(root, name)
		if f != nil {
			files = append(files, f)
		}
		return err
	})
	return files, err
})

// root is where the project is, seen from this folder.
const root = "../.."

func projectRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil || !bytes.HasPrefix(text, []byte("module "+module+"\n")) {
		t.Fatalf("%s is not the root of module %s: %v", root, module, err)
	}
	return root
}

func skipDir(root, name string) error {
	if name == root {
		return nil
	}
	base := filepath.Base(name)
	built := filepath.Dir(name) == root && slices.Contains([]string{"bin", "dist", "giftimbiz-data"}, base)
	hidden := strings.HasPrefix(base, ".") && base != ".ci"
	if built || hidden {
		return filepath.SkipDir
	}
	return nil
}

// readFile returns nil for what is not text.
func readFile(root, name string) (*file, error) {
	text, err := os.ReadFile(name)
	if err != nil || bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
		return nil, err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return nil, err
	}
	f := &file{path: filepath.ToSlash(rel), text: text}
	if strings.HasSuffix(f.path, ".go") {
		f.source, err = parseGo(f.path, text)
	}
	return f, err
}

func parseGo(name string, text []byte) (*goFile, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	g := &goFile{room: path.Dir(name), name: syntax.Name.Name, syntax: syntax, fset: fset}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		g.imports = append(g.imports, imported)
	}
	return g, nil
}

// isStandard tells whether an import path is of Go's standard library: only there the first part has no dot.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return first != module && !strings.Contains(first, ".")
}

// roomOf returns the folder of an import path of this module, or "" for any other.
func roomOf(imported string) string {
	room, ours := strings.CutPrefix(imported, module+"/")
	if !ours {
		return ""
	}
	return room
}

// within tells whether a folder is one of the given ones or below one.
func within(room string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return room == folder || strings.HasPrefix(room, folder+"/")
	})
}
