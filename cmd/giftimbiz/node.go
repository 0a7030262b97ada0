package main

import (
	"context"
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
	"giftimbiz/internal/intake"
	"giftimbiz/internal/job"
	"giftimbiz/internal/media"
	"giftimbiz/internal/office"
	"giftimbiz/internal/partnerapi"
	"giftimbiz/internal/partnerv2"
	"giftimbiz/internal/peer"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/redeem"
	"giftimbiz/internal/storage"
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
	sweepEvery         = 15 * time.Second
	repriceEvery       = time.Second
	repriceWithin      = time.Minute // then others may go on
	forgetEvery        = time.Hour
	staleAfter         = 10 * time.Second // stock or partners not compared with the database for so long are not ready
	readyTimeout       = 2 * time.Second
	firstLoadWithin    = 5 * time.Minute
)

// node is one running server: all rooms, wired.
type node struct {
	log       *slog.Logger
	clock     clock.Clock
	db        *storage.DB
	listening string
	publicURL string // the base of absolute links
	guessed   bool   // whether publicURL is our guess
	vault     *vault.Vault
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
	draining  atomic.Bool

	partnersRead atomic.Int64 // when the partners were last read, in milliseconds
}

// newNode wires a server on a migrated database and reads what it keeps in memory.
func newNode(ctx context.Context, cfg *config, db *storage.DB, clk clock.Clock, listening string) (*node, error) {
	log, err := cfg.logger()
	if err != nil {
		return nil, err
	}
	n := &node{log: log, clock: clk, db: db, listening: listening, guessed: cfg.PublicURL == "", metrics: newMetrics(), loops: newLoops(log)}
	if n.publicURL, err = cfg.publicURL(listening); err != nil {
		return nil, err
	}
	if n.vault, err = cfg.vault(); err != nil {
		return nil, err
	}
	if err := db.BindKeys(ctx, n.vault.Fingerprint(), n.vault.DataFingerprints()); err != nil {
		return nil, err
	}
	if err := db.Join(ctx, clk); err != nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	proxies, err := cfg.trustedProxies()
	if err != nil {
		return nil, err
	}
	allowed, err := cfg.webhookAllow()
	if err != nil {
		return nil, err
	}
	guard := webhook.NewGuard(allowed)
	n.wire(proxies, guard)
	n.wireSender(guard)
	return n, n.load(ctx)
}

// wire makes the rooms and shows them to each other. hooks tells where webhooks may lead.
func (n *node) wire(proxies []netip.Prefix, hooks *webhook.Guard) {
	n.catalog = catalog.New(n.db, n.clock, partnerapi.Encoder(n.publicURL))
	n.directory = credential.NewDirectory(n.db)
	n.engine = purchase.New(purchase.Options{
		Store: n.db, Clock: n.clock, IDs: n.db.IDs(), Logger: n.log, Lanes: n.db.Lanes(),
		SoldOut: func(offers []int64) { n.catalog.Remove(offers...) },
		Observe: n.metrics.batch,
	})
	n.calls, n.refusals = office.NewRecorder(n.db), office.NewRefusalCounter(n.db)
	n.metrics.watchCalls(n.calls.Dropped)
	links := redeem.NewLinks(n.vault, n.publicURL)
	counter := redeem.NewCounter(redeem.CounterConfig{
		Store: n.db, Codes: n.vault, Clock: n.clock, Logger: n.log, Observe: n.metrics.redemption,
	})
	n.pages = redeem.NewHandler(redeem.Config{
		Store: n.db, Counter: counter, Links: links, Numbers: n.vault, Clock: n.clock, Logger: n.log, Pictures: n.db,
	})
	n.pictures = media.NewHandler(n.db, n.clock, n.log)
	n.intake = intake.NewDesk(intake.Config{Store: n.db, Vault: n.vault, Clock: n.clock, Logger: n.log, Prices: pricesByRules(n.db)})
	authority := credential.NewAuthority(credential.Config{Vault: n.vault, Clock: n.clock, Directory: n.directory})
	n.console = console.New(console.Config{
		Store: n.db, Passwords: n.vault, Numbers: n.vault, Keys: authority, Clock: n.clock, Logger: n.log, PublicURL: n.publicURL,
		Address: func(r *http.Request) string { return peer.Address(r, proxies).String() },
		Lookup:  n.vault.Lookup,
		Imports: n.intake, Webhooks: hooks,
		Counter: func(s office.Seller) string { return links.SellerURL(redeem.Seller{ID: s.ID, CodeHash: s.CodeHash}) },
	})
	n.apiConfig = partnerapi.Config{
		Authority: authority, Catalog: n.catalog, Buyer: n.engine, History: n.db, Counter: counter, Links: links, Numbers: n.vault,
		Clock: n.clock, Logger: n.log, PublicURL: n.publicURL, Observe: n.observe, TrustedProxies: proxies,
	}
	n.api = partnerapi.New(n.apiConfig)
	n.v2 = partnerv2.New(partnerv2.Config{
		Authority: authority, Store: n.db, Catalog: n.catalog, Secrets: n.vault, Webhooks: hooks, Clock: n.clock, Logger: n.log,
		PublicURL: n.publicURL, TrustedProxies: proxies,
	})
	n.admission = newAdmission(n.metrics, n.engine.Full)
	n.runner = job.New(job.Options{
		Store: n.db, Clock: n.clock, Logger: n.log, Jobs: n.jobs(), Ran: n.metrics.jobRan, Seen: n.metrics.jobsSeen,
	})
	n.metrics.watch(n.engine.Waiting, n.admission.underWay, n.catalog.Stats, n.clock)
}

