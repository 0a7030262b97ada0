package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"giftimbiz/internal/office"
)

// Settings returns what all settings are now.
func (db *DB) Settings(ctx context.Context) (list []office.Value, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		for _, s := range office.Settings() {
			v, err := settingIn(ctx, tx, s)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

// Setting returns what a setting, one of office.Settings, is now.
func (db *DB) Setting(ctx context.Context, name string) (office.Value, error) {
	v, err := settingIn(ctx, db.read, office.SettingOf(name))
	return v, classify(err)
}

func settingIn(ctx context.Context, q querier, s office.Setting) (office.Value, error) {
	v := office.Value{Setting: s, Text: s.Default}
	err := q.QueryRowContext(ctx, `SELECT value, version FROM settings WHERE name = $1`, s.Name).Scan(&v.Text, &v.Version)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return v, err
}

// ChangeSettings stores settings, given with the versions they were read as: all of them, or with ErrChanged none.
func (db *DB) ChangeSettings(ctx context.Context, list []office.Value, now time.Time) error {
	return db.auditedTx(ctx, func(tx *sql.Tx) error {
		for _, v := range list {
			was, err := settingIn(ctx, tx, v.Setting)
			if err != nil {
				return err
			}
			// When nobody changed it yet, two who do so at once meet in the insertion.
			res, err := tx.ExecContext(ctx, `INSERT INTO settings (name, value, version) VALUES ($1, $2, 1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1 WHERE settings.version = $3`,
				v.Name, v.Text, v.Version)
			if err := wantRow(res, err, ErrChanged); err != nil {
				return err
			}
			if was.Version != v.Version {
				return ErrChanged
			}
			err = db.audit(ctx, tx, change{
				action: "setting.change", subject: "setting:" + v.Name,
				before: map[string]string{"value": was.Text}, after: map[string]string{"value": v.Text},
			}, now)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
