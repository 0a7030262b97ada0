package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"giftimbiz/internal/catalog"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/console"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/docs"
	"giftimbiz/internal/intake"
	"giftimbiz/internal/job"
	"giftimbiz/internal/media"
	"giftimbiz/internal/office"
	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/partnerv2"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/rate"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/tracing"
	"giftimbiz/internal/vault"
	"giftimbiz/internal/webhook"
)

const (
	refreshEvery       = 250 * time.Millisecond // how late a node may see another's change
	keepCallsEvery     = time.Second
	lastCallsWithin    = 2 * time.Second
	countRefusalsEvery = 5 * time.Second
	tallyEvery         = 30 * time.Second
	trimEvery          = 10 * time.Second
	reportEvery        = 10 * time.Second
	certificateEvery   = 2 * time.Second
	sweepEvery         = 15 * time.Second
	repriceEvery       = time.Second
	repriceWithin      = time.Minute // then others may go on
	forgetEvery        = time.Hour
	sandboxesEvery     = time.Minute
	firstLoadWithin    = 5 * time.Minute
)

// Config is what a server is made of. All of it is needed but Guessed, Limits, Certificate, Connections, the networks, Version,
// OpenSandboxes, Figures, Tracer and Spans.
type Config struct {
	Logger    *slog.Logger
	Clock     clock.Clock
	DB        *storage.DB  // migrated; to be closed after Stop
	Vault     *vault.Vault // of DB
	Listening string       // where it listens, host:port
	PublicURL string       // the base of absolute links, without a trailing slash
	Guessed   bool         // whether PublicURL is only a guess

	Limits         Limits
	Certificate    *Certificate   // of the server's own TLS; nil = there is none
	Connections    *Connections   // what is open; nil = it is not counted
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	WebhookAllow   []netip.Prefix // that events may be sent to besides the public Internet, also over http
	Version        string         // of the program, shown at /
	OpenSandboxes  bool           // sandboxes are lent to whoever tries the API on the documentation's pages

	Figures FiguresTo // who may read /metrics where everything else is

	Tracer *tracing.Tracer           // of the Front, too; nil = nothing is traced
	Spans  func() (sent, lost int64) // how many spans went to a collector; nil = none
}

// Node is one running server: all rooms, wired. The Config is what it was made with and is not to be changed.
type Node struct {
	Config

	directory *credential.Directory
	catalog   *catalog.Catalog
	engine    *purchase.Engine
	metrics   *metrics
	admission *admission
	loops     *loops      // what each node does for itself
	runner    *job.Runner // what one of them does for all
	calls     *office.Recorder
	refusals  *office.RefusalCounter
	sender    *webhook.Sender
	apiConfig partnerapi.Config
	api       http.Handler
	v2        *partnerv2.API
	pages     http.Handler
	pictures  http.Handler
	intake    *intake.Desk
	console   http.Handler
	docs      http.Handler
	draining  atomic.Bool

	partnersRead moment // when the partners were last read
	wrote        moment // when the database last took something that this node writes again and again
	pinged       pinged
	unwritable   atomic.Pointer[string] // why the database refused what this node writes again and again; nil = it did not
	partnersAt   atomic.Int64           // when they were, as a clock.Uptime
}

// New wires a server on a migrated database and reads what it keeps in memory. It fails when the database
// cannot be read. Nothing runs before Start.
func New(ctx context.Context, cfg Config) (*Node, error) {
	cfg.Logger = joinable(cfg.Logger)
	n := &Node{Config: cfg, metrics: newMetrics(), loops: newLoops(cfg.Logger)}
	if err := n.DB.Join(ctx, n.Clock); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	n.wrote.set(n.Clock.Now())
	if err := n.readKeys(ctx); err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	guard := webhook.NewGuard(cfg.WebhookAllow)
	n.wire(guard)
	n.wireSender(guard)
	return n, n.load(ctx)
}

