package gift

import (
	"strings"
	"testing"
)

func TestNumbersOfSandboxItemsAreTheirOwnAndNoDigitsOnly(t *testing.T) {
	seen := map[string]bool{}
	for order := ID(1); order <= 3; order++ {
		for line := int64(1); line <= 3; line++ {
			item := &BoughtItem{OrderID: order << 22, Line: line}
			number := item.TestNumber()
			if seen[number] || !strings.HasPrefix(number, "TEST") || number != item.TestNumber() {
				t.Errorf("order %d line %d: number %q", order, line, number)
			}
			seen[number] = true
		}
	}
}
