package credential

import (
	"strconv"
	"sync"
	"testing"
)

func TestACacheForgetsWhatIsNotAskedForAndStaysWithinItsBounds(t *testing.T) {
	c := newCache[int](10)
	c.put("often", -1)
	for i := range 1000 {
		c.put(strconv.Itoa(i), i)
		if v, ok := c.get("often"); !ok || v != -1 {
			t.Fatalf("after %d others: %d, %v", i, v, ok)
		}
		if held := len(c.young) + len(c.old); held > 20 {
			t.Fatalf("holds %d", held)
		}
	}
	if _, ok := c.get("0"); ok {
		t.Error("remembers what nobody asked for")
	}
	if v, ok := c.get("999"); !ok || v != 999 {
		t.Errorf("the newest: %d, %v", v, ok)
	}
}

func TestACacheMayBeUsedByManyAtOnce(t *testing.T) {
	c := newCache[int](5)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				c.put(strconv.Itoa(i), i)
				if v, ok := c.get(strconv.Itoa(i)); ok && v != i {
					t.Errorf("%d is %d", i, v)
				}
			}
		})
	}
	wg.Wait()
}
