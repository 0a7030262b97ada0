package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"giftimbiz/internal/backup"
)

// notOurs are tables that are in no backup: restoring makes them anew.
var notOurs = []string{goose.DefaultTablename, restoreMark}

// layout returns all tables of the database with their columns, by name, but parents before the tables that refer to them. Both
// engines give the same for the same schema, so a table that a migration adds is in the next backup by itself.
func (db *DB) layout(ctx context.Context, from querier) ([]backup.Table, error) {
	columns, err := collect(ctx, from, func(row scanner) (c [3]string, err error) {
		return c, row.Scan(&c[0], &c[1], &c[2])
	}, db.dialect.columns)
	if err != nil {
		return nil, err
	}
	var tables []backup.Table
	for _, c := range columns {
		if slices.Contains(notOurs, c[0]) {
			continue
		}
		if len(tables) == 0 || tables[len(tables)-1].Name != c[0] {
			tables = append(tables, backup.Table{Name: c[0]})
		}
		kind, err := columnKind(c[2])
		if err != nil {
			return nil, fmt.Errorf("table %s, column %s: %w", c[0], c[1], err)
		}
		t := &tables[len(tables)-1]
		t.Columns = append(t.Columns, backup.Column{Name: c[1], Kind: kind})
	}
	parents, err := collect(ctx, from, func(row scanner) (p [2]string, err error) {
		return p, row.Scan(&p[0], &p[1])
	}, db.dialect.parents)
	if err != nil {
		return nil, err
	}
	return parentsFirst(tables, parents)
}

// columnKind says what stands in columns of a type, as either engine names it.
func columnKind(typ string) (backup.Kind, error) {
	switch strings.ToLower(typ) {
	case "bigint", "smallint", "integer":
		return backup.Int, nil
	case "text":
		return backup.Text, nil
	case "bytea", "blob":
		return backup.Bytes, nil
	}
	return "", fmt.Errorf("backups know no type %q; keep the tables of other programs in a database of their own", typ)
}

// parentsFirst keeps the order of tables but for those that refer to one behind them. parents are pairs of a table and one that
// it refers to.
func parentsFirst(tables []backup.Table, parents [][2]string) ([]backup.Table, error) {
	placed := map[string]bool{}
	var ordered []backup.Table
	for len(ordered) < len(tables) {
		i := slices.IndexFunc(tables, func(t backup.Table) bool {
			return !placed[t.Name] && !slices.ContainsFunc(parents, func(p [2]string) bool {
				return p[0] == t.Name && p[1] != t.Name && !placed[p[1]]
			})
		})
		if i < 0 {
			return nil, errors.New("storage: tables refer to each other in a circle")
		}
		placed[tables[i].Name] = true
		ordered = append(ordered, tables[i])
	}
	return ordered, nil
}

func columnNames(t backup.Table) []string {
	return column(t.Columns, func(c backup.Column) string { return c.Name })
}

func columnList(t backup.Table) string { return strings.Join(columnNames(t), ", ") }
