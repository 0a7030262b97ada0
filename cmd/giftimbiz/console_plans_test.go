package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/office"
)

// plans looks at what operators' requests ask the database in all tests of this package: no statement may go through all of
// a table that grows. A node's work in the background is not an operator's, nor is the command line's.
type plans struct {
	mu    sync.Mutex
	asked map[string]bool // guarded by mu: statements
}

// note is for storage.OpenWatched.
func (p *plans) note(ctx context.Context, statement string) {
	if office.ActorOf(ctx) == office.CommandLine || !hasPlan.MatchString(statement) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		p.asked = map[string]bool{}
	}
	p.asked[statement] = true
}

var hasPlan = regexp.MustCompile(`(?is)^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b`)

// small are the tables that may be read whole, and why.
var small = map[string]string{
	"categories":       "the guide names 22",
	"brands":           "as many as there are chains of shops",
	"operators":        "as many as work here",
	"price_rules":      "one for each category or brand at most",
	"node_leases":      "always 512",
	"change_clock":     "one row",
	"vault_keys":       "a root and one or two data keys",
	"settings":         "a few names",
	"jobs":             "a row for each of a dozen names",
	"unused_by_expiry": "a row for each day that coupons end on, and there are five years of them at most",
}

// readsAll are statements, found by some of their words, that go through a table that grows, and why they may. $ is the end.
var readsAll = []struct{ table, words, reason string }{
	{"accounts", "FROM accounts a) x GROUP BY kind", "the ledger's sums by kind: a row for each partner and shop, none for orders"},
	{"adjustments", "WHERE j.state = 1 ORDER BY j.id LIMIT", "an index of those that wait for approval only"},
	{"endpoints", "WHERE e.state = 1 LIMIT $1) waiting", "an index of those that are on only"},
	{"imports", "FROM imports WHERE busy = 1", "an index of the one that is being applied only"},
	{"imports", "FROM imports ORDER BY id DESC LIMIT", "begins at the newest, and ends after a page"},
	{"repricings", "FROM repricings ORDER BY id DESC LIMIT", "reads the newest and ends"},
	{"repricings", "FROM repricings WHERE busy = 1", "an index of the one that is being applied only"},
	{"products", "(SELECT COUNT(*) FROM (SELECT id FROM products LIMIT 10000)", "counted up to a bound"},
	{"shops", "(SELECT COUNT(*) FROM (SELECT id FROM shops LIMIT 10000)", "counted up to a bound"},
	{"sellers", "(SELECT COUNT(*) FROM (SELECT id FROM sellers LIMIT 10000)", "counted up to a bound"},
	{"campaigns", "(SELECT COUNT(*) FROM (SELECT id FROM campaigns LIMIT 10000)", "counted up to a bound"},
	{"offers", "FROM offers WHERE stopped = 1 LIMIT 10000)", "counted up to a bound, by an index of stopped ones only"},
	{"sellers", "code_hash FROM sellers WHERE name <> '' $", "a file of sellers is compared with all of them, in the background"},
	{"products", "LEFT JOIN price_rules rb ON", "the rules' rates of every product, each of which stands for many offers"},
}

func mayReadAll(table, statement string) bool {
	if _, ok := small[table]; ok {
		return true
	}
	return slices.ContainsFunc(readsAll, func(r struct{ table, words, reason string }) bool {
		return r.table == table && strings.Contains(statement+"$", r.words)
	})
}

// explained holds engine and text of the statements that were looked at: one look at each is enough.
var explained sync.Map

// check asks the engine about each statement that was noted. Nothing else uses the database any more.
func (p *plans) check(t testing.TB, database string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	file, lite := strings.CutPrefix(database, "sqlite:")
	asked := slices.DeleteFunc(slices.Sorted(maps.Keys(p.asked)), func(statement string) bool {
		_, known := explained.LoadOrStore(fmt.Sprint(lite, statement), true)
		return known
	})
	if len(asked) == 0 {
		return
	}
	driver, address, readsWhole := "pgx", database+"&default_query_exec_mode=simple_protocol", wholeInPostgres
	if lite {
		driver, address, readsWhole = "sqlite", file, wholeInSQLite
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // nothing is written that matters
	db.SetMaxOpenConns(1)
	if !lite {
		pretendLarge(t, db)
	}
	for _, statement := range asked {
		tables, err := readsWhole(db, statement)
		if err != nil {
			t.Errorf("explain: %v\n%s", err, statement)
		}
		for _, table := range tables {
			if !mayReadAll(table, statement) {
				t.Errorf("all of %s is read by\n%s", table, statement)
			}
		}
	}
}

var (
	scan        = regexp.MustCompile(`^SCAN (\w+)`)
	placeholder = regexp.MustCompile(`\$([0-9]+)`)
)

// wholeInSQLite returns the tables of which SQLite would read all, be it in an index's order.
func wholeInSQLite(db *sql.DB, statement string) (tables []string, err error) {
	known, err := texts(db, `SELECT name FROM sqlite_schema WHERE type = 'table'`, 1)
	if err != nil {
		return nil, err
	}
	steps, err := texts(db, "EXPLAIN QUERY PLAN "+statement, 4, make([]any, placeholders(statement))...)
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		if found := scan.FindStringSubmatch(step); found != nil {
			tables = append(tables, tablesNamed(found[1], statement, known)...)
		}
	}
	return tables, nil
}

