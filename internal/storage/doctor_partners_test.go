package storage_test

import (
	"testing"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
)

// adjust gives the patient a partner whose balance was adjusted and is to be adjusted again, and a kept call of another.
func (p patient) adjust(t *testing.T, h *storagetest.House) {
	t.Helper()
	h.Partner(gift.Partner{Name: "adjusted"}, 1000)
	for request, amount := range map[string]gift.Won{"small": 300, "large": 2_000_000} {
		_, err := h.DB.Adjust(t.Context(), office.Adjustment{
			Partner: "adjusted", Amount: amount, Reason: "goodwill", Request: request,
		}, h.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	err := h.DB.KeepCalls(t.Context(), []office.Call{{PartnerID: p.demo, At: h.Clock.Now(), Endpoint: "x", Code: "PD"}})
	if err != nil {
		t.Fatal(err)
	}
}

var partnerHarms = []harm{
	{
		"a deposit forgets whose account it moves", `DELETE FROM moved_accounts WHERE account_id = {account}`,
		"every transaction is found by the accounts that it moved", ", account {account}, as a deposit",
	},
	{
		"an adjustment is booked without being decided so", `UPDATE adjustments SET state = 1, txn_id = NULL WHERE state = 2`,
		"every adjustment is booked once when it was decided so, and no other is", "300 instead of 0 booked",
	},
	{
		"an adjustment that was decided so is not booked", `UPDATE adjustments SET state = 2 WHERE state = 1`,
		"every adjustment is booked once when it was decided so, and no other is", "transaction 0: 0 instead of 2000000 booked",
	},
	{
		"an adjustment is of another amount", `UPDATE adjustments SET amount = 299 WHERE state = 2`,
		"every adjustment is booked once when it was decided so, and no other is", "300 instead of 299 booked",
	},
	{
		"an adjustment is taken from the bank", `UPDATE accounts SET balance = balance + 300 WHERE id = 4;
UPDATE accounts SET balance = balance - 300 WHERE id = 1; UPDATE entries SET account_id = 1 WHERE account_id = 4`,
		"every ledger transaction is between the accounts of its kind", "is a adjustment from bank to prepaid in 2 entries",
	},
}

var partnerOrphans = []struct{ column, where, parent string }{
	{"adjustments.partner_id", "state = 2", "partners"},
	{"adjustments.txn_id", "state = 2", "ledger_transactions"},
	{"partner_calls.partner_id", "partner_id = {demo}", "partners"},
}
