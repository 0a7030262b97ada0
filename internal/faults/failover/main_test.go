package failover_test

import (
	"testing"

	"giftimbiz/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m) }
