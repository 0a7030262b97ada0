//go:build !linux

package pgtest

import "syscall"

// dropRoot changes nothing: elsewhere tests are not run as root, and PostgreSQL says so where they are.
func (c *Cluster) dropRoot() (*syscall.SysProcAttr, error) { return &syscall.SysProcAttr{}, nil }
