package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// shelf implements office.Shelf over one table.
type shelf[T any] struct {
	db      *DB
	table   string
	subject string   // what a row is called in the audit trail
	columns []string // beside id and changed_seq
	names   []string // the columns that are searched
	parents string   // the table of what a row belongs to; "" = none
	parent  string   // the column that says to which
	same    []string // the columns in which no new row is the same as another
	// fields points at a row's id and columns, in their order.
	fields func(*T) []any
	// stays finds a row when what $1 numbers has to go on belonging to what it does: settlements are explained by it.
	stays string
	// keep puts what operators do not change into the new row.
	keep func(before, after *T)
}

// Categories is the table of categories.
func (db *DB) Categories() office.Shelf[gift.Category] {
	return &shelf[gift.Category]{
		db: db, table: "categories", subject: "category", columns: []string{"kind", "name", "thumb", "sort"}, names: []string{"name"},
		same:   []string{"kind", "name"},
		fields: func(c *gift.Category) []any { return []any{&c.ID, &c.Kind, &c.Name, &c.Thumb, &c.Sort} },
		keep:   func(before, after *gift.Category) { after.Kind = before.Kind },
	}
}

// Brands is the table of brands.
func (db *DB) Brands() office.Shelf[gift.Brand] {
	return &shelf[gift.Brand]{
		db: db, table: "brands", subject: "brand", columns: []string{"category_id", "name", "thumb", "in_use"}, names: []string{"name"},
		parents: "categories", parent: "category_id",
		same:   []string{"category_id", "name"},
		fields: func(b *gift.Brand) []any { return []any{&b.ID, &b.CategoryID, &b.Name, &b.Thumb, (*asBool)(&b.InUse)} },
	}
}

// Products is the table of products.
func (db *DB) Products() office.Shelf[gift.Product] {
	return &shelf[gift.Product]{
		db: db, table: "products", subject: "product", columns: []string{"brand_id", "name", "face", "thumb"}, names: []string{"name"},
		parents: "brands", parent: "brand_id",
		same:   []string{"brand_id", "name"},
		fields: func(p *gift.Product) []any { return []any{&p.ID, &p.BrandID, &p.Name, &p.Face, &p.Thumb} },
	}
}

// Shops is the table of shops.
func (db *DB) Shops() office.Shelf[gift.Shop] {
	return &shelf[gift.Shop]{
		db: db, table: "shops", subject: "shop", parents: "categories", parent: "category_id", names: []string{"name"},
		same:    []string{"category_id", "name", "province", "district", "town"},
		columns: []string{"category_id", "name", "thumb", "province", "district", "town", "map_url"},
		fields: func(s *gift.Shop) []any {
			return []any{&s.ID, &s.CategoryID, &s.Name, &s.Thumb, &s.Province, &s.District, &s.Town, &s.MapURL}
		},
	}
}

// Managers is the table of sellers.
func (db *DB) Managers() office.Shelf[office.Seller] {
	return &shelf[office.Seller]{
		db: db, table: "sellers", subject: "seller", columns: []string{"shop_id", "name", "code_hash"}, names: []string{"name"},
		parents: "shops", parent: "shop_id",
		same:   []string{"shop_id", "name"},
		stays:  `SELECT id FROM redemptions WHERE seller_id = $1 LIMIT 1`,
		fields: func(s *office.Seller) []any { return []any{&s.ID, &s.ShopID, &s.Name, &s.CodeHash} },
		keep: func(before, after *office.Seller) {
			if after.CodeHash == "" {
				after.CodeHash = before.CodeHash
			}
		},
	}
}

// Campaigns is the table of campaigns.
func (db *DB) Campaigns() office.Shelf[gift.Campaign] {
	return &shelf[gift.Campaign]{
		db: db, table: "campaigns", subject: "campaign", parents: "shops", parent: "shop_id",
		names: []string{"coupon_name", "product"}, same: []string{"shop_id", "coupon_name", "product", "terms"},
		columns: []string{
			"shop_id", "coupon_name", "product", "terms", "free", "price", "org_price", "discount", "member_type", "maker",
			"thumb", "image", "image2",
		},
		stays: `SELECT id FROM offers WHERE campaign_id = $1 AND next_position > 1 LIMIT 1`,
		fields: func(c *gift.Campaign) []any {
			return []any{
				&c.ID, &c.ShopID, &c.CouponName, &c.Product, &c.Condition, (*asBool)(&c.Free), &c.Price, &c.OrgPrice, &c.Discount,
				&c.MemberType, &c.MakerID, &c.Thumb, &c.Image, &c.Image2,
			}
		},
	}
}

