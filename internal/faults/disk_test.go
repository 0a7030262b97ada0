package faults_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"giftimbiz/internal/faults"
	"giftimbiz/internal/pgtest"
	"giftimbiz/internal/programtest"
)

const diskBuyers = 4 // who buy little while the node finds out

const writesAreTried = "a node tries every ten seconds whether it can write"

// TestAFullDiskIsSaidAndGotOver: purchases are refused while there is no room, and made again once there is.
func TestAFullDiskIsSaidAndGotOver(t *testing.T) {
	faults.OnlyAll(t, writesAreTried)
	t.Parallel() // it waits most of the time
	disk := smallDisk(t, 40)
	s := open(t, t.TempDir(), "sqlite:"+disk+"/giftimbiz.db")
	node := s.serve()
	s.fillAndFree(node, disk, 4, func() {
		s.unready(node, "nothing can be written")
	}, func() {})
}

// TestAFullDiskOfPostgreSQLIsGotOver: what cannot write its log ends, and an operator starts it again.
func TestAFullDiskOfPostgreSQLIsGotOver(t *testing.T) {
	faults.OnlyAll(t, writesAreTried)
	disk := smallDisk(t, 220)
	usual := os.TempDir()
	t.Setenv("TMPDIR", disk) // where the cluster is made, and nothing else
	cluster := ownCluster(t, "fsync=off", "max_wal_size=64MB", "min_wal_size=32MB")
	t.Setenv("TMPDIR", usual)
	database, err := cluster.CreateDatabase("full")
	if err != nil {
		t.Fatal(err)
	}
	s := openNew(t, t.TempDir(), database)
	node := s.serve()
	s.fillAndFree(node, disk, 3, func() {}, func() {
		if !cluster.Ended() {
			return
		}
		if err := cluster.Restart(); err != nil {
			t.Fatal(err)
		}
	})
}

// fillAndFree fills the disk under load, looks at the node, and makes room again.
func (s *shop) fillAndFree(node *programtest.Program, disk string, rounds int, look, mend func()) {
	t := s.t
	t.Helper()
	s.buyers.Rest(longFaultsRest)
	row := faults.Row{Fault: "the database's disk is full", Rounds: rounds}
	for range rounds {
		stop := s.buying(diskBuyers, node.URL)
		s.sold(50)
		free := fill(t, disk)
		s.refused(node)
		stop()
		look()
		free()
		mend()
		end := time.Now()
		stop = s.buying(diskBuyers, node.URL)
		row.Recovery = s.recovered(end, row.Recovery)
		stop()
		s.ready(node) // it tries to write every ten seconds
	}
	saysItOnceInAWhile(t, node, row.Rounds)
	s.settle(node, row)
}

// TestAServerOnAReadOnlyDiskSaysWhatToDo and starts once it may write.
func TestAServerOnAReadOnlyDiskSaysWhatToDo(t *testing.T) {
	disk := smallDisk(t, 40)
	s := open(t, t.TempDir(), "sqlite:"+disk+"/giftimbiz.db")
	remount := func(how string) {
		if out, err := exec.Command("mount", "-o", "remount,"+how, disk).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	remount("ro")
	node := programtest.Launch(t, programtest.Checked(t), "serve", "--data", s.data, "--database", s.database)
	<-node.Ended
	if said := node.Output.String(); node.Err == nil || !strings.Contains(said, "must be allowed to write") {
		t.Errorf("it ended with %v and said %s", node.Err, said)
	}
	remount("rw")
	again := s.serve()
	stop := s.buying(1, again.URL)
	s.sold(5)
	stop()
	s.settle(again, faults.Row{Fault: "the disk is read-only at the start", Rounds: 1})
}

// ownCluster starts a PostgreSQL of the test's own.
func ownCluster(t *testing.T, settings ...string) *pgtest.Cluster {
	t.Helper()
	cluster, err := pgtest.Start(settings...)
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cluster.Stop() }) // its folder is temporary
	return cluster
}

// smallDisk mounts a disk of so many MiB, which is gone when the test is, however it ends.
func smallDisk(t *testing.T, mib int) (folder string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "giftimbiz-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(folder) }) // it is empty then
	mount := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=1777", mib), "tmpfs", folder)
	if out, err := mount.CombinedOutput(); err != nil {
		t.Skipf("skipped: no disk can be mounted here (root may): %v %s", err, out)
	}
	// The shell waits for the end of its input, which is the end of the test or of its process.
	watch := exec.Command("sh", "-c", `cat; umount -l "$0"; rmdir "$0"`, folder)
	watch.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	held, err := watch.StdinPipe()
	if err == nil {
		err = watch.Start()
	}
	if err != nil {
		t.Error(err, exec.Command("umount", "-l", folder).Run())
		t.FailNow()
	}
	t.Cleanup(func() {
		_ = held.Close() // tells it
		if err := watch.Wait(); err != nil {
			t.Errorf("the disk is still mounted at %s: %v", folder, err)
		}
	})
	return folder
}

// fill takes all room on a disk until the function it returns is called.
func fill(t *testing.T, disk string) (free func()) {
	t.Helper()
	name := filepath.Join(disk, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for size := 1 << 20; size > 0; { // the last bytes by smaller and smaller pieces
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}
