package failover_test

import (
	"os"
	"testing"

	"giftimbiz/internal/programtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	programtest.Remove()
	os.Exit(code)
}
