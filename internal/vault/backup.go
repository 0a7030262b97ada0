package vault

import "giftimbiz/internal/backup"

// BackupKeys returns the keys that backups may be encrypted with, the one to encrypt with first. They follow from what the machine
// is given and from nothing in the database: who lost that restores it with those keys and the backup.
func (v *Vault) BackupKeys() []backup.Key { return []backup.Key{v.backupKey} }

// backupKeyOf derives the key of backups from a key that the machine is given.
func backupKeyOf(given []byte) (k backup.Key) {
	copy(k.Name[:], derive(given, "name of the backup key"))
	copy(k.Secret[:], derive(given, "backup"))
	return k
}
