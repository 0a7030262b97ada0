package archtest

import (
	"slices"
	"testing"
)

// Rooms by their place: arrows point down this list only.
var (
	command = []string{"cmd"}
	// wiring puts all rooms together, for cmd and for tests that run a whole server.
	wiring   = []string{"internal/server", "internal/demo"}
	surfaces = []string{"internal/partnerapi", "internal/partnerv2", "internal/redeem", "internal/console", "internal/media", "internal/docs"}
	engines  = []string{"internal/purchase", "internal/catalog", "internal/credential", "internal/office", "internal/webhook", "internal/job", "internal/intake", "internal/lending"}
	domain   = []string{"internal/gift"}

	// samples are data; what they are for is loaded by internal/demo like any other stock.
	samples = []string{"internal/sample"}

	store = []string{"internal/storage"}
	// basics serve every room and know none of them.
	basics = []string{
		"internal/clock", "internal/vault", "internal/region", "internal/fold", "internal/locale", "internal/requestid",
		"internal/peer", "internal/sheet", "internal/quote", "internal/rehearsal", "internal/tracing", "internal/rate", "internal/trail",
		"internal/backup", "internal/whole",
	}
	// testHelpers are for tests and measurements; nothing of them is in the product.
	testHelpers = []string{
		"internal/storage/storagetest", "internal/pgtest", "internal/browsertest", "internal/child", "internal/archtest",
		"internal/contract", "internal/programtest", "internal/faults", "internal/tracing/otlptest",
	}
	// runsPrograms are those of them that run what cmd and the wiring make.
	runsPrograms = []string{"internal/programtest", "internal/faults"}
	measuring    = []string{"internal/bench"}

	// examples are programs of partners, to copy from.
	examples = []string{"examples"}
	// forPartners is for partners' tests; it runs a whole server.
	forPartners = []string{"client/clienttest"}
)

// importRule says what the code of some rooms must not import. Tests are free: they may put any parts together.
type importRule struct {
	name    string
	rooms   func(room string) bool
	forbids func(imported string) bool
	because string
}

var importRules = []importRule{
	{
		"the domain imports the standard library only", in(domain...),
		func(imported string) bool { return !isStandard(imported) },
		"everything points at it; it must stay readable and testable by itself",
	},
	{
		"the client SDK imports the standard library only", exactly("client"),
		func(imported string) bool { return !isStandard(imported) },
		"partners take it into their own programs, without the server's code or dependencies",
	},
	{
		"purchase and catalog know neither SQL nor HTTP", in("internal/purchase", "internal/catalog"),
		func(imported string) bool { return within(imported, "database/sql", "net/http") },
		"they decide; storage and the surfaces carry",
	},
	{
		"nothing imports cmd or examples", everywhere,
		rooms(command, examples),
		"they are the programs, so they come last",
	},
	{
		"examples import the client, the standard library and SQLite only", in(examples...),
		func(imported string) bool {
			return !isStandard(imported) && imported != module+"/client" && imported != "modernc.org/sqlite"
		},
		"partners copy them into their own programs",
	},
	{
		"the wiring is imported by cmd and by what tests whole programs only", except(command, wiring, forPartners, runsPrograms),
		rooms(wiring),
		"it knows all rooms, so none of them can know it",
	},
	{
		"engines do not import surfaces, storage or cmd", in(engines...),
		rooms(surfaces, store, command),
		"an engine declares the small interface it needs",
	},
	{
		"surfaces do not import storage", in(surfaces...),
		rooms(store),
		"a surface declares the small interface it needs; only the wiring knows both",
	},
	{
		"the basic rooms import no other room but the domain", in(basics...),
		func(imported string) bool {
			room := roomOf(imported)
			return room != "" && !within(room, domain...) && !within(room, basics...)
		},
		"every room may use them",
	},
	{
		"the sample catalogue knows the domain only", in(samples...),
		func(imported string) bool {
			room := roomOf(imported)
			return room != "" && !within(room, domain...) && !within(room, samples...)
		},
		"it is made up without a database, a server or a clock",
	},
	{
		"the sample catalogue is imported by the wiring and cmd only", except(command, wiring, samples),
		rooms(samples),
		"a server that serves real stock has nothing to do with it",
	},
	{
		"storage is imported by the wiring, cmd, what partners test with and its own sub-packages only", except(command, wiring, store, measuring, forPartners),
		rooms(store),
		"its users declare interfaces; only the wiring sees both sides",
	},
	{
		"storage imports no surface but those whose rows it stores", in(store...),
		func(imported string) bool {
			room := roomOf(imported)
			return within(room, surfaces...) && !within(room, "internal/redeem", "internal/media")
		},
		"it satisfies interfaces, it does not know the wire",
	},
	{
		"helpers of tests stay out of the product", except(testHelpers, measuring, forPartners),
		func(imported string) bool {
			return within(roomOf(imported), testHelpers...) || within(imported, "testing", "net/http/httptest")
		},
		"a server does not carry its tests",
	},
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	files := projectFiles(t)
	for _, rule := range importRules {
		t.Run(rule.name, func(t *testing.T) {
			for _, f := range files {
				if f.source == nil || f.isTest() || !rule.rooms(f.source.room) {
					continue
				}
				for _, imported := range f.source.imports {
					if rule.forbids(imported) {
						t.Errorf("%s imports %s\n%s: %s", f.path, imported, rule.name, rule.because)
					}
				}
			}
		})
	}
}

