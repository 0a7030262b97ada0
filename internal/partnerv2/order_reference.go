package partnerv2

import (
	"context"
	"net/http"
	"time"

	"giftimbiz/internal/gift"
)

// maxReferenceWait bounds how long whoever asks by a reference waits for what is under way with it.
const maxReferenceWait = 20 * time.Second

// What is said of references.
var (
	referenceGone = problem{
		kind: refusalRows[gift.ReferenceClosed].kind, status: http.StatusGone, code: gift.ReferenceClosed.Code(),
		ko: "닫힌 reference입니다. 이 reference의 주문은 없고, 앞으로도 없습니다.",
		en: "This reference was closed: no order has it, and none ever will.",
	}
	stillUnderWay = outcomeUnknown.saying(
		"이 reference의 주문을 아직 처리하는 중입니다. 잠시 후 다시 조회하십시오.",
		"An order with this reference is still under way. Ask again in a moment.",
	)
	closeUnknown = outcomeUnknown.saying(
		"reference를 닫았는지 확인하지 못했습니다. 다시 요청하십시오.",
		"It is not known whether the reference was closed. Ask again.",
	)
)

// reference reads the reference in the path.
func (c *call) reference() (string, error) {
	reference := c.r.PathValue("reference")
	if !validReference(reference) {
		return "", wrongParameter("reference", "영문·숫자와 . _ : - 로 된 1~64자여야 합니다.", "want 1 to 64 of A-Z a-z 0-9 . _ : -")
	}
	return reference, c.query().close()
}

// orderByReference tells what became of an order whose answer was lost. What is under way is over before it answers.
func (c *call) orderByReference() error {
	reference, err := c.reference()
	if err != nil {
		return err
	}
	if err := c.waitFor(reference); err != nil {
		return err
	}
	id, closed, err := c.Store.OrderByReference(c.r.Context(), c.partner.ID, reference)
	switch {
	case err != nil:
		return accountFault(err)
	case id != 0:
		return c.showOrder(http.StatusOK, id)
	case closed:
		return referenceGone
	}
	return noOrder
}

// waitFor waits until nothing is under way with the reference on this node.
func (c *call) waitFor(reference string) error {
	ctx, cancel := context.WithTimeout(c.r.Context(), maxReferenceWait)
	defer cancel()
	if !c.underWay.wait(ctx, c.partner.ID, reference) {
		return stillUnderWay
	}
	return nil
}

// closeReference sees to it that no order will ever have a reference.
func (c *call) closeReference() error {
	reference, err := c.reference()
	if err != nil {
		return err
	}
	id, err := c.Store.CloseReference(c.r.Context(), c.partner.ID, reference, c.Clock.Now())
	if err != nil {
		return closeUnknown.because(err)
	}
	if id != 0 {
		return refusalProblem(&gift.Refusal{Reason: gift.ReferenceUsed, Item: -1, First: id.Ref(c.partner.Sandbox)}, nil)
	}
	return c.noContent()
}
