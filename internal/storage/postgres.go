package storage

import (
	"context"
	"errors"
	"fmt"
	"net"
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
	pingTimeout     = 2 * time.Second // of a connection that was idle, before it is used
	rollbackTimeout = 5 * time.Second
)

// All that a request asks for is found by an index. PostgreSQL may choose otherwise by statistics taken when a table was
// small, and keep that plan while the table grows. So there is one plan for each text, made without looking at values:
// making a plan anew for each execution took a third of a purchase's time. Who reads whole tables puts the planner back in
// its right.
const (
	readByIndex = `SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;
SET enable_mergejoin = off; SET enable_material = off; SET jit = off; SET plan_cache_mode = force_generic_plan`
	readEverything = `SELECT set_config(name, 'on', true) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin',
    'enable_mergejoin', 'enable_material']) AS name
UNION ALL SELECT set_config('plan_cache_mode', 'force_custom_plan', true)`

	// For a transaction that may take hours.
	withoutTimeouts = `SELECT set_config(name, '0', true) FROM unnest(ARRAY['statement_timeout', 'idle_in_transaction_session_timeout']) AS name`
)

// Both ends of a connection may lose each other without being told. Then either frees what it holds for the other: a
// transaction of a purchase that hears nothing more is rolled back, since the locks it has are everybody's, and so are others
// later. The node gives up its transactions of purchases before that. The server looks after its end of connections as the
// node does of its own; other servers than PostgreSQL may not know the words for it.
const (
	forgetPurchases = `SET idle_in_transaction_session_timeout = '10s'`
	forgetOthers    = `SET idle_in_transaction_session_timeout = '2min'`
	noticeSilence   = `SELECT set_config(name, value, false)
FROM (VALUES ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3'),
             ('tcp_user_timeout', '25000')) AS wanted (name, value)
WHERE name IN (SELECT name FROM pg_settings)`
)

// keepAlive has the kernel notice within half a minute that the other end is gone.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

func openPostgres(ctx context.Context, dsn string, watch func(context.Context, string)) (*DB, error) {
	config, err := postgresConfig(dsn)
	if err != nil {
		return nil, err
	}
	if watch != nil {
		config.ConnConfig.Tracer = watchTracer{watch}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	own := config.Copy()
	own.MaxConns, own.MinConns, own.MinIdleConns = committerConns, 0, 0
	own.MaxConnLifetime, own.MaxConnLifetimeJitter = connectionAge, connectionAge/4
	own.AfterConnect = prepare(forgetPurchases)
	commits, err := pgxpool.NewWithConfig(ctx, own)
	if err != nil {
		pool.Close()
		return nil, err
	}
	pgDB := stdlib.OpenDBFromPool(pool)
	db := &DB{dialect: postgres, pool: pool, commits: commits, write: pgDB, read: pgDB, walks: make(chan struct{}, 1)}
	if err := pool.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot reach PostgreSQL: %w", err), db.Close())
	}
	return db, nil
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
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = postgresConns
	}
	dialer := &net.Dialer{Timeout: config.ConnConfig.ConnectTimeout, KeepAliveConfig: keepAlive, Control: noticeUnheard}
	config.ConnConfig.DialFunc = dialer.DialContext
	config.PingTimeout = pingTimeout
	config.AfterConnect = prepare(forgetOthers)
	return config, nil
}

// prepare returns what is done with each new connection.
func prepare(forget string) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, readByIndex+"; "+forget+"; "+noticeSilence)
		return err
	}
}
