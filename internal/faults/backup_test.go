package faults_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/programtest"
)

// TestWhatWasSoldBeforeABackupIsThereAfterTheMachineIsGone backs a server up while it sells, kills it, and goes on from the
// backup, on the other engine. Nothing that was answered before the backup is missing, and no order number is given twice.
func TestWhatWasSoldBeforeABackupIsThereAfterTheMachineIsGone(t *testing.T) {
	const buyers, each = 8, 60
	programtest.EachDatabase(t, func(t *testing.T, data, database string) {
		made := furnish(t, data, database, "200") // they buy for as long as the backup takes
		s := programtest.Start(t, "serve", "--data", data, "--database", database)
		b := faults.NewBuyers(t, s.URL, made.Partners[0].Credentials)
		buy(t, b, buyers, s.URL, each, nil)
		before := b.Orders()

		file := filepath.Join(t.TempDir(), "all.backup")
		buy(t, b, buyers, s.URL, each, func() {
			said := programtest.Do(t, "backup", "--to", file, "--encrypt", "--data", data, "--database", database)
			if !strings.Contains(said, "healthy") {
				t.Errorf("backup said %s", said)
			}
		})
		s.Kill()

		elsewhere := t.TempDir()
		other := "sqlite:" + filepath.Join(elsewhere, "giftimbiz.db")
		if strings.HasPrefix(database, "sqlite:") {
			other = programtest.Postgres(t)
		}
		where := []string{"--data", elsewhere, "--database", other, "--key-file", filepath.Join(data, "vault.keys")}
		said := programtest.Do(t, append([]string{"restore", file}, where...)...)
		if !strings.HasPrefix(said, "restored: ") {
			t.Errorf("restore said %s", said)
		}
		again := programtest.Start(t, append([]string{"serve"}, where...)...)
		row := faults.Row{
			Fault: "the database is gone; restored", On: programtest.EngineOf(database), Rounds: 1,
			Acknowledged: len(before), Lost: b.Missing(again.URL, before),
		}
		buy(t, b, buyers, again.URL, each, nil)
		b.Orders() // fails the test when an order number was given twice
		if err := again.Terminate(); err != nil {
			t.Errorf("the restored server did not stop in order: %v", err)
		}
		if said := programtest.Do(t, append([]string{"doctor"}, where...)...); !strings.Contains(said, "healthy") {
			t.Errorf("the doctor says %s", said)
		}
		faults.Report(t, row)
	})
}

// buy has buyers at a server until so many purchases were answered and, if there is something to be done meanwhile, that is done.
func buy(t *testing.T, b *faults.Buyers, buyers int, url string, answers int64, meanwhile func()) {
	t.Helper()
	before, stop := b.Answers(), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { b.Run(buyers, url, stop) })
	programtest.Eventually(t, "enough purchases are answered", func() bool { return b.Answers()-before >= answers })
	if meanwhile != nil {
		meanwhile()
	}
	close(stop)
	wg.Wait()
}