// TestTheRulesCatchWhatTheyAreFor keeps a rule from becoming blind.
func TestTheRulesCatchWhatTheyAreFor(t *testing.T) {
	for _, test := range []struct {
		room, imported string
		broken         bool
	}{
		{"internal/gift", "time/tzdata", false},
		{"internal/gift", "golang.org/x/text", true},
		{"internal/gift", "giftimbiz/internal/clock", true},
		{"client", "net/http", false},
		{"client", "giftimbiz/internal/gift", true},
		{"client", "net/http/httptest", true},
		{"client", "giftimbiz/client/clienttest", true},
		{"client/clienttest", "giftimbiz/internal/server", false},
		{"client/clienttest", "testing", false},
		{"internal/purchase", "giftimbiz/internal/gift", false},
		{"internal/purchase", "giftimbiz/internal/storage", true},
		{"internal/purchase", "database/sql/driver", true},
		{"internal/catalog", "net/http", true},
		{"internal/catalog", "giftimbiz/internal/partnerapi", true},
		{"internal/partnerapi", "giftimbiz/internal/purchase", false},
		{"internal/partnerapi", "giftimbiz/internal/storage", true},
		{"internal/redeem", "giftimbiz/cmd/giftimbiz", true},
		{"internal/storage", "giftimbiz/internal/redeem", false},
		{"internal/storage", "giftimbiz/internal/partnerapi", true},
		{"internal/storage/storagetest", "giftimbiz/internal/storage", false},
		{"internal/storage/storagetest", "testing", false},
		{"internal/storage", "giftimbiz/internal/pgtest", true},
		{"cmd/giftimbiz", "giftimbiz/internal/storage", false},
		{"cmd/giftimbiz", "giftimbiz/internal/server", false},
		{"internal/server", "giftimbiz/internal/storage", false},
		{"internal/server", "giftimbiz/cmd/giftimbiz", true},
		{"internal/server", "giftimbiz/internal/pgtest", true},
		{"internal/demo", "giftimbiz/internal/sample", false},
		{"internal/console", "giftimbiz/internal/server", true},
		{"internal/office", "giftimbiz/internal/demo", true},
		{"cmd/giftimbiz", "net/http/httptest", true},
		{"examples/storefront", "giftimbiz/client", false},
		{"examples/storefront", "modernc.org/sqlite", false},
		{"examples/storefront", "giftimbiz/internal/gift", true},
		{"examples/storefront", "github.com/spf13/cobra", true},
		{"internal/clock", "giftimbiz/internal/catalog", true},
		{"internal/fold", "giftimbiz/internal/catalog", true},
		{"internal/locale", "giftimbiz/internal/partnerapi", true},
		{"internal/partnerapi", "giftimbiz/internal/locale", false},
		{"internal/sample", "giftimbiz/internal/gift", false},
		{"internal/sample", "giftimbiz/internal/storage", true},
		{"internal/partnerapi", "giftimbiz/internal/sample", true},
		{"cmd/giftimbiz", "giftimbiz/internal/sample", false},
	} {
		broken := slices.ContainsFunc(importRules, func(rule importRule) bool {
			return rule.rooms(test.room) && rule.forbids(test.imported)
		})
		if broken != test.broken {
			t.Errorf("%s importing %s: broken = %v, want %v", test.room, test.imported, broken, test.broken)
		}
	}
}

func everywhere(string) bool { return true }

func in(folders ...string) func(string) bool {
	return func(room string) bool { return within(room, folders...) }
}

func except(lists ...[]string) func(string) bool {
	return func(room string) bool { return !withinAny(room, lists) }
}

// rooms matches import paths of this module.
func rooms(lists ...[]string) func(string) bool {
	return func(imported string) bool { return withinAny(roomOf(imported), lists) }
}

func exactly(folder string) func(string) bool {
	return func(room string) bool { return room == folder }
}

func withinAny(room string, lists [][]string) bool {
	for _, list := range lists {
		if within(room, list...) {
			return true
		}
	}
	return false
}
