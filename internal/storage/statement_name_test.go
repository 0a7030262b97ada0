package storage

import "testing"

func TestAStatementIsNamedByWhatItDoesAndItsFirstTable(t *testing.T) {
	for _, test := range []struct{ text, name string }{
		{"COMMIT", "COMMIT"},
		{"BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN"},
		{"SELECT 1", "SELECT"},
		{"SELECT id, 'FROM secrets' FROM orders WHERE id = $1", "SELECT orders"},
		{"SELECT id FROM (SELECT id FROM events WHERE id > $1) x", "SELECT events"},
		{"INSERT INTO audit (id) VALUES ($1)", "INSERT audit"},
		{"UPDATE accounts SET balance = 1", "UPDATE accounts"},
		{"DELETE FROM quotes WHERE id = 1", "DELETE quotes"},
		{"PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA"},
		{"-- FROM comment\nSELECT /* FROM other */ x FROM partners", "SELECT partners"},
		{postgres.input(addBalances, 1) + addBalances.text, "UPDATE accounts"},
		{insertItems.sql(postgres, 0), "INSERT order_items"},
		{insertItems.sql(sqlite, 4), "INSERT order_items"},
		{lockBuyers.sql(postgres, 0), "SELECT accounts"},
		{lockBuyers.sql(sqlite, 1), "SELECT accounts"},
		{selectFreeUnits.sql(postgres, 0), "SELECT units"},
		{selectAnswers.sql(postgres, 0), "SELECT idempotency_answers"},
		{selectAnswers.sql(sqlite, 1), "SELECT idempotency_answers"},
		{"", ""},
	} {
		for range 2 { // made, and remembered
			if got := nameOf(test.text); got != test.name {
				t.Errorf("%s is named %q, not %q", test.text, got, test.name)
			}
		}
	}
}

func TestStatementsSentTogetherAreNamedTogether(t *testing.T) {
	many := make([]string, 50)
	for i := range many {
		many[i] = "SELECT id FROM orders"
	}
	if got := nameOfAll(many[:2]); got != "SELECT orders, SELECT orders" {
		t.Errorf("two are named %q", got)
	}
	if got := nameOfAll(many); len(got) > nameLimit+len(", …") || got[len(got)-len(", …"):] != ", …" {
		t.Errorf("fifty are named %q", got)
	}
}