// wire makes the rooms and shows them to each other. hooks tells where webhooks may lead.
func (n *Node) wire(hooks *webhook.Guard) {
	n.catalog = catalog.New(n.DB, n.Clock, partnerapi.Encoder(n.PublicURL))
	n.directory = credential.NewDirectory(n.DB)
	n.engine = purchase.New(purchase.Options{
		Store: n.DB, Clock: n.Clock, IDs: n.DB.IDs(), Logger: n.Logger, Lanes: n.DB.Lanes(),
		SoldOut: func(offers []int64) { n.catalog.Remove(offers...) },
		Observe: n.metrics.batch, Sold: n.metrics.bought,
	})
	n.calls, n.refusals = office.NewRecorder(n.DB), office.NewRefusalCounter(n.DB)
	n.metrics.watchCalls(n.calls.Dropped)
	if n.Connections != nil {
		n.Connections.register(n.metrics.registry)
	}
	if n.Certificate != nil {
		n.metrics.registry.MustRegister(n.Certificate.untilGauge)
	}
	links := redeem.NewLinks(n.Vault, n.PublicURL)
	counter := redeem.NewCounter(redeem.CounterConfig{
		Store: n.DB, Codes: n.Vault, Clock: n.Clock, Logger: n.Logger, Observe: n.metrics.redemption,
	})
	n.pages = redeem.NewHandler(redeem.Config{
		Store: n.DB, Counter: counter, Links: links, Numbers: n.Vault, Clock: n.Clock, Logger: n.Logger, Pictures: n.DB,
	})
	n.pictures = media.NewHandler(n.DB, n.Clock, n.Logger)
	n.intake = intake.NewDesk(intake.Config{Store: n.DB, Vault: n.Vault, Clock: n.Clock, Logger: n.Logger, Prices: PricesByRules(n.DB)})
	n.admission = newAdmission(n.metrics, n.engine.Full, n.TrustedProxies)
	n.admission.addresses = newAddressLimit(n.Limits.Address, n.TrustedProxies, n.Clock, n.admission.often)
	failures := rate.NewFailures(n.Limits.Failures, n.admission.wrong.add)
	authority := credential.NewAuthority(credential.Config{Vault: n.Vault, Clock: n.Clock, Directory: n.directory})
	n.console = console.New(console.Config{
		Store: n.DB, Passwords: n.Vault, Numbers: n.Vault, Keys: authority, Clock: n.Clock, Logger: n.Logger, PublicURL: n.PublicURL,
		Address: func(r *http.Request) string { return peer.Address(r, n.TrustedProxies).String() },
		Lookup:  n.Vault.Lookup,
		Imports: n.intake, Webhooks: hooks,
		Counter: func(s office.Seller) string { return links.SellerURL(redeem.Seller{ID: s.ID, CodeHash: s.CodeHash}) },
	})
	n.docs = docs.New(docs.Config{
		PublicURL: n.PublicURL, Version: n.Version, Clock: n.Clock, Logger: n.Logger, Sandboxes: n.sandboxes(authority),
		Place: func(r *http.Request) string { return peer.Place(peer.Address(r, n.TrustedProxies).String()) },
	})
	n.apiConfig = partnerapi.Config{
		Authority: authority, Catalog: n.catalog, Buyer: n.engine, History: n.DB, Counter: counter, Links: links, Numbers: n.Vault,
		Clock: n.Clock, Logger: n.Logger, PublicURL: n.PublicURL, Observe: n.observe, TrustedProxies: n.TrustedProxies,
		RateLimit: n.Limits.PartnerV1, Failures: failures,
	}
	n.api = partnerapi.New(n.apiConfig)
	n.v2 = partnerv2.New(partnerv2.Config{
		Authority: authority, Store: n.DB, Catalog: n.catalog, Buyer: n.engine, Links: links, Numbers: n.Vault, Secrets: n.Vault,
		Webhooks: hooks, Counter: counter, Clock: n.Clock, Logger: n.Logger, PublicURL: n.PublicURL, RateLimit: n.Limits.Partner, Failures: failures,
		TrustedProxies: n.TrustedProxies, Observe: n.observe,
	})
	n.runner = job.New(job.Options{
		Store: n.DB, Clock: n.Clock, Logger: n.Logger, Jobs: n.jobs(), Ran: n.metrics.jobRan,
		Seen: func(states []job.State) { n.metrics.jobsSeen(states, n.Clock.Now()) },
	})
	n.metrics.watch(n.engine.Waiting, n.admission.underWay, n.catalog.Stats, n.Clock)
	n.metrics.watchNode(n)
}

// wireSender makes what tells partners of events, and has it know at once of those that this node writes down.
func (n *Node) wireSender(guard *webhook.Guard) {
	n.sender = webhook.New(webhook.Options{
		Store: n.DB, Secrets: n.Vault, Clock: n.Clock, Logger: n.Logger, Guard: guard, Observe: n.metrics.delivery, Tracer: n.Tracer,
	})
	n.DB.OnEvents(n.sender.Nudge)
}

// load reads partners and stock for the first time.
func (n *Node) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, firstLoadWithin)
	defer cancel()
	if err := n.catalog.RefreshPopularity(ctx); err != nil {
		return fmt.Errorf("read the sales figures: %w", err)
	}
	if _, err := n.catalog.Refresh(ctx); err != nil {
		return fmt.Errorf("read the stock: %w", err)
	}
	// That may have taken minutes. Nothing was written meanwhile, and what is known is as old: a node that has just started would
	// say that it cannot write, and answer no partner.
	if err := n.renew(ctx); err != nil && !errors.Is(err, storage.ErrLeaseLost) {
		return fmt.Errorf("keep the node's number: %w", err)
	}
	return n.Refresh(ctx)
}

// Refresh reads partners and stock now. A started node does so by itself several times a second; who has just changed the
// database and will not wait may call it at any time.
func (n *Node) Refresh(ctx context.Context) error {
	if _, err := n.catalog.Refresh(ctx); err != nil {
		return fmt.Errorf("read the stock: %w", err)
	}
	if err := n.readPartners(ctx); err != nil { // last: what is known of them is good for seconds only
		return fmt.Errorf("read the partners: %w", err)
	}
	return nil
}