// wireSender makes what tells partners of events, and has it know at once of those that this node writes down.
func (n *node) wireSender(guard *webhook.Guard) {
	n.sender = webhook.New(webhook.Options{
		Store: n.db, Secrets: n.vault, Clock: n.clock, Logger: n.log, Guard: guard, Observe: n.metrics.delivery,
	})
	n.db.OnEvents(n.sender.Nudge)
}

// load reads partners and stock for the first time.
func (n *node) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, firstLoadWithin)
	defer cancel()
	if err := n.readPartners(ctx); err != nil {
		return fmt.Errorf("read the partners: %w", err)
	}
	if err := n.catalog.RefreshPopularity(ctx); err != nil {
		return fmt.Errorf("read the sales figures: %w", err)
	}
	if _, err := n.catalog.Refresh(ctx); err != nil {
		return fmt.Errorf("read the stock: %w", err)
	}
	return nil
}

func (n *node) readPartners(ctx context.Context) error {
	began := n.clock.Now()
	if err := n.directory.Refresh(ctx); err != nil {
		return err
	}
	n.partnersRead.Store(began.UnixMilli())
	return nil
}

func (n *node) start() {
	n.engine.Start()
	n.sender.Start()
	n.loops.every(storage.RenewEvery, "keeping the node's number", n.db.Renew)
	n.loops.every(refreshEvery, "reading the stock", func(ctx context.Context) error {
		_, err := n.catalog.Refresh(ctx)
		return err
	})
	n.loops.every(refreshEvery, "reading the partners", n.readPartners)
	n.loops.every(tallyEvery, "reading the sales figures", n.catalog.RefreshPopularity)
	n.loops.every(keepCallsEvery, "keeping calls for support", n.calls.Flush)
	n.loops.every(countRefusalsEvery, "counting refusals", func(ctx context.Context) error {
		return n.refusals.Flush(ctx, n.clock.Now())
	})
	n.loops.every(trimEvery, "trimming the database's log", n.db.TrimLog)
	n.loops.every(reportEvery, "counting what waits to be delivered", func(ctx context.Context) error {
		waiting, err := n.db.WaitingDeliveries(ctx, office.MostWaiting)
		if err == nil {
			n.metrics.waiting.Set(float64(waiting))
		}
		return err
	})
	n.loops.every(reportEvery, "reporting refusals", func(ctx context.Context) error {
		n.admission.report(ctx, n.log)
		return nil
	})
	// Whoever applied rules waits for it: looking each second writes nothing, as taking a job would.
	n.loops.every(repriceEvery, "applying price rules", func(ctx context.Context) error {
		return n.db.ContinueRepricing(ctx, repriceWithin)
	})
	n.runner.Start()
}

