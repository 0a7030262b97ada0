// Package child starts processes for tests and measurements that do not outlive the one that starts them.
package child

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Start starts the command. On Linux it gets the signal when this process ends, however it ends. The channel tells, once,
// what Wait returned.
func Start(cmd *exec.Cmd, signal syscall.Signal) (ended <-chan error, err error) {
	started, done := make(chan error), make(chan error, 1)
	go func() {
		// Linux sends the signal when the thread ends that started the child: it must live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		dieWithParent(cmd, signal)
		err := cmd.Start()
		started <- err
		if err == nil {
			done <- cmd.Wait()
		}
	}()
	return done, <-started
}

// InsteadOfRoot returns the attributes to start a program with that refuses to run as root: where this process is root's, the program
// runs as the user of that name, who is given the folder.
func InsteadOfRoot(name, folder string) (*syscall.SysProcAttr, error) { return instead(name, folder) }
