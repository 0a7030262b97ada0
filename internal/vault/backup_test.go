package vault_test

import (
	"bytes"
	"testing"
)

func TestTheKeyOfBackupsFollowsFromTheFirstKeyAlone(t *testing.T) {
	keys := oneKey(t).BackupKeys()
	if len(keys) != 1 || keys[0].Secret == [32]byte{} || bytes.Equal(keys[0].Name[:], keys[0].Secret[:16]) {
		t.Fatalf("keys %v", keys)
	}
	if more := parse(t, "root "+rootKey, "data 1 "+dataKey1, "data 2 "+dataKey2).BackupKeys(); more[0] != keys[0] {
		t.Error("another data key made another key of backups")
	}
	if other := parse(t, "root "+dataKey2, "data 1 "+dataKey1).BackupKeys(); other[0] == keys[0] || other[0].Name == keys[0].Name {
		t.Error("another root key has the same key of backups")
	}
}
