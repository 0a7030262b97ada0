package storage

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"giftimbiz/internal/intake"
	"giftimbiz/internal/media"
)

var _ media.Store = (*DB)(nil)

// Media implements media.Store.
func (db *DB) Media(ctx context.Context, path string) (*media.Picture, error) {
	var p media.Picture
	var changed sql.NullInt64
	err := db.read.QueryRowContext(ctx, `SELECT content_type, body, changed_at FROM media WHERE path = $1`, path).
		Scan(&p.ContentType, &p.Body, &changed)
	if err != nil {
		return nil, absent(err)
	}
	p.ChangedAt = fromMillis(changed)
	return &p, nil
}

// PutMedia stores pictures under their absolute paths, in place of those that are there, all or none. Paths are NFC, as
// media looks them up.
func (db *DB) PutMedia(ctx context.Context, pictures map[string]media.Picture) error {
	return db.tx(ctx, func(tx *sql.Tx) error { return putMedia(ctx, tx, pictures) })
}

// PutPictures implements intake.Store.
func (db *DB) PutPictures(ctx context.Context, pictures []intake.Picture, now time.Time) error {
	rows := make(map[string]media.Picture, len(pictures))
	for _, p := range pictures {
		rows[p.Path] = media.Picture{ContentType: p.ContentType, Body: p.Body, ChangedAt: now}
	}
	return db.tx(ctx, func(tx *sql.Tx) error {
		for _, path := range slices.Sorted(maps.Keys(rows)) {
			if err := db.audit(ctx, tx, change{action: "picture.put", subject: "picture:" + path}, now); err != nil {
				return err
			}
		}
		return putMedia(ctx, tx, rows)
	})
}

func putMedia(ctx context.Context, tx *sql.Tx, pictures map[string]media.Picture) error {
	for _, path := range slices.Sorted(maps.Keys(pictures)) { // in order, so that two nodes never wait in a ring
		p := pictures[path]
		_, err := tx.ExecContext(ctx, `INSERT INTO media (path, content_type, body, changed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (path) DO UPDATE SET content_type = excluded.content_type, body = excluded.body, changed_at = excluded.changed_at`,
			path, p.ContentType, p.Body, millis(p.ChangedAt))
		if err != nil {
			return err
		}
	}
	return nil
}
