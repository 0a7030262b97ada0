package linear

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// patience bounds the search for an order of one history.
const patience = time.Minute

// Verdict is what became of a check.
type Verdict struct {
	Fits       bool
	Undecided  bool     // there was no time to find out
	Operations int      // on all objects
	Wrong      []string // what was told of objects that does not fit, in the order in which it was asked for
	Picture    string   // a page that shows it; "" = it fits
}

// Check looks for an order of the operations on each object in which every answer is right.
func (h *History) Check() (v Verdict, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	result, info := porcupine.CheckOperationsVerbose(model, h.ops, patience)
	v = Verdict{Fits: result == porcupine.Ok, Undecided: result == porcupine.Unknown, Operations: len(h.ops)}
	if v.Fits {
		return v, nil
	}
	for _, part := range byObject(h.ops) {
		if porcupine.CheckOperationsTimeout(model, part, patience) != porcupine.Ok {
			v.Wrong = append(v.Wrong, told(part))
		}
	}
	f, err := os.CreateTemp("", "giftimbiz-history-*.html")
	if err != nil {
		return v, err
	}
	defer func() { _ = f.Close() }() // what could not be written is told before
	v.Picture = f.Name()
	return v, porcupine.Visualize(model, info, f)
}

// model is one object; its state is what there is of it.
var model = porcupine.Model{
	Partition: byObject,
	Init:      func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		ok, left := step(state.(int64), input.(question), output.(answer))
		return ok, left
	},
	DescribeOperation: func(input, output any) string { return describe(input.(question), output.(answer)) },
	DescribeState:     func(state any) string { return fmt.Sprint(state) },
}

// step tells whether an answer is right, and what is left then.
func step(there int64, q question, a answer) (right bool, left int64) {
	switch {
	case q.act == look:
		return there == a.n, there
	case q.act == add:
		return true, there + q.n
	case a.told == Refused:
		return there < q.n, there
	case there >= q.n:
		return true, there - q.n
	default:
		return a.told == Unknown, there
	}
}

func byObject(ops []porcupine.Operation) (parts [][]porcupine.Operation) {
	place := map[string]int{}
	for _, op := range ops {
		object := op.Input.(question).object
		at, ok := place[object]
		if !ok {
			at = len(parts)
			place[object] = at
			parts = append(parts, nil)
		}
		parts[at] = append(parts[at], op)
	}
	return parts
}

// told lists operations: when each was asked for and answered, in milliseconds, by whom, and what it was.
func told(ops []porcupine.Operation) string {
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var b strings.Builder
	for _, op := range ops {
		answered := "    -"
		if op.Return != math.MaxInt64 {
			answered = fmt.Sprintf("%7.1f", float64(op.Return)/1e6)
		}
		fmt.Fprintf(&b, "%7.1f %7s  %d  %s\n", float64(op.Call)/1e6, answered, op.ClientId,
			describe(op.Input.(question), op.Output.(answer)))
	}
	return b.String()
}

func describe(q question, a answer) string {
	said := [...]string{"", ": refused", ": unknown"}[a.told]
	switch q.act {
	case add:
		return fmt.Sprintf("%s + %d%s", q.object, q.n, said)
	case take:
		return fmt.Sprintf("%s - %d%s", q.object, q.n, said)
	default:
		return fmt.Sprintf("%s is %d", q.object, a.n)
	}
}
