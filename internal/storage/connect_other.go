//go:build !linux

package storage

import (
	"syscall"
	"time"
)

// giveUpAfter changes nothing: elsewhere keep-alive probes alone find out.
func giveUpAfter(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
