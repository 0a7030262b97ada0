package failover_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/child"
	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

// TestADatabaseIsBroughtBackToAMoment runs the script that operators rehearse with.
func TestADatabaseIsBroughtBackToAMoment(t *testing.T) {
	faults.OnlyAll(t, "a rehearsal of disasters")
	needs(t, "psql", "jq", "setpriv", "realpath")
	postgresBin(t)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // the script has its own handle
	cmd := exec.Command(filepath.Join("..", "..", "..", "scripts", "rehearse-pitr.sh"), programtest.Built(t))
	cmd.Stdout, cmd.Stderr = log, log
	ended, err := child.Start(cmd, syscall.SIGTERM) // then it ends what it started
	if err != nil {
		t.Fatal(err)
	}
	failed := <-ended
	said, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Errorf("%v\n%s", failed, said)
	}
	row := faults.Row{Fault: "a lost disk, back to a moment", On: "PostgreSQL", Rounds: 1}
	_, line, _ := strings.Cut(string(said), "recovered: ")
	var seconds int
	_, err = fmt.Sscanf(line, "acknowledged=%d lost=%d later=%d seconds=%d", &row.Acknowledged, &row.Lost, &row.Doubled, &seconds)
	if err != nil {
		t.Fatalf("%v in\n%s", err, said)
	}
	row.Recovery = time.Duration(seconds) * time.Second
	faults.Report(t, row)
}