func (n *Node) readPartners(ctx context.Context) error {
	for {
		if err := n.DB.KeepLease(ctx); err != nil {
			return err
		}
		began, at := n.Clock.Now(), clock.Uptime()
		if err := n.directory.Refresh(ctx); err != nil {
			return err
		}
		first, err := n.DB.NotePartnersRead(ctx, n.directory.ReadTo())
		if err != nil {
			return err
		}
		if first {
			continue // from now on others wait for this node; what they did just before is read once more
		}
		n.partnersRead.set(began)
		n.partnersAt.Store(int64(at))
		return nil
	}
}

// current lets calls of partners through while this node knows who they are; after PartnersGoodFor without reading them it does
// not, for somebody's keys may have been ended meanwhile.
func (n *Node) current(next http.Handler, refuse http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clock.Uptime()-time.Duration(n.partnersAt.Load()) > storage.PartnersGoodFor {
			refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// readKeys has this node know the keys that are sealed with, and the other nodes that it does.
func (n *Node) readKeys(ctx context.Context) error { return n.DB.RefreshVault(ctx, n.Vault) }

// Start begins to sell, to tell partners of events, and the background work. It is called once.
func (n *Node) Start() {
	n.engine.Start()
	n.sender.Start()
	n.loops.every(storage.RenewEvery, "keeping the node's number", n.renew)
	n.loops.every(refreshEvery, "reading the stock", func(ctx context.Context) error {
		_, err := n.catalog.Refresh(ctx)
		return err
	})
	n.loops.every(refreshEvery, "reading the partners", n.readPartners)
	n.loops.every(refreshEvery, "reading the keys", n.readKeys)
	n.loops.every(tallyEvery, "reading the sales figures", n.catalog.RefreshPopularity)
	n.loops.every(keepCallsEvery, "keeping calls for support", n.calls.Flush)
	n.loops.every(countRefusalsEvery, "counting refusals", func(ctx context.Context) error {
		return n.refusals.Flush(ctx, n.Clock.Now())
	})
	if n.Certificate != nil {
		n.loops.every(certificateEvery, "looking for a new TLS certificate", n.Certificate.Reload)
	}
	n.loops.every(trimEvery, "trimming the database's log", n.DB.TrimLog)
	n.loops.every(reportEvery, "counting for the figures", func(ctx context.Context) error {
		figures, err := n.DB.Figures(ctx)
		if err == nil {
			n.metrics.house.show(figures, n.Clock.Now())
		}
		return err
	})
	n.loops.every(reportEvery, "reporting refusals", func(ctx context.Context) error {
		n.admission.report(ctx, n.Logger)
		return nil
	})
	// Whoever applied rules waits for it: looking each second writes nothing, as taking a job would.
	n.loops.every(repriceEvery, "applying price rules", func(ctx context.Context) error {
		return n.DB.ContinueRepricing(ctx, repriceWithin)
	})
	n.runner.Start()
}

// Drain has /readyz say from now on that the node stops; everything else is answered as before.
func (n *Node) Drain() { n.draining.Store(true) }

// EndStreams answers those who wait for events at once: they would keep a server from shutting down.
func (n *Node) EndStreams() { n.v2.Stop() }

// Stop answers the purchases that wait, lets events that are on their way arrive, and ends the background work. It is called
// once, when no request is under way any more; the database is the caller's to close.
func (n *Node) Stop() {
	n.engine.Stop()
	n.sender.Stop()
	n.intake.Stop()
	n.runner.Stop()
	n.loops.stop()
	ctx, cancel := context.WithTimeout(context.Background(), lastCallsWithin)
	defer cancel()
	if err := n.calls.Flush(ctx); err != nil {
		n.Logger.Warn("the last calls are not kept for support", "error", err)
	}
	if err := n.refusals.Flush(ctx, n.Clock.Now()); err != nil {
		n.Logger.Warn("the last refusals are not counted", "error", err)
	}
}

// observe tells of an answer those who count, and those who may be asked about it.
func (n *Node) observe(a office.Answered) {
	n.metrics.request(a)
	if a.Code != office.Success && !a.Sandbox {
		n.refusals.Add(a.Code)
	}
	if a.Code == office.Success && !a.Writes {
		return
	}
	partner, proven := a.Partner, a.Partner != 0
	if !proven {
		partner = n.directory.PartnerID(a.Claimed)
	}
	if partner == 0 || !n.calls.Admits(partner, proven, a.Code != office.Success, a.At) {
		return
	}
	n.calls.Note(office.Call{
		PartnerID: partner, Proven: proven, At: a.At, Endpoint: a.Endpoint, Code: a.Code, Message: a.Message(),
		Request: a.Request, Took: a.Took,
	})
}

// Catalog is what is on sale, as this node sees it.
func (n *Node) Catalog() *catalog.Catalog { return n.catalog }

// APIConfig is what version 1 of the partner API was made of, for another one beside it with a part exchanged.
func (n *Node) APIConfig() partnerapi.Config { return n.apiConfig }
