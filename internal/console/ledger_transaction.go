package console

import (
	"net/http"
	"strconv"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

func (q *request) showTransaction() error {
	id, err := strconv.ParseInt(q.PathValue("id"), 10, 64)
	if err != nil {
		return office.ErrNotFound
	}
	t, err := q.h.Store.LedgerTransaction(q.Context(), gift.ID(id))
	if err != nil {
		return err
	}
	line := q.transactionLine(t)
	return q.render(http.StatusOK, "ledger_transaction", text{line.Name, line.Name}, line)
}
