package failover_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"giftimbiz/internal/child"
)

// inside names the variable that tells a test that it runs in a world of its own, and where its folder is.
const inside = "GIFTIMBIZ_WORLD"

// inWorldOfItsOwn runs the test again in a process that has a network, processes and mounts of its own, all of which end
// with it, and reports what became of it. There it returns the world's folder; elsewhere the test is over.
func inWorldOfItsOwn(t *testing.T) (dir string, here bool) {
	t.Helper()
	if dir := os.Getenv(inside); dir != "" {
		shell(t, "mount --make-rprivate / && mount -t proc proc /proc && ip link set lo up")
		return dir, true
	}
	needs(t, "patroni", "etcd", "haproxy", "psql", "ip", "nsenter", "setpriv")
	if out, err := exec.Command("/usr/bin/python3", "-c", "import etcd").CombinedOutput(); err != nil {
		t.Skipf("skipped: no python3-etcd here, with which Patroni speaks to etcd; make test-faults installs it on Debian: %s", out)
	}
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root makes network namespaces")
	}
	probe := "ip link add probe type bridge && mount --make-rprivate / && mount -t proc proc /proc"
	if out, err := separate(exec.Command("sh", "-c", probe)).CombinedOutput(); err != nil {
		t.Skipf("skipped: no namespaces may be made here: %v: %s", err, out)
	}
	dir = folderOfPostgres(t)
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=55m")
	again.Env = append(os.Environ(), inside+"="+dir)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	ended, err := child.Start(separate(again), syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Process.Kill() }) // it has ended if all is well
	if err := <-ended; err != nil {
		t.Fatalf("in its own world: %v", err)
	}
	return "", false
}

// separate gives a command namespaces of its own.
func separate(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	return cmd
}

// needs skips a test where programs are missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("skipped: no %s here; make test-faults installs it on Debian", p)
		}
	}
}

// folderOfPostgres makes a temporary folder in which the user postgres may do what it likes.
func folderOfPostgres(t *testing.T) string {
	t.Helper()
	postgres, err := user.Lookup("postgres")
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	dir, err := os.MkdirTemp("", "giftimbiz-failover-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it is temporary
	uid, err := strconv.Atoi(postgres.Uid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, -1); err != nil {
		t.Fatal(err)
	}
	return dir
}

func shell(t *testing.T, script string) {
	t.Helper()
	if out, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// deployed returns a file that operators copy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", "ha", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// edit replaces what an operator would: each of the words must be there.
func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q is not in the file", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", path, err))
	}
}
