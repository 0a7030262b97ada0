package vault

import (
	"maps"
	"slices"

	"giftimbiz/internal/backup"
)

// BackupKeys returns the keys that backups may be encrypted with, the one to encrypt with first: one of each master key. They follow
// from nothing in the database: who lost that restores it with the master keys and the backup.
func (m *Masters) BackupKeys() (keys []backup.Key) {
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(m.backups))) {
		keys = append(keys, m.backups[id])
	}
	return keys
}

// backupKeyOf derives the key of backups from a key that the machine is given.
func backupKeyOf(given []byte) (k backup.Key) {
	copy(k.Name[:], derive(given, "name of the backup key"))
	copy(k.Secret[:], derive(given, "backup"))
	return k
}
