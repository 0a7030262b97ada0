package vault_test

import (
	"bytes"
	"testing"
)

func TestEachMasterKeyHasAKeyOfBackups(t *testing.T) {
	first := masters(t, "master 1 "+master1).BackupKeys()
	if len(first) != 1 || first[0].Secret == [32]byte{} || bytes.Equal(first[0].Name[:], first[0].Secret[:16]) {
		t.Fatalf("keys %v", first)
	}
	both := masters(t, "master 1 "+master1, "master 2 "+master2).BackupKeys()
	if len(both) != 2 || both[1] != first[0] {
		t.Error("the newest master key is not the first, or the older one has another key of backups")
	}
	if both[0] == first[0] || both[0].Name == first[0].Name {
		t.Error("another master key has the same key of backups")
	}
}
