package storage

import (
	"syscall"
	"time"
)

const (
	tcpUserTimeout = 18 // TCP_USER_TIMEOUT of linux/tcp.h, which the standard library does not name
	unheardFor     = 25 * time.Second
)

// noticeUnheard has the kernel break a connection when what was sent is not acknowledged for unheardFor. Keep-alives alone are
// not sent while something is on its way.
func noticeUnheard(network, _ string, c syscall.RawConn) error {
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil
	}
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unheardFor.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
