package storage

import (
	"database/sql"
	"regexp"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect holds all that really differs between the engines' SQL. Everything else is one text with $1 placeholders.
type dialect struct {
	name  string
	goose goose.Dialect
	// countTables counts the tables of a name.
	countTables string
	// columns lists all columns of all tables: table, column, type. parents lists which table refers to which.
	columns, parents string
	// schema rewrites the words of a migration.
	schema func(string) string
	// locks turns the lock marks of a query into row locks, or drops them where a writer has the database to itself.
	locks *strings.Replacer
	// input returns the WITH clause that makes a relation named "input" of n rows.
	input func(s *setStatement, n int) string
	// lookUp is the join that looks a table up for each row of what stands before it, and never the other way round.
	lookUp func(table, alias, condition string) string
	// now is the time by the database server's clock, which all processes share, in milliseconds since 1970.
	now string
	// maxRows bounds the rows one statement takes; 0 = no bound.
	maxRows int
	// reading are the options of transactions that only read; they see one state throughout.
	reading *sql.TxOptions
}

// Lock marks for queries.
const (
	lockAccounts  = "/*lock accounts in their order*/"
	lockOffers    = "/*lock offers in their order*/"
	lockEndpoints = "/*lock endpoints in their order*/"
	lockFree      = "/*lock one that nobody else locks*/"
	lockRow       = "/*lock it*/"
	lockKey       = "/*keep the key*/"
	lockUnused    = "/*lock the key that nobody keeps*/"
)

// eachMark stands for a look-up for each row of the input by columns of the same names: "{each orders o: id}".
var eachMark = regexp.MustCompile(`\{each (\w+) (\w+): ([^}]+)\}`)

func (d *dialect) lookUps(text string) string {
	return eachMark.ReplaceAllStringFunc(text, func(mark string) string {
		parts := eachMark.FindStringSubmatch(mark)
		return d.lookUp(parts[1], parts[2], matching(parts[2], strings.Split(parts[3], ", ")))
	})
}

// matching compares the columns of a table with those of the input.
func matching(table string, columns []string) string {
	conditions := make([]string, len(columns))
	for i, c := range columns {
		conditions[i] = table + "." + c + " = input." + c
	}
	return strings.Join(conditions, " AND ")
}

var postgres = &dialect{
	name:        "postgres",
	goose:       goose.DialectPostgres,
	countTables: `SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1`,
	columns: `SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname COLLATE "C", a.attnum`,
	parents: `SELECT c.relname, p.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace`,
	schema: strings.NewReplacer("/*often updated*/", "WITH (fillfactor = 50)").Replace,
	// Keys of these rows never change, so whoever refers to them need not wait.
	locks: strings.NewReplacer(
		lockAccounts, "ORDER BY accounts.id FOR NO KEY UPDATE OF accounts",
		lockOffers, "ORDER BY offers.id FOR NO KEY UPDATE OF offers",
		lockEndpoints, "ORDER BY endpoints.id FOR NO KEY UPDATE OF endpoints",
		lockFree, "FOR NO KEY UPDATE SKIP LOCKED",
		lockRow, "FOR NO KEY UPDATE",
		lockKey, "FOR KEY SHARE",
		lockUnused, "FOR UPDATE SKIP LOCKED",
	),
	// Of a join PostgreSQL may begin at the table, if that was small when the plan was made, and read all of it once it is
	// large. It cannot begin inside a subquery, nor take one apart that has an OFFSET.
	lookUp: func(table, alias, condition string) string {
		return "CROSS JOIN LATERAL (SELECT * FROM " + table + " " + alias + " WHERE " + condition + " OFFSET 0) " + alias
	},
	now: `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`,
	input: func(s *setStatement, _ int) string {
		var b strings.Builder
		b.WriteString("WITH input (" + strings.Join(s.columns, ", ") + ") AS (SELECT * FROM unnest(")
		for i, typ := range s.types {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("$" + strconv.Itoa(i+1) + "::" + typ + "[]")
		}
		b.WriteString(")) ")
		return b.String()
	},
	reading: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
}

var (
	sqliteWords = strings.NewReplacer("BYTEA", "BLOB", "/*clustered*/", "WITHOUT ROWID")
	// An INTEGER key is the row's own number; a BIGINT one would get a second index.
	rowNumber = regexp.MustCompile(`BIGINT +NOT NULL PRIMARY KEY`)
)

var sqlite = &dialect{
	name:        "sqlite",
	goose:       goose.DialectSQLite3,
	countTables: `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1`,
	columns: `SELECT t.name, c.name, c.type FROM sqlite_master t JOIN pragma_table_info(t.name) c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY t.name, c.cid`,
	parents: `SELECT t.name, p."table" FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) p WHERE t.type = 'table'`,
	schema: func(text string) string {
		return rowNumber.ReplaceAllString(sqliteWords.Replace(text), "INTEGER NOT NULL PRIMARY KEY")
	},
	locks: strings.NewReplacer(lockAccounts, "", lockOffers, "", lockEndpoints, "", lockFree, "", lockRow, "",
		lockKey, "", lockUnused, ""),
	// SQLite keeps to the order of a CROSS JOIN.
	lookUp: func(table, alias, condition string) string {
		return "CROSS JOIN " + table + " " + alias + " ON " + condition
	},
	now: `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
	input: func(s *setStatement, n int) string {
		row := "(" + strings.Repeat("?, ", len(s.columns)-1) + "?)"
		rows := strings.Repeat(row+", ", n-1) + row
		return "WITH input (" + strings.Join(s.columns, ", ") + ") AS (VALUES " + rows + ") "
	},
	maxRows: 64,
}
