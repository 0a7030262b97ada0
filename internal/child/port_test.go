package child_test

import (
	"fmt"
	"net"
	"testing"

	"giftimbiz/internal/child"
)

// TestAFreePortIsOneThatNobodyIsGivenByChance compares it with those that the system gives away.
func TestAFreePortIsOneThatNobodyIsGivenByChance(t *testing.T) {
	port, err := child.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		if given := l.Addr().(*net.TCPAddr).Port; given < 32_768 {
			t.Skipf("this system gives away %d too", given)
		}
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil || port >= 32_768 {
		t.Fatal(port, err)
	}
	_ = l.Close()
}
