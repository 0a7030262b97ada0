package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// usage is what a server has used up to a moment and what it holds in it.
type usage struct {
	cpu         time.Duration
	allocations float64 // heap objects
	logged      float64 // bytes in the log of its database; of servers together only
	memory      float64 // bytes resident
	peak        float64 // the most bytes that were ever resident
	heap        float64 // bytes of the Go heap in use
	goroutines  float64
	files       int // open
}

// measure puts a load on servers and adds a trial to the report: what the load generator saw and what the servers used.
// Their figures are read outside the time that is measured.
func (s *suite) measure(job string, connections int, load func() (result, error), servers ...*process) (Trial, error) {
	before, err := used(servers)
	if err != nil {
		return Trial{}, err
	}
	r, err := load()
	if err != nil {
		return Trial{}, err
	}
	var cpu time.Duration
	for _, p := range servers {
		cpu += p.cpu()
	}
	after, err := used(servers)
	if err != nil {
		return Trial{}, err
	}
	t := r.trial(job, connections, cpu-before.cpu)
	t.Memory = after.memory / mebibyte
	if n := r.answered(); n > 0 {
		t.Allocations = (after.allocations - before.allocations) / n
		t.Logged = (after.logged - before.logged) / n
	}
	s.addTrial(t)
	return t, nil
}

// logOf returns how long the log of the servers' database has become, in bytes; 0 of SQLite. All servers share one.
func logOf(servers []*process) (size float64, err error) {
	if len(servers) == 0 || !strings.HasPrefix(servers[0].database, "postgres") {
		return 0, nil
	}
	err = withPostgres(context.Background(), servers[0].database, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT CAST(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS FLOAT8)`).Scan(&size)
	})
	return size, err
}

// used sums up the usage of servers.
func used(servers []*process) (sum usage, err error) {
	for _, p := range servers {
		u, err := p.usage()
		if err != nil {
			return sum, err
		}
		sum.cpu += u.cpu
		sum.allocations += u.allocations
		sum.memory += u.memory
	}
	sum.logged, err = logOf(servers)
	return sum, err
}

// usage asks the process and the system. What the system does not tell (outside Linux) is 0.
func (p *process) usage() (u usage, err error) {
	metrics, err := p.metrics()
	if err != nil {
		return u, err
	}
	u.allocations, u.goroutines = metrics["go_memstats_mallocs_total"], metrics["go_goroutines"]
	u.heap = metrics["go_memstats_heap_inuse_bytes"]
	u.memory, u.peak = p.status("VmRSS")*1024, p.status("VmHWM")*1024
	open, _ := os.ReadDir(p.proc("fd")) // none where the system does not tell
	u.files = len(open)
	u.cpu = p.cpu() // last: what asking costs is not counted to what comes
	return u, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) proc(file string) string {
	return filepath.Join("/proc", strconv.Itoa(p.pid()), file)
}

// scraper keeps no connection, so that asking leaves nothing behind in the server that is asked.
var scraper = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}

// metrics reads the figures without labels that the process publishes.
func (p *process) metrics() (map[string]float64, error) {
	resp, err := scraper.Get("http://" + p.addr + "/metrics")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("/metrics: %s", resp.Status)
	}
	figures := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || name == "#" {
			continue
		}
		if figures[name], err = strconv.ParseFloat(value, 64); err != nil {
			return nil, fmt.Errorf("/metrics: %s: %w", name, err)
		}
	}
	return figures, lines.Err()
}

// cpu returns the CPU time the process has used.
func (p *process) cpu() time.Duration { return cpuOf(p.pid()) }

func cpuOf(pid int) time.Duration { return ticksOf(pid, 11, 12) }

// ticksOf sums up figures of the process's stat file that are times, counted from behind the process's name.
func ticksOf(pid int, indexes ...int) (sum time.Duration) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name may hold spaces
	fields := strings.Fields(after)
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	for _, i := range indexes {
		if i < len(fields) {
			ticks, _ := strconv.ParseInt(fields[i], 10, 64) // the system writes numbers
			sum += time.Duration(ticks) * tick
		}
	}
	return sum
}

// status returns a figure of the process's status file.
func (p *process) status(name string) float64 { return figureIn(p.proc("status"), name) }

// cpuOfTree sums up a process and its children, those that have ended too.
func cpuOfTree(pid int) time.Duration {
	sum := ticksOf(pid, 11, 12, 13, 14) // the last two: of children that have ended
	for _, child := range childrenOf(pid) {
		sum += cpuOf(child)
	}
	return sum
}

func childrenOf(pid int) (children []int) {
	id := strconv.Itoa(pid)
	text, _ := os.ReadFile(filepath.Join("/proc", id, "task", id, "children")) // none where the system does not tell
	for _, child := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(child); err == nil {
			children = append(children, n)
		}
	}
	return children
}

// figureIn finds "name: 123 …" in a file; 0 = it is not there.
func figureIn(path, name string) float64 {
	digits, _, _ := strings.Cut(valueIn(path, name), " ")
	figure, _ := strconv.ParseFloat(digits, 64) // the system writes numbers
	return figure
}
