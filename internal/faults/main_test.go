package faults_test

import (
	"os"
	"testing"

	"giftimbiz/internal/programtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	for i := range furnished {
		furnished[i].remove()
	}
	programtest.Remove()
	os.Exit(code)
}
