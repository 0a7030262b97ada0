package storage

import (
	"strconv"
	"strings"
)

// dialect holds all that really differs between the engines' SQL. Everything else is one text with $1 placeholders.
type dialect struct {
	name string
	// schema rewrites the words of a migration.
	schema *strings.Replacer
	// locks turns the lock marks of a query into row locks, or drops them where a writer has the database to itself.
	locks *strings.Replacer
	// input returns the WITH clause that makes a relation named "input" of n rows.
	input func(s *setStatement, n int) string
	// now is the time by the database server's clock, which all processes share, in milliseconds since 1970.
	now string
	// maxRows bounds the rows one statement takes; 0 = no bound.
	maxRows int
}

// Lock marks for queries.
const (
	lockAccounts = "/*lock accounts*/"
	lockOffers   = "/*lock offers*/"
	lockItems    = "/*lock items*/"
	lockSeller   = "/*lock seller*/"
	lockFree     = "/*lock one that nobody else locks*/"
)

var postgres = &dialect{
	name:   "postgres",
	schema: strings.NewReplacer("/*often updated*/", "WITH (fillfactor = 50)"),
	locks: strings.NewReplacer(
		lockAccounts, "FOR UPDATE OF accounts", lockOffers, "FOR UPDATE OF offers",
		lockItems, "FOR UPDATE OF order_items", lockSeller, "FOR UPDATE OF seller_attempts",
		lockFree, "FOR UPDATE SKIP LOCKED",
	),
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
}

var sqlite = &dialect{
	name: "sqlite",
	schema: strings.NewReplacer(
		"BIGINT NOT NULL PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY", // the row's own number, without a second index
		"BYTEA", "BLOB", "/*clustered*/", "WITHOUT ROWID",
	),
	locks: strings.NewReplacer(lockAccounts, "", lockOffers, "", lockItems, "", lockSeller, "", lockFree, ""),
	now:   `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
	input: func(s *setStatement, n int) string {
		row := "(" + strings.Repeat("?, ", len(s.columns)-1) + "?)"
		rows := strings.Repeat(row+", ", n-1) + row
		return "WITH input (" + strings.Join(s.columns, ", ") + ") AS (VALUES " + rows + ") "
	},
	maxRows: 64,
}
