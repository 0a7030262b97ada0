package bench

import (
	"syscall"
	"time"
)

// pause sleeps in the kernel, until a signal at most: the runtime's timers are up to a millisecond late, which would count
// as the server's.
func pause(d time.Duration) {
	left := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&left, nil) // the caller looks at the time again
}