func (s *shelf[T]) selected() string {
	return "SELECT t.id, t." + strings.Join(s.columns, ", t.") + ", t.changed_seq"
}

// listed is the text that selects rows with the name of what they belong to.
func (s *shelf[T]) listed() string {
	if s.parents == "" {
		return s.selected() + ", '' FROM " + s.table + " t "
	}
	return s.selected() + ", COALESCE(p.name, '') FROM " + s.table + " t LEFT JOIN " + s.parents + " p ON p.id = t." + s.parent + " "
}

func (s *shelf[T]) scan(row scanner, more ...any) (l office.Listed[T], err error) {
	dest := append(s.fields(&l.Row), &l.Version)
	err = row.Scan(append(dest, more...)...)
	return l, err
}

// List implements office.Shelf.
func (s *shelf[T]) List(ctx context.Context, q office.ItemQuery) ([]office.Listed[T], error) {
	where, args := "WHERE t.id > $1", []any{q.After, q.Limit}
	and := func(condition string, value any) {
		args = append(args, value)
		where += " AND " + strings.ReplaceAll(condition, "$?", "$"+strconv.Itoa(len(args)))
	}
	if q.Kind != 0 && slices.Contains(s.columns, "kind") {
		and("t.kind = $?", int64(q.Kind))
	}
	if q.Parent != 0 && s.parent != "" {
		and("t."+s.parent+" = $?", q.Parent)
	}
	if q.Words != "" {
		condition, value := nameLike("t", s.names, q.Words)
		and(condition, value)
	}
	rows, err := s.db.read.QueryContext(ctx, s.listed()+where+" ORDER BY t.id LIMIT $2", args...)
	if err != nil {
		return nil, classify(err)
	}
	var list []office.Listed[T]
	err = scanAll(rows, func(row scanner) error {
		var parent string
		l, err := s.scan(row, &parent)
		l.Parent = parent
		list = append(list, l)
		return err
	})
	return list, classify(err)
}

// nameLike is a condition, with its value $?, that holds for rows with part of a name, and for the row of a number.
func nameLike(table string, names []string, words string) (condition string, value any) {
	if id, err := strconv.ParseInt(words, 10, 64); err == nil {
		return table + ".id = $?", id
	}
	conditions := make([]string, len(names))
	for i, name := range names {
		conditions[i] = "LOWER(" + table + "." + name + `) LIKE $? ESCAPE '\'`
	}
	escaped := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(words))
	return "(" + strings.Join(conditions, " OR ") + ")", "%" + escaped + "%"
}

// Get implements office.Shelf.
func (s *shelf[T]) Get(ctx context.Context, id int64) (office.Listed[T], error) {
	var parent string
	l, err := s.scan(s.db.read.QueryRowContext(ctx, s.listed()+"WHERE t.id = $1", id), &parent)
	l.Parent = parent
	if errors.Is(err, sql.ErrNoRows) {
		return l, fmt.Errorf("%s %d %w", s.subject, id, ErrNotFound)
	}
	return l, classify(err)
}

// Save implements office.Shelf.
func (s *shelf[T]) Save(ctx context.Context, row T, version int64, now time.Time) (id int64, err error) {
	if err := s.db.readyForIDs(ctx); err != nil {
		return 0, err
	}
	err = s.db.tx(ctx, func(tx *sql.Tx) error {
		row := row // a new one is given its number in each try
		if err := s.checkParent(ctx, tx, &row); err != nil {
			return err
		}
		if s.id(&row) == 0 {
			err = s.add(ctx, tx, &row, now)
		} else {
			err = s.change(ctx, tx, &row, version, now)
		}
		id = s.id(&row)
		return err
	})
	return id, err
}

func (s *shelf[T]) id(row *T) int64 { return *s.fields(row)[0].(*int64) }

func (s *shelf[T]) checkParent(ctx context.Context, tx *sql.Tx, row *T) error {
	if s.parents == "" {
		return nil
	}
	parent := *s.fields(row)[1].(*int64) // it is always the first column
	err := tx.QueryRowContext(ctx, "SELECT id FROM "+s.parents+" WHERE id = $1", parent).Scan(&parent)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("what the %s belongs to, %d of %s, %w", s.subject, parent, s.parents, ErrNotFound)
	}
	return err
}