// stop answers the purchases that wait, lets events that are on their way arrive, and ends the background work.
func (n *node) stop() {
	n.engine.Stop()
	n.sender.Stop()
	n.intake.Stop()
	n.runner.Stop()
	n.loops.stop()
	ctx, cancel := context.WithTimeout(context.Background(), lastCallsWithin)
	defer cancel()
	if err := n.calls.Flush(ctx); err != nil {
		n.log.Warn("the last calls are not kept for support", "error", err)
	}
	if err := n.refusals.Flush(ctx, n.clock.Now()); err != nil {
		n.log.Warn("the last refusals are not counted", "error", err)
	}
}

// observe tells of an answer those who count, and those who may be asked about it.
func (n *node) observe(a partnerapi.Answered) {
	n.metrics.request(a)
	if a.Code != partnerapi.Success && !a.Sandbox {
		n.refusals.Add(a.Code)
	}
	if a.Code == partnerapi.Success && !a.Writes {
		return
	}
	partner, proven := a.Partner, a.Partner != 0
	if !proven {
		partner = n.directory.PartnerID(a.Claimed)
	}
	if partner == 0 || !n.calls.Admits(partner, proven, a.Code != partnerapi.Success, a.At) {
		return
	}
	n.calls.Note(office.Call{
		PartnerID: partner, Proven: proven, At: a.At, Endpoint: a.Endpoint, Code: a.Code, Message: a.Message(),
		Request: a.Request, Took: a.Took,
	})
}

// routes is every path the server answers.
func (n *node) routes() http.Handler {
	mux := http.NewServeMux()
	pages, pictures, backOffice := n.admission.page(n.pages), n.admission.page(n.pictures), n.admission.page(n.console)
	mux.Handle("/r/", pages)
	mux.Handle("/v/", pages)
	mux.Handle("/UPLOAD/qr/", pages)
	mux.Handle("/UPLOAD/barcode/", pages)
	mux.Handle("/UPLOAD/", pictures)
	mux.Handle("/Form/", pictures)
	mux.Handle(console.Root+"/", backOffice)
	mux.Handle(console.Root, backOffice)
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", n.metrics.handler())
	mux.HandleFunc("GET /{$}", n.home)
	return apiFirst(n.v2, n.admission.api(n.api), mux)
}

// apiFirst sends the API all that is meant for it. The mux would redirect a path with doubled slashes, and many clients of
// the API do not follow. Its second version bounds by itself how many may wait.
func apiFirst(v2, api, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case partnerv2.Owns(r.URL.Path):
			v2.ServeHTTP(w, r)
		case partnerapi.Owns(r.URL.Path):
			api.ServeHTTP(w, r)
		default:
			rest.ServeHTTP(w, r)
		}
	})
}

func alive(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

// readyz tells a load balancer whether this node should be sent requests.
func (n *node) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	now := n.clock.Now()
	stock, partners := now.Sub(n.catalog.Stats().LoadedAt), now.Sub(time.UnixMilli(n.partnersRead.Load()))
	switch {
	case n.draining.Load():
		plain(w, http.StatusServiceUnavailable, "stopping")
	case stock > staleAfter:
		plain(w, http.StatusServiceUnavailable, "the stock was last read "+stock.Round(time.Second).String()+" ago")
	case partners > staleAfter:
		plain(w, http.StatusServiceUnavailable, "the partners were last read "+partners.Round(time.Second).String()+" ago")
	case n.db.Ping(ctx) != nil:
		plain(w, http.StatusServiceUnavailable, "the database does not answer")
	default:
		plain(w, http.StatusOK, "ready")
	}
}

func (n *node) home(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "GiftiMBiz "+version+"\nThe partner API is below /api/v1/.")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the caller is gone when this fails
}
