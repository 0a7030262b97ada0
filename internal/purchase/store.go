package purchase

import (
	"context"
	"time"

	"giftimbiz/internal/gift"
)

// Store is what the engine needs of the database. Implementations are safe for concurrent use, also by engines in other
// processes on the same database.
type Store interface {
	// Transact runs one batch in one transaction: it locks the accounts of reads.Partners and then the offers of
	// reads.Offers, each in ascending order, calls reads.Late, reads the State as of those locks, calls decide, stores the Writes with every
	// row count checked, and commits. When it returns nil, the writes are durable. When the error is an
	// AmbiguousCommit, they may be; every other error, that of decide included, means that nothing was stored. decide is
	// called at most once, and Late before it.
	Transact(ctx context.Context, reads Reads, decide func(*State) (Writes, error)) error

	// Committed tells which of the orders and quotes exist. It first locks the accounts of the given partners, so an earlier
	// transaction on them has ended, one way or the other, before it looks.
	Committed(ctx context.Context, partners []int64, ids []gift.ID) (map[gift.ID]bool, error)

	// Quote returns a partner's quote, or nil when it has none of that number. What it is of never changes.
	Quote(ctx context.Context, partnerID int64, id gift.ID) (*gift.Quote, error)
}

// AmbiguousCommit is the error of a Transact whose COMMIT was sent but never answered.
type AmbiguousCommit struct{ Cause error }

// Error describes the fault.
func (e *AmbiguousCommit) Error() string { return "commit unanswered: " + e.Cause.Error() }

// Unwrap returns the driver's error.
func (e *AmbiguousCommit) Unwrap() error { return e.Cause }

// KeyHash identifies an idempotency key of one partner.
type KeyHash struct {
	PartnerID int64
	Hash      [32]byte
}

// Repeat identifies equal purchases of one partner.
type Repeat struct {
	PartnerID   int64
	Fingerprint int64
}

// Reference is a partner's own number of an order.
type Reference struct {
	PartnerID int64
	Text      string
}

// Claim is how many units, whichever are free, a batch may want of an offer and needs to know.
type Claim struct {
	OfferID int64
	Units   int64
}

// Reads says what a batch must lock and read. Slices are sorted and free of duplicates.
type Reads struct {
	Now        time.Time
	Lane       int // which of the engine's transactions at the same time this is, from 0
	Partners   []int64
	Offers     []int64
	Claims     []Claim // of offers whose units have to be known by their numbers; at most one per offer
	Coupons    []int64 // coupons asked for by number
	Keys       []KeyHash
	Repeats    []Repeat
	References []Reference
	Quotes     []gift.ID   // that are to be bought
	Holders    []int64     // partners that ask for quotes
	Once       []OnceClaim // every pair of partner and offer in the batch; read only for once-per-partner offers
	// Late returns what the time is when the locks are held, and all but locks, claims and coupons that purchases need which
	// joined the batch while it waited for them.
	Late func() Reads
}

// State is what the database says while the batch's locks are held. What does not exist is absent.
type State struct {
	SalesAccount int64 // the account that purchases of this node and lane are credited to
	Partners     map[int64]*Partner
	Offers       map[int64]*Offer
	Coupons      map[int64]*Coupon
	Keys         map[KeyHash]Answer
	Repeats      map[Repeat]gift.ID // the newest equal purchase, of any age
	References   map[Reference]gift.ID
	Closed       map[Reference]bool
	Quotes       map[gift.ID]*gift.Quote // without their items
	Once         map[OnceClaim]bool      // bought before
}

// Partner is the buyer's row.
type Partner struct {
	AccountID    int64 // its prepaid account
	State        gift.PartnerState
	Sandbox      bool
	DailyLimit   int64
	DuplicateSec int64
	Balance      gift.Won
	LowBalance   gift.Won // falling below it is an event; 0 = never
	Hears        bool     // what happens to the partner is written down as events
	OrdersToday  int64    // counted only when there is a DailyLimit
	ClockAhead   time.Duration
	OpenQuotes   int64 // quotes that are neither used nor over, and their units; counted only of Reads.Holders
	QuotedUnits  int64
}

// Offer is an offer's row with its next free units.
type Offer struct {
	gift.Offer
	Product     string // the name the buyer must name
	AltProduct  string // another name that is right as well, or empty
	Next        int64  // position of the first free unit; Next > Last means sold out
	Last        int64  // position of the last unit
	LastPartner int64  // who bought last, 0 = nobody
	LastOrder   gift.ID
	HeldUntil   time.Time // no quote holds units of it longer
	Held        int64     // units that quotes hold
	Free        []Unit    // the units at Next, Next+1, …: as many as a claim asked for and there are
}

// Unit is one voucher or coupon in stock. Positions below the offer's Next are sold, the others free.
type Unit struct {
	ID       int64
	Position int64
}

// Coupon is a unit asked for by its number.
type Coupon struct {
	Unit
	OfferID int64
	Buyer   int64   // the partner whose live order has it, 0 = nobody
	Order   gift.ID // that order
}

// Writes is what a batch changes.
type Writes struct {
	Orders   []Order
	Items    []Item
	Entries  []Entry
	Balances []Balance
	Offers   []OfferSale
	Moves    []Unit // units that changed their position
	Answers  []Answer
	Days     []DayCount
	Once     []OnceClaim
	Events   []gift.Event // by ascending ID
	Quotes   []gift.Quote // new ones
	Used     []UsedQuote  // that were open
}

// UsedQuote is a quote that an order was made of: it holds nothing any more.
type UsedQuote struct {
	ID      gift.ID
	OrderID gift.ID
}

// Order is one completed purchase.
type Order struct {
	ID          gift.ID
	PartnerID   int64
	Kind        gift.Kind
	Sandbox     bool
	Amount      gift.Won
	Fingerprint int64
	Reference   string // the partner's own number; "" = none
	At          time.Time
}

// Item is one unit of an order.
type Item struct {
	OrderID   gift.ID
	Line      int64 // counts down to 1: read backwards, the newest order comes first and its items as they were named
	PartnerID int64
	Kind      gift.Kind
	Sandbox   bool
	OfferID   int64
	UnitID    int64 // the coupon; 0 = the voucher at Position. A sandbox item names one without taking it
	Position  int64 // in the offer; it counts when UnitID is 0
	Face      gift.Won
	Paid      gift.Won
}

// Entry is one side of a ledger transaction; the entries of a transaction add up to zero.
type Entry struct {
	AccountID int64
	Txn       gift.ID
	Amount    gift.Won // positive = credit
}

// Balance changes an account's stored balance.
type Balance struct {
	AccountID int64
	Delta     gift.Won
}

// OfferSale moves an offer's first free position. It must still be From when it is stored.
type OfferSale struct {
	OfferID     int64
	From        int64
	Next        int64
	Announce    bool // other nodes must learn of it: it sold out, or its free coupons changed
	LastPartner int64
	LastOrder   gift.ID
}

// Answer is what was answered to an idempotency key.
type Answer struct {
	Key     KeyHash
	Request [32]byte // what the key stands for
	OrderID gift.ID  // 0 when the answer was a refusal
	Body    []byte
	At      time.Time
}

// DayCount adds to a partner's figures of a day.
type DayCount struct {
	PartnerID int64
	Day       gift.Day
	Kind      gift.Kind
	Orders    int64
	Items     int64
	Spent     gift.Won
	Face      gift.Won
}

// OnceClaim is a partner's purchase from a once-per-partner offer.
type OnceClaim struct {
	PartnerID int64
	OfferID   int64
}
