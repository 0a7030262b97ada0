//go:build !linux

package child

import (
	"os/exec"
	"syscall"
)

// dieWithParent does nothing where a system has no such service.
func dieWithParent(*exec.Cmd, syscall.Signal) {}

// instead changes nothing: elsewhere tests are not run as root, and programs that do not run as root say so where they are.
func instead(string, string) (*syscall.SysProcAttr, error) { return &syscall.SysProcAttr{}, nil }
