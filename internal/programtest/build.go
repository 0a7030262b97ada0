package programtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// checkFlags names the variable that holds what the tests are built with, one flag a line; see scripts/gotest.sh.
const checkFlags = "GIFTIMBIZ_CHECK_FLAGS"

// build is a program that the first test that needs it builds.
type build struct {
	pkg   string
	flags []string

	once sync.Once
	dir  string
	err  error
}

var (
	plain   = &build{pkg: "giftimbiz/cmd/giftimbiz"}
	checked = &build{pkg: "giftimbiz/cmd/giftimbiz", flags: strings.Split(os.Getenv(checkFlags), "\n")}
	shop    = &build{pkg: "giftimbiz/examples/storefront"}
)

// Built returns the path of the program as its users have it. It starts and fills a demo several times faster than one under
// the race detector does.
func Built(t testing.TB) string { return plain.path(t) }

// Checked returns the path of the program as the tests are built: under the race detector when make test runs them so.
func Checked(t testing.TB) string {
	if os.Getenv(checkFlags) == "" {
		return Built(t)
	}
	return checked.path(t)
}

// Storefront returns the path of the example of a partner's shop.
func Storefront(t testing.TB) string { return shop.path(t) }

func (b *build) path(t testing.TB) string {
	t.Helper()
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "giftimbiz-built-"); b.err != nil {
			return
		}
		cmd := exec.Command("go", append(append([]string{"build", "-buildvcs=false", "-o", b.dir}, b.flags...), b.pkg)...)
		if b.flags == nil {
			cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0") // as make build and releases
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return filepath.Join(b.dir, filepath.Base(b.pkg))
}

// Main is TestMain of a package whose tests share nothing but what is here.
func Main(m *testing.M) {
	code := m.Run()
	Remove()
	os.Exit(code)
}

// Remove ends what tests share and removes what was built. TestMain calls it last.
func Remove() {
	for _, b := range []*build{plain, checked, shop} {
		_ = os.RemoveAll(b.dir) // a temporary folder; "" is none
	}
	if cluster.started != nil {
		_ = cluster.started.Stop() // its folder is temporary
	}
}
