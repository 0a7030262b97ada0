package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
)

// RotateKeys gives the partner new keys. Its present ones keep working until graceEnd; when that is now, no node takes them any
// more once RotateKeys returns. A version other than 0 must be the partner's (ErrChanged). credential.ErrTooMany: as many generations
// work as may, and graceEnd is not now.
func (db *DB) RotateKeys(ctx context.Context, partnerID, version int64, keys credential.Keys, graceEnd time.Time) error {
	return db.rotateKeys(ctx, partnerID, keys, graceEnd, func(_ *sql.Tx, stored int64) error {
		if version != 0 && version != stored {
			return fmt.Errorf("partner %d: %w", partnerID, ErrChanged)
		}
		return nil
	})
}

// RotateOwnKeys is RotateKeys by whoever signed in under a generation of the partner's keys. That must still work
// (credential.ErrEnded): who was locked out by a rotation gets no other keys by one that was under way.
func (db *DB) RotateOwnKeys(ctx context.Context, partnerID, generation int64, keys credential.Keys, graceEnd time.Time) error {
	return db.rotateKeys(ctx, partnerID, keys, graceEnd, func(tx *sql.Tx, _ int64) error {
		var one int64
		err := tx.QueryRowContext(ctx, `SELECT 1 FROM partner_keys
WHERE id = $1 AND partner_id = $2 AND (expires_at IS NULL OR expires_at > $3)`, generation, partnerID, millis(keys.CreatedAt)).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("partner %d: %w", partnerID, credential.ErrEnded)
		}
		return err
	})
}

// rotateKeys stores new keys, unless allowed says why not to. It is called with the partner's version.
func (db *DB) rotateKeys(
	ctx context.Context, partnerID int64, keys credential.Keys, graceEnd time.Time, allowed func(tx *sql.Tx, version int64) error,
) error {
	var seq int64
	err := db.auditedTx(ctx, func(tx *sql.Tx) (err error) {
		if seq, err = tick(ctx, tx); err != nil { // before the reads: rotations of a partner wait for each other
			return err
		}
		var version int64
		p, err := scanPartner(tx.QueryRowContext(ctx,
			`SELECT `+partnerColumns+`, changed_seq FROM partners WHERE id = $1`, partnerID), &version)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("partner %d %w", partnerID, ErrNotFound)
		}
		if err == nil {
			err = p.StillHere()
		}
		if err == nil {
			err = allowed(tx, version)
		}
		if err != nil {
			return err
		}
		if err := execOne(ctx, tx, `UPDATE partners SET changed_seq = $2 WHERE id = $1`, partnerID, seq); err != nil {
			return err
		}
		if err := endKeys(ctx, tx, partnerID, keys.CreatedAt, graceEnd); err != nil {
			return err
		}
		if err := insertKeys(ctx, tx, partnerID, keys); err != nil {
			return err
		}
		return db.audit(ctx, tx, change{
			action: "partner.rotate", subject: partnerSubject(p.Name),
			after: map[string]string{"older_keys_until": graceEnd.In(gift.Seoul).Format(time.RFC3339)},
		}, keys.CreatedAt)
	})
	if err == nil && !graceEnd.After(keys.CreatedAt) {
		db.awaitNodes(ctx, seq)
	}
	return err
}

// endKeys gives a partner's generations an end, if they have none before, and forgets those that ended long ago: every node
// has all that are kept in memory.
func endKeys(ctx context.Context, tx *sql.Tx, partnerID int64, now, graceEnd time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE partner_keys SET expires_at = $2
WHERE partner_id = $1 AND (expires_at IS NULL OR expires_at > $2)`, partnerID, millis(graceEnd))
	if err != nil {
		return err
	}
	var working int
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM partner_keys WHERE partner_id = $1 AND expires_at > $2`,
		partnerID, millis(now)).Scan(&working)
	if err != nil {
		return err
	}
	if working >= credential.MaxGenerations {
		return fmt.Errorf("partner %d %w", partnerID, credential.ErrTooMany)
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM partner_keys WHERE partner_id = $1 AND expires_at <= $2 AND id NOT IN (
    SELECT id FROM partner_keys WHERE partner_id = $1 ORDER BY created_at DESC, id LIMIT $3)`,
		partnerID, millis(now), credential.KeptGenerations-1)
	return err
}

func insertKeys(ctx context.Context, tx *sql.Tx, partnerID int64, k credential.Keys) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO partner_keys (id, partner_id, key_hash, token_hash, refresh_hash, created_at)
VALUES ($1, $2, $3, $4, $5, $6)`, k.ID, partnerID, k.KeyHash, k.TokenHash, k.RefreshHash, millis(k.CreatedAt))
	return err
}

func scanKeys(row scanner) (k credential.Keys, err error) {
	var created, expires sql.NullInt64
	err = row.Scan(&k.ID, &k.PartnerID, &k.KeyHash, &k.TokenHash, &k.RefreshHash, &created, &expires)
	k.CreatedAt, k.ExpiresAt = fromMillis(created), fromMillis(expires)
	return k, err
}

// KeyGenerations returns when a partner's last keys were made and until when they work, the newest first. All that work are
// among them, and credential.KeptGenerations at most.
func (db *DB) KeyGenerations(ctx context.Context, partnerID int64) ([]office.KeyGeneration, error) {
	list, err := collect(ctx, db.read, func(row scanner) (office.KeyGeneration, error) {
		var created, expires sql.NullInt64
		err := row.Scan(&created, &expires)
		return office.KeyGeneration{CreatedAt: fromMillis(created), ExpiresAt: fromMillis(expires)}, err
	}, `SELECT created_at, expires_at FROM partner_keys
WHERE partner_id = $1 ORDER BY created_at DESC, id LIMIT $2`, partnerID, credential.KeptGenerations)
	return list, classify(err)
}
