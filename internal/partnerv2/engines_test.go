package partnerv2_test

import (
	"testing"

	"giftimbiz/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

// onEachEngine runs a test on SQLite and on PostgreSQL.
func onEachEngine(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newDesk(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, newDeskOn(t, programtest.Postgres(t))) })
}
