package storage

import "fmt"

// asBool reads a SMALLINT flag into a bool: PostgreSQL's driver does not do that by itself.
type asBool bool

// Scan implements sql.Scanner.
func (b *asBool) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("storage: a flag is stored as %T", src)
	}
	*b = n != 0
	return nil
}
