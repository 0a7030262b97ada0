//go:build !linux

package child

import (
	"os/exec"
	"syscall"
)

// dieWithParent does nothing where a system has no such service.
func dieWithParent(*exec.Cmd, syscall.Signal) {}
