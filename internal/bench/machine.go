package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"giftimbiz/internal/pgtest"
)

// Machine is what a report was made on. What the system does not tell is "" or 0.
type Machine struct {
	CPU        string  `json:"cpu"`
	Cores      int     `json:"cores"`
	Memory     float64 `json:"memory_gib"`
	Sync       float64 `json:"fsync_ms"` // a page, written and flushed to disk: the median of many
	System     string  `json:"system"`
	Go         string  `json:"go"`
	PostgreSQL string  `json:"postgresql"`
}

// describeMachine looks at the machine. The disk that counts is the one of dir.
func describeMachine(dir string) (Machine, error) {
	sync, err := syncTime(dir)
	m := Machine{
		CPU: valueIn("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(),
		Memory: figureIn("/proc/meminfo", "MemTotal") / (1 << 20), Sync: milliseconds(sync),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), PostgreSQL: postgresVersion(),
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System = "Linux " + strings.TrimSpace(string(release)) + ", " + runtime.GOARCH
	}
	return m, err
}

// syncTime measures how long a page takes to disk.
func syncTime(dir string) (time.Duration, error) {
	const times = 100
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return 0, err
	}
	page := bytes.Repeat([]byte{1}, 8<<10)
	var took []time.Duration
	for range times {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, errors.Join(err, f.Close())
		}
		if err := f.Sync(); err != nil {
			return 0, errors.Join(err, f.Close())
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[times/2], errors.Join(f.Close(), os.Remove(f.Name()))
}

// valueIn finds "name : value" in a file.
func valueIn(path, name string) string {
	text, _ := os.ReadFile(path) // none where the system does not tell
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func postgresVersion() string {
	server, err := pgtest.Bin("postgres")
	if err != nil {
		return ""
	}
	out, err := exec.Command(server, "--version").Output() // "postgres (PostgreSQL) 17.6 (Debian 17.6-0+deb13u1)"
	if err != nil {
		return ""
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), ") ")
	return version
}

// lines are the machine as a reader of a report wants it.
func (m Machine) lines() [][2]string {
	return [][2]string{
		{"Processor", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores)},
		{"Memory", fmt.Sprintf("%.1f GiB", m.Memory)},
		{"Disk", fmt.Sprintf("8 KiB written and flushed in %s ms", short(m.Sync))},
		{"System", m.System},
		{"PostgreSQL", m.PostgreSQL},
		{"Go", m.Go},
	}
}
