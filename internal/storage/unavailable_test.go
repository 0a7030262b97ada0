package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
)

// TestOnlyALostRaceIsBegunAgain: what may have been stored must not be.
func TestOnlyALostRaceIsBegunAgain(t *testing.T) {
	for code, want := range map[string]struct {
		class error
		again bool
	}{
		"40001": {purchase.ErrConflict, true},
		"40P01": {purchase.ErrConflict, true},
		"40003": {storage.ErrUnanswered, false},
		"57P01": {storage.ErrUnanswered, false},
		"08006": {storage.ErrUnanswered, false},
		"53100": {purchase.ErrUnavailable, false},
	} {
		again, err := storage.AfterCommit(&pgconn.PgError{Code: code})
		if !errors.Is(err, want.class) || again != want.again {
			t.Errorf("%s: %v, again: %v", code, err, again)
		}
	}
	if again, err := storage.AfterCommit(nil); err != nil || again {
		t.Error(err, again)
	}
}

// TestWhyADatabaseIsAwayIsSaidInWords that need no number of an error to be looked up.
func TestWhyADatabaseIsAwayIsSaidInWords(t *testing.T) {
	for want, err := range map[string]error{
		"":                                       errors.New("a fault of one purchase"),
		"the database's disk is full":            &pgconn.PgError{Code: "53100"},
		"the database takes no more connections": fmt.Errorf("connect: %w", &pgconn.PgError{Code: "53300"}),
		"the database is read-only":              &pgconn.PgError{Code: "25006"},
		"the database is starting or stopping":   &pgconn.PgError{Code: "57P03"},
		"the database does not answer":           context.DeadlineExceeded,
	} {
		if got := storage.WhyUnavailable(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if got := storage.WhyUnavailable(nil); got != "" {
		t.Errorf("nothing is wrong: %q", got)
	}
}
