package linear_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/faults/inside"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/programtest"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

// node is what of a node moves money: a store on connections of its own, whose statements fail now and then, and an engine.
type node struct {
	db     *storage.DB
	engine *purchase.Engine
	ctx    context.Context // ends when the node is killed: who asked it is told nothing
	kill   func()
}

// cluster is the nodes on one database, and a house beside them where nothing fails.
type cluster struct {
	*storagetest.House
	open   func(t testing.TB) *node
	nodes  []*atomic.Pointer[node]
	faults *inside.Faults
	killed int
	gone   sync.WaitGroup // of nodes that were killed
}

// failing is of how many statements one fails.
const failing = 80

func (c *cluster) start(n int, open func(t testing.TB) *node) {
	c.open = open
	for range n {
		p := &atomic.Pointer[node]{}
		p.Store(open(c.T))
		c.nodes = append(c.nodes, p)
	}
	c.faults.Rain(failing)
	c.T.Cleanup(func() {
		c.faults.Rain(0)
		for _, n := range c.nodes {
			n.Load().kill()
		}
		c.gone.Wait()
	})
}

// node is where a caller goes.
func (c *cluster) node(caller int) *node { return c.nodes[caller%len(c.nodes)].Load() }

// killOne kills the first node, and starts another in its place.
func (c *cluster) killOne() {
	c.T.Helper()
	dead := c.nodes[0].Load()
	dead.kill()
	c.faults.Rain(0)
	c.nodes[0].Store(c.open(c.T))
	c.faults.Rain(failing)
	c.killed++
}

// onPostgres starts two nodes on a new PostgreSQL database.
func onPostgres(t *testing.T) *cluster {
	t.Helper()
	database := programtest.Postgres(t)
	direct, err := storage.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, direct)
	c := &cluster{faults: &inside.Faults{}}
	c.House = storagetest.NewHouse(t, func(testing.TB) (*storage.DB, func() *storage.DB) { return direct, nil })
	c.start(2, func(t testing.TB) *node {
		proxy, through, err := inside.NewProxy(database, c.faults)
		if err != nil {
			t.Fatal(err)
		}
		db, err := storage.Open(c.T.Context(), through)
		if err != nil {
			t.Fatal(err)
		}
		return c.join(db, proxy.Kill)
	})
	return c
}

// onSQLite starts a node on a new file.
func onSQLite(t *testing.T) *cluster {
	t.Helper()
	database := "sqlite:" + storagetest.MigratedFile(t)
	direct, err := storage.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, direct)
	c := &cluster{faults: &inside.Faults{}}
	c.House = storagetest.NewHouse(t, func(testing.TB) (*storage.DB, func() *storage.DB) { return direct, nil })
	c.start(1, func(t testing.TB) *node {
		db, err := storage.OpenSpoilt(t.Context(), database, c.faults.Spoil)
		if err != nil {
			t.Fatal(err)
		}
		return c.join(db, func() error { return nil })
	})
	return c
}

func closeLater(t *testing.T, db *storage.DB) {
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// join makes a store a node's. cut ends all that it can say to its database.
func (c *cluster) join(db *storage.DB, cut func() error) *node {
	c.T.Helper()
	if err := db.Join(c.T.Context(), c.Clock); err != nil {
		c.T.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(c.T.Context()))
	n := &node{db: db, ctx: ctx, engine: purchase.New(purchase.Options{
		Store: db, Clock: c.Clock, IDs: db.IDs(), Lanes: db.Lanes(), Resolve: 5 * time.Second,
	})}
	n.engine.Start()
	n.kill = sync.OnceFunc(func() {
		err := cut()
		stop()
		if err != nil {
			c.T.Error(err)
		}
		c.gone.Go(func() { // what is left of it in this process
			n.engine.Stop()
			_ = db.Close() // a dead node's connections do not close in order
		})
	})
	return n
}

// partner is who buys, by its number and name.
type partner struct {
	id   int64
	name string
}

func (c *cluster) partner(name string, balance gift.Won) partner {
	c.T.Helper()
	return partner{c.Partner(gift.Partner{Name: name}, balance), name}
}
