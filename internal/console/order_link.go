package console

import (
	"fmt"
	"strconv"
)

// renewLink takes away the link to a voucher's page that may be in wrong hands, in favour of a new one. The console does not
// show links: whoever has one has the voucher. The partner finds the new one in its purchase history.
func (q *request) renewLink() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	o, err := q.findOrder()
	if err != nil {
		return err
	}
	line, _ := strconv.ParseInt(q.PostFormValue("line"), 10, 64) // 0 is none
	serial, err := strconv.ParseInt(q.PostFormValue("serial"), 10, 64)
	if err != nil {
		serial = -1 // of no link
	}
	if err := q.h.Store.RenewLink(q.Context(), o.ID, line, serial, q.now); err != nil {
		return err
	}
	return q.done(orderAddress(o.Ref()), text{
		fmt.Sprintf("%d번 항목의 링크를 바꿨습니다. 이전 링크는 열리지 않습니다. 새 링크는 매체사의 구매내역(voucher_url)에 있습니다.", line),
		fmt.Sprintf("Item %d has a new link. The one before no longer opens; the new one is in the partner's purchase history (voucher_url).", line),
	})
}
