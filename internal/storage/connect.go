package storage

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Servers die without a word, are cut off, and come back as standbys that take no writes. A connection that leads nowhere is
// found out by the kernel within deadAfter, and one that is taken from a pool after a pause is asked first.
const (
	keepAliveIdle     = 5 * time.Second
	keepAliveInterval = 2 * time.Second
	deadAfter         = 8 * time.Second
	pingTimeout       = 2 * time.Second
	severalTimeout    = 2 * time.Second // for connecting to one of several servers, of which the first may be the dead one
)

// The same for the server, which otherwise keeps the locks of a node that died or stands still. What a server does not
// know it is not told, and one that cannot do it serves all the same.
const noticeDeadNodes = `
SELECT set_config(s.name, wanted.value, false) FROM pg_settings s JOIN (VALUES
    ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'),
    ('tcp_user_timeout', '8000'),
    ('client_connection_check_interval', '2000'), ('idle_in_transaction_session_timeout', $1)
) AS wanted (name, value) ON wanted.name = s.name`

const (
	idleInTransaction = "60000" // ms
	idleInPurchase    = "10000" // ms; the engine gives a purchase's transaction 8 s
)

// readOnlyServer is the SQLSTATE of writing on a standby.
const readOnlyServer = "25006"

// outlive prepares the connections of a pool for servers that fail. idle is how long a transaction may stand still, in ms.
func outlive(config *pgxpool.Config, idle string) {
	c := config.ConnConfig
	if several(c) {
		c.ValidateConnect = writable(c.ValidateConnect)
	}
	config.PingTimeout = pingTimeout
	// A connection to a server that became a standby leads to no other one by itself.
	c.OnPgError = func(_ *pgconn.PgConn, err *pgconn.PgError) bool {
		return !strings.EqualFold(err.Severity, "FATAL") && err.Code != readOnlyServer
	}
	config.AfterRelease = func(conn *pgx.Conn) bool { return conn.PgConn().ParameterStatus("in_hot_standby") != "on" }
	config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error {
		l := &lifeline{dial: dialer(c.ConnectTimeout).DialContext}
		c.DialFunc = l.Dial
		if c.Tracer == nil {
			c.Tracer = l
		} else {
			c.Tracer = multitracer.New(l, c.Tracer)
		}
		return nil
	}
	prepare := config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := prepare(ctx, conn); err != nil {
			return err
		}
		_, err := conn.Exec(ctx, noticeDeadNodes, pgx.QueryExecModeSimpleProtocol, idle)
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return nil
		}
		return err
	}
}

// several tells whether a URL names more than one server.
func several(c *pgx.ConnConfig) bool {
	for _, f := range c.Fallbacks { // of one server there may be several, with and without TLS
		if f.Host != c.Host || f.Port != c.Port {
			return true
		}
	}
	return false
}

// writable takes, of several servers, the one that can be written on, unless the URL says otherwise.
func writable(said pgconn.ValidateConnectFunc) pgconn.ValidateConnectFunc {
	if said != nil {
		return said
	}
	return pgconn.ValidateConnectTargetSessionAttrsReadWrite
}

func dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout:         timeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: 3},
		Control:         giveUpAfter(deadAfter),
	}
}

// lifeline keeps a connection that breaks during a COMMIT from cancelling it. The driver asks the server to cancel
// whatever it gave up waiting for. A COMMIT that waits for a synchronous standby would then be shown to everybody
// although no standby has it, and whoever looked would acknowledge what a failover loses. Left alone, it is seen when it
// is safe, or never.
type lifeline struct {
	dial       pgconn.DialFunc
	committing atomic.Bool
}

var errNotCancelled = errors.New("a COMMIT is not cancelled")

// Dial implements pgconn.DialFunc: for the connection itself, and later for requests to cancel.
func (l *lifeline) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.committing.Load() {
		return nil, errNotCancelled
	}
	return l.dial(ctx, network, address)
}

// TraceQueryStart implements pgx.QueryTracer.
func (l *lifeline) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	l.committing.Store(strings.EqualFold(data.SQL, "commit"))
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*lifeline) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer: no batch that writes has its COMMIT in it.
func (l *lifeline) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	l.committing.Store(false)
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (*lifeline) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (*lifeline) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// settle returns when all that could be seen until now is as safe as the server makes an acknowledged COMMIT. A server
// that died during a COMMIT and started again shows it whether its standbys have it or not; a COMMIT after it is
// answered when they have both.
func (db *DB) settle(ctx context.Context) error {
	if db.pool == nil {
		return nil // SQLite shows nothing that is not on the disk
	}
	db.lease.mu.Lock()
	number := db.lease.number
	db.lease.mu.Unlock()
	return db.tx(ctx, func(tx *sql.Tx) error {
		return execOne(ctx, tx, `UPDATE node_leases SET expires_at = expires_at WHERE number = $1`, number)
	})
}