// add takes the next free number. The change clock makes those who add wait for each other.
func (s *shelf[T]) add(ctx context.Context, tx *sql.Tx, row *T, now time.Time) error {
	seq, err := tick(ctx, tx)
	if err != nil {
		return err
	}
	if err := s.checkSame(ctx, tx, row); err != nil {
		return err
	}
	id := s.fields(row)[0].(*int64)
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) + 1 FROM "+s.table).Scan(id); err != nil {
		return err
	}
	marks := make([]string, len(s.columns)+2)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO "+s.table+" (id, "+strings.Join(s.columns, ", ")+", changed_seq) VALUES ("+
		strings.Join(marks, ", ")+")", append(valuesOf(s.fields(row)), seq)...)
	if err != nil {
		return err
	}
	return s.db.audit(ctx, tx, change{action: s.subject + ".create", subject: s.name(*id), after: *row}, now)
}

// checkSame keeps a form that was sent twice from being stored twice.
func (s *shelf[T]) checkSame(ctx context.Context, tx *sql.Tx, row *T) error {
	values := valuesOf(s.fields(row))
	conditions, args := make([]string, len(s.same)), make([]any, len(s.same))
	for i, column := range s.same {
		conditions[i] = column + " = $" + strconv.Itoa(i+1)
		args[i] = values[1+slices.Index(s.columns, column)]
	}
	var id int64
	err := tx.QueryRowContext(ctx, "SELECT MIN(id) FROM "+s.table+" WHERE "+strings.Join(conditions, " AND ")+" HAVING COUNT(*) > 0",
		args...).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%s %d is the same: it %w", s.subject, id, ErrDuplicate)
}

func (s *shelf[T]) name(id int64) string { return s.subject + ":" + strconv.FormatInt(id, 10) }

// change locks the row before it takes a place on the change clock, as everybody does who changes rows that others change.
func (s *shelf[T]) change(ctx context.Context, tx *sql.Tx, row *T, version int64, now time.Time) error {
	id := s.id(row)
	before, err := s.scan(tx.QueryRowContext(ctx,
		s.db.dialect.locks.Replace(s.selected()+" FROM "+s.table+" t WHERE t.id = $1 "+lockRow), id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%s %d %w", s.subject, id, ErrNotFound)
	case err != nil:
		return err
	case before.Version != version:
		return fmt.Errorf("%s %d: %w", s.subject, id, ErrChanged)
	}
	if err := s.checkStays(ctx, tx, &before.Row, row); err != nil {
		return err
	}
	if s.keep != nil {
		s.keep(&before.Row, row)
	}
	seq, err := tick(ctx, tx)
	if err != nil {
		return err
	}
	sets := make([]string, len(s.columns))
	for i, column := range s.columns {
		sets[i] = column + " = $" + strconv.Itoa(i+2)
	}
	n := len(s.columns) + 2
	err = execOne(ctx, tx, fmt.Sprintf("UPDATE %s SET %s, changed_seq = $%d WHERE id = $1 AND changed_seq = $%d",
		s.table, strings.Join(sets, ", "), n, n+1), append(valuesOf(s.fields(row)), seq, version)...)
	if err != nil {
		return err
	}
	return s.db.audit(ctx, tx, change{
		action: s.subject + ".change", subject: s.name(id), before: before.Row, after: *row,
	}, now)
}

// checkStays keeps what has a history at one shop from being moved to another.
func (s *shelf[T]) checkStays(ctx context.Context, tx *sql.Tx, before, after *T) error {
	if s.stays == "" || *s.fields(before)[1].(*int64) == *s.fields(after)[1].(*int64) {
		return nil
	}
	var found int64
	err := tx.QueryRowContext(ctx, s.stays, s.id(after)).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%s %d %w", s.subject, s.id(after), office.ErrStays)
	}
	return err
}

// valuesOf reads the fields that a shelf points at.
func valuesOf(fields []any) []any {
	values := make([]any, len(fields), len(fields)+2)
	for i, field := range fields {
		switch v := field.(type) {
		case *int64:
			values[i] = *v
		case *string:
			values[i] = *v
		case *gift.Won:
			values[i] = int64(*v)
		case *gift.Kind:
			values[i] = int64(*v)
		case *asBool:
			values[i] = flag(bool(*v))
		default:
			panic(fmt.Sprintf("storage: no field of a shelf: %T", field))
		}
	}
	return values
}
