package failover_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"giftimbiz/internal/child"
)

// machine is one of the three that keep the database: a network namespace with a member of etcd, and Patroni with its
// PostgreSQL.
type machine struct {
	t       *testing.T
	dir     string
	name    string // db1 …
	address string
	net     *exec.Cmd // its process has the network
	patroni process
	etcd    process
}

type process struct {
	cmd   *exec.Cmd
	ended <-chan error
}

// ttl is how long Patroni waits for a silent primary, in seconds: deploy/ha has 20, so that a busy machine is not taken
// for a dead one. Twenty rounds would then be twenty times as long for nothing.
const ttl = "10"

func newMachine(t *testing.T, dir string, number int) *machine {
	t.Helper()
	m := &machine{t: t, name: fmt.Sprintf("db%d", number), address: fmt.Sprintf("10.20.0.1%d", number)}
	m.dir = filepath.Join(dir, m.name)
	shell(t, "install -d -o postgres "+m.dir+" "+m.dir+"/etcd "+m.dir+"/socket")
	write(t, m.dir+"/patroni.yml", m.own(edit(t, deployed(t, "patroni.yml"),
		"/var/lib/postgresql", m.dir, "/var/run/postgresql", m.dir+"/socket", "ttl: 20", "ttl: "+ttl,
		"loop_wait: 2", "loop_wait: 1",
		"retry_timeout: 5", "retry_timeout: 3", "/usr/lib/postgresql/15/bin", postgresBin(t))))
	write(t, m.dir+"/etcd.env", m.own(edit(t, deployed(t, "etcd.env"), "/var/lib/etcd", m.dir+"/etcd")))
	m.plug()
	m.startEtcd()
	return m
}

// own puts the machine's name and address where those of db1 are.
func (m *machine) own(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.Contains(line, "10.20.0.13") { // lists all of them
			line = strings.ReplaceAll(line, "10.20.0.11", m.address)
			lines[i] = regexp.MustCompile(`^(name: |ETCD_NAME=)db1$`).ReplaceAllString(line, "${1}"+m.name)
		}
	}
	return strings.Join(lines, "\n")
}

// plug makes the machine's network and connects it with the bridge.
func (m *machine) plug() {
	m.t.Helper()
	m.net = exec.Command("cat") // waits for ever
	in, err := m.net.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = in.Close() }) // ends it
	m.net.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if _, err := child.Start(m.net, syscall.SIGKILL); err != nil {
		m.t.Fatal(err)
	}
	shell(m.t, fmt.Sprintf(`
ip link add %[1]s type veth peer name eth0 netns %[2]d
ip link set %[1]s master lan up
nsenter --net=/proc/%[2]d/ns/net sh -ec 'ip link set lo up; ip address add %[3]s/24 dev eth0; ip link set eth0 up'`,
		m.name, m.net.Process.Pid, m.address))
}

// start runs a script as the user postgres in the machine's network, with processes of its own if told so: then they all
// end with the first.
func (m *machine) start(name, script string, own bool) process {
	m.t.Helper()
	enter := `exec setpriv --reuid=postgres --regid=postgres --init-groups sh -ec "$0"`
	if own {
		enter = "mount --make-rprivate / && mount -t proc proc /proc && " + enter
	}
	cmd := exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", m.net.Process.Pid), "sh", "-ec", enter, script)
	cmd.Dir = m.dir
	cmd.Env = []string{
		"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + m.dir, "LC_ALL=C.UTF-8", "PYTHONUNBUFFERED=1",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if own {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS
	}
	log, err := os.OpenFile(filepath.Join(m.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the process has its own handle
	cmd.Stdout, cmd.Stderr = log, log
	ended, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		m.t.Fatal(err)
	}
	return process{cmd, ended}
}

func (m *machine) startEtcd() {
	m.etcd = m.start("etcd", "set -a; . ./etcd.env; exec etcd", false)
	m.t.Cleanup(m.etcd.kill)
}

func (m *machine) startPatroni() {
	m.patroni = m.start("patroni", "exec patroni patroni.yml", true)
	m.t.Cleanup(func() { m.patroni.kill() })
}

// kill ends a process, and those that are its own, as a power cut would.
func (p *process) kill() {
	if p.ended != nil {
		_ = p.cmd.Process.Kill() // it may be gone
		<-p.ended
		p.ended = nil
	}
}

// cut takes the machine off the network without telling it; heal undoes that.
func (m *machine) cut()  { shell(m.t, "ip link set "+m.name+" nomaster") }
func (m *machine) heal() { shell(m.t, "ip link set "+m.name+" master lan") }

// said returns the end of what a process of the machine wrote.
func (m *machine) said(name string) string {
	f, err := os.Open(filepath.Join(m.dir, name+".log"))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }() // it is only read
	if info, err := f.Stat(); err == nil && info.Size() > 4000 {
		_, _ = f.Seek(-4000, io.SeekEnd) // only decorates a failure
	}
	text, _ := io.ReadAll(f) // only decorates a failure
	return string(text)
}