// tablesNamed returns the tables that go by a name in a statement; a subquery's name is none's.
func tablesNamed(name, statement string, known []string) (tables []string) {
	for _, table := range known {
		alias := regexp.MustCompile(`(?i)\b` + table + `\s+(AS\s+)?` + name + `\b`)
		if table == name || alias.MatchString(statement) {
			tables = append(tables, table)
		}
	}
	return tables
}

// placeholders counts the arguments of a statement.
func placeholders(statement string) (most int) {
	for _, found := range placeholder.FindAllStringSubmatch(statement, -1) {
		n, _ := strconv.Atoi(found[1]) // digits
		most = max(most, n)
	}
	return most + strings.Count(statement, "?")
}

// texts returns the last column of a query's rows.
func texts(db *sql.DB, query string, columns int, args ...any) (all []string, err error) {
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // read to its end below
	cells := make([]any, columns)
	for i := range cells {
		cells[i] = new(sql.NullString)
	}
	for rows.Next() {
		if err := rows.Scan(cells...); err != nil {
			return nil, err
		}
		all = append(all, cells[columns-1].(*sql.NullString).String)
	}
	return all, rows.Err()
}

// pretendLarge makes PostgreSQL's planner believe that each table with rows has very many, and plan as a node's connections. What it was told
// of them in the background, sooner or later as the machine is busy, it forgets, and is not told again.
func pretendLarge(t testing.TB, db *sql.DB) {
	t.Helper()
	for _, statement := range []string{
		`DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
LOOP EXECUTE 'ALTER TABLE ' || t || ' SET (autovacuum_enabled = false)'; END LOOP; END $$`,
		`DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)`,
		`UPDATE pg_class SET reltuples = CASE pg_relation_size(oid) WHEN 0 THEN -1 ELSE 1000000 END,
relpages = CASE pg_relation_size(oid) WHEN 0 THEN 0 ELSE 1 END WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
		`SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
SET enable_material = off; SET jit = off; SET plan_cache_mode = force_generic_plan`,
	} {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// wholeInPostgres returns the tables of which PostgreSQL would read all in the one plan that it makes for a text.
func wholeInPostgres(db *sql.DB, statement string) (tables []string, err error) {
	ctx := context.Background()
	if _, err := db.ExecContext(ctx, "PREPARE asked AS "+statement); err != nil {
		return nil, err
	}
	defer func() { _, _ = db.ExecContext(ctx, "DEALLOCATE asked") }() // or the next PREPARE fails
	values := ""
	if n := placeholders(statement); n > 0 {
		values = "(NULL" + strings.Repeat(", NULL", n-1) + ")"
	}
	found, err := texts(db, "EXPLAIN (FORMAT JSON) EXECUTE asked"+values, 1)
	if err != nil {
		return nil, err
	}
	var plan []struct{ Plan planNode }
	if err := json.Unmarshal([]byte(found[0]), &plan); err != nil {
		return nil, err
	}
	return plan[0].Plan.whole(false), nil
}

// planNode is a step of PostgreSQL's plan.
type planNode struct {
	Type     string `json:"Node Type"`
	Part     string `json:"Parent Relationship"`
	Relation string `json:"Relation Name"`
	Cond     string `json:"Index Cond"`
	Filter   string
	Plans    []planNode
}

// whole returns the tables that are read from end to end. bounded: whoever asks takes no more than a few rows.
func (n planNode) whole(bounded bool) (tables []string) {
	switch n.Type {
	case "Limit":
		bounded = true
	case "Nested Loop", "Subquery Scan", "LockRows", "Result", "Append", "Merge Append", "Memoize", "ModifyTable":
	case "Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan":
		if n.Cond == "" && (!bounded || n.Filter != "") {
			tables = append(tables, n.Relation)
		}
	default: // it takes all before it gives one
		bounded = false
	}
	for _, part := range n.Plans {
		tables = append(tables, part.whole(bounded && part.Part != "Inner" && part.Part != "InitPlan" && part.Part != "SubPlan")...)
	}
	return tables
}
