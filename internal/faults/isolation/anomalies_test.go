package isolation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
)

func operator(ctx context.Context) context.Context {
	return office.As(ctx, office.Actor{OperatorID: 7, Name: "kim@giftimbiz.local", Address: "192.0.2.1"})
}

// pair is two nodes on one database.
type pair [2]*storagetest.House

func newPair(h *storagetest.House) pair { return pair{h, h.SecondNode()} }

// atOnce has each node do something n times, all at once.
func (p pair) atOnce(n int, do func(node *storagetest.House, i int)) {
	var wg sync.WaitGroup
	for i := range 2 * n {
		wg.Go(func() { do(p[i%2], i) })
	}
	wg.Wait()
}

// note logs how often transactions were begun again.
func (p pair) note() {
	p[0].T.Logf("%d transactions were begun again", p[0].DB.Retries()+p[1].DB.Retries())
}

// TestNoUpdateIsLost adds to a balance from two nodes, with everything that can, at once: two that read the same balance and add to it
// must not leave one sum.
func TestNoUpdateIsLost(t *testing.T) {
	eachLevel(t, func(t *testing.T, h *storagetest.House, _ string) {
		n := faults.Rounds(6, 60)
		h.Stock(1, 2*n)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
		orders := make([]gift.ID, 2*n)
		for i := range orders {
			orders[i] = h.Buy(p, fmt.Sprint(i), 1).OrderID
		}
		before := h.Balance("demo")
		nodes := newPair(h)
		nodes.atOnce(n, func(node *storagetest.House, i int) {
			ctx := operator(t.Context())
			_, err := node.DB.Deposit(ctx, "demo", 1000, fmt.Sprint("transfer ", i), "", h.Clock.Now())
			_, err2 := node.DB.Adjust(ctx, office.Adjustment{Partner: "demo", Amount: -1, Reason: "r", Request: fmt.Sprint(i)}, h.Clock.Now())
			_, err3 := node.DB.Refund(ctx, office.NewRefund{OrderID: orders[i], Lines: []int64{1}, Reason: "r", At: h.Clock.Now()})
			if err := errors.Join(err, err2, err3); err != nil {
				t.Error(err)
			}
		})
		nodes.note()
		if moved, want := h.Balance("demo")-before, gift.Won(2*n*(1000-1+940)); moved != want {
			t.Errorf("the balance moved by %d, not %d", moved, want)
		}
	})
}

// TestWritesAreNotSkewed: each of two changes may be made, but not both. Two that look at the same state, and change different rows
// of it, must not both be stored.
func TestWritesAreNotSkewed(t *testing.T) {
	eachLevel(t, func(t *testing.T, h *storagetest.House, _ string) {
		nodes := newPair(h)
		defer nodes.note()
		admins := [2]int64{addAdmin(t, h, "first"), addAdmin(t, h, "second")}
		for round := range faults.Rounds(4, 30) {
			twoDebits(t, nodes, fmt.Sprint("debit-", round))
			twoAdmins(t, nodes, &admins, fmt.Sprint("next-", round))
		}
	})
}

// twoDebits wants two sums of a partner, who has one of them.
func twoDebits(t *testing.T, nodes pair, name string) {
	t.Helper()
	h := nodes[0]
	h.Partner(gift.Partner{Name: name}, 1000)
	var booked atomic.Int64
	nodes.atOnce(1, func(node *storagetest.House, i int) {
		_, err := node.DB.Adjust(operator(t.Context()),
			office.Adjustment{Partner: name, Amount: -700, Reason: "r", Request: fmt.Sprint(name, i)}, h.Clock.Now())
		switch {
		case err == nil:
			booked.Add(1)
		case !errors.As(err, new(office.ShortError)):
			t.Error(err)
		}
	})
	if booked.Load() != 1 || h.Balance(name) != 300 {
		t.Errorf("%d debits were booked, %d won are left", booked.Load(), h.Balance(name))
	}
}

// twoAdmins lets the two admins that there are disable each other. Another takes the place of the one that was.
func twoAdmins(t *testing.T, nodes pair, admins *[2]int64, next string) {
	t.Helper()
	var disabled atomic.Int64
	nodes.atOnce(1, func(node *storagetest.House, i int) {
		ctx := operator(t.Context())
		was, err := node.DB.Operator(ctx, admins[i])
		if err != nil {
			t.Error(err)
			return
		}
		o := was
		o.Disabled = true
		switch err := node.DB.ChangeOperator(ctx, "operator.change", was, o, nil, node.Clock.Now()); {
		case err == nil:
			disabled.Add(1)
		case !errors.Is(err, office.ErrLastAdmin):
			t.Error(err)
		}
	})
	if disabled.Load() != 1 {
		t.Errorf("%d of two admins were disabled", disabled.Load())
	}
	for i, id := range admins {
		if o, err := nodes[0].DB.Operator(t.Context(), id); err != nil || o.Disabled {
			admins[i] = addAdmin(t, nodes[0], next)
		}
	}
}

func addAdmin(t *testing.T, h *storagetest.House, name string) int64 {
	t.Helper()
	id, err := h.DB.AddOperator(operator(t.Context()), office.Operator{
		Email: name + "@giftimbiz.local", Name: name, Role: office.Admin, PasswordHash: "unused",
	}, h.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestReadsAreNotSkewed has the doctor add everything up, again and again, while money moves on two nodes: it must see one state.
func TestReadsAreNotSkewed(t *testing.T) {
	eachLevel(t, func(t *testing.T, h *storagetest.House, _ string) {
		n := faults.Rounds(15, 200)
		h.Stock(2, 2*n)
		p := h.Partner(gift.Partner{Name: "demo"}, 10_000_000)
		done := make(chan struct{})
		var looks int
		var wg sync.WaitGroup
		wg.Go(func() {
			for ; ; looks++ {
				select {
				case <-done:
					return
				default:
					storagetest.Healthy(t, h.DB)
				}
			}
		})
		nodes := newPair(h)
		nodes.atOnce(n, func(node *storagetest.House, i int) {
			out := node.Buy(p, fmt.Sprint(i), int64(i%2)+1)
			_, err := node.DB.Refund(operator(t.Context()),
				office.NewRefund{OrderID: out.OrderID, Lines: []int64{1}, Reason: "r", At: h.Clock.Now()})
			if err != nil {
				t.Error(err)
			}
		})
		close(done)
		wg.Wait()
		nodes.note()
		t.Logf("the doctor looked %d times", looks)
	})
}
