package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConns   = 16
	postgresLanes   = 2
	committerConns  = 2 * postgresLanes // one for each lane, and one that it takes instead when that breaks
	connectionAge   = time.Minute       // of a committer's: its plans are made anew as tables grow
	connectTimeout  = 5 * time.Second
	rollbackTimeout = 5 * time.Second
)

// All that a request asks for is found by an index. PostgreSQL may choose otherwise by statistics taken when a table was
// small, and keep that plan while the table grows. So there is one plan for each text, made without looking at values:
// making a plan anew for each execution took a third of a purchase's time. Who reads whole tables puts the planner back in
// its right.
const (
	readByIndex = `SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;
SET enable_mergejoin = off; SET enable_material = off; SET jit = off; SET plan_cache_mode = force_generic_plan;
SET default_transaction_isolation = 'read committed'`
	readEverything = `SELECT set_config(name, 'on', true) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin',
    'enable_mergejoin', 'enable_material']) AS name
UNION ALL SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`

	// For a transaction that may take hours.
	withoutTimeouts = `SELECT set_config(name, '0', true) FROM unnest(ARRAY['statement_timeout', 'idle_in_transaction_session_timeout']) AS name`
)

func openPostgres(ctx context.Context, dsn string, hooks hooks) (*DB, error) {
	config, err := postgresConfig(dsn)
	if err != nil {
		return nil, err
	}
	switch {
	case hooks.watch != nil:
		config.ConnConfig.Tracer = watchTracer{hooks.watch}
	case hooks.trace:
		config.ConnConfig.Tracer = roundTrips{}
	}
	own := config.Copy()
	outlive(config, idleInTransaction)
	outlive(own, idleInPurchase)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	own.MaxConns, own.MinConns, own.MinIdleConns = committerConns, 0, 0
	own.MaxConnLifetime, own.MaxConnLifetimeJitter = connectionAge, connectionAge/4
	commits, err := pgxpool.NewWithConfig(ctx, own)
	if err != nil {
		pool.Close()
		return nil, err
	}
	db := &DB{dialect: postgres}
	db.pool, db.commits = shares(pool, commits)
	db.write = sql.OpenDB(connector{stdlib.GetPoolConnector(pool), db.pool})
	db.write.SetMaxIdleConns(0) // the pool keeps them
	db.read = db.write
	db.walks, db.losers = make(chan struct{}, 1), make(chan struct{}, 1)
	if db.isolation, err = isolationOf(ctx, db.read); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot reach PostgreSQL: %w", err), db.Close())
	}
	return db, nil
}

// isolationOf asks by what a database wants transactions to be kept apart. Single statements that read are READ COMMITTED in any
// case: they see one state, and must not be taken for a part of somebody's race.
func isolationOf(ctx context.Context, db *sql.DB) (isolation, error) {
	var wanted string
	err := db.QueryRowContext(ctx, `SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_isolation'`).Scan(&wanted)
	if wanted == "serializable" {
		return serializable, err
	}
	return readCommitted, err
}

func postgresConfig(dsn string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the database URL cannot be read; want postgres://user:password@host:port/name?…")
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "giftimbiz"
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
		if several(config.ConnConfig) {
			config.ConnConfig.ConnectTimeout = severalTimeout
		}
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = postgresConns
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, readByIndex)
		return err
	}
	return config, nil
}
