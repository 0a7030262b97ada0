package intake

import (
	"context"
	"errors"
	"time"

	"giftimbiz/internal/gift"
)

// Names is the catalogue as far as files refer to it.
type Names struct {
	Categories []gift.Category
	Brands     []gift.Brand
	Products   []gift.Product
	Shops      []gift.Shop
	Sellers    []Seller
	Campaigns  []gift.Campaign
	Seen       int64 // the state they were read in, as the store numbers states
}

// Seller is who redeems a shop's coupons.
type Seller struct {
	ID       int64
	ShopID   int64
	Name     string
	CodeHash string
	code     string // to be hashed when it is stored
}

// Hash is the keyed hash of a voucher number.
type Hash [32]byte

// Number is a voucher to add, of one of the lots of a load.
type Number struct {
	Lot   int32
	Plain string
	Hash  Hash
	Tail  []byte // the keyed hash of its end, for search; nil = it is too short
}

// Load is what a file adds and changes.
type Load struct {
	Added   Names // with new ids
	Changed Names // whole rows that take the place of those with their ids, if nobody changed those after Seen
	Seen    int64
	Lots    []gift.Offer
	Numbers []Number
	// Coupons are star offers, with an id when they are there already; Stock is how many coupons are added.
	Coupons []gift.Offer
}

// units is how many vouchers and coupons the load adds.
func (l *Load) units() int {
	n := len(l.Numbers)
	for _, o := range l.Coupons {
		n += int(o.Stock)
	}
	return n
}

// State is how far an import is.
type State string

// The states. Only a checked import can be applied or cancelled.
const (
	Checked   State = "checked"
	Applying  State = "applying"
	Applied   State = "applied"
	Failed    State = "failed" // nothing of it was stored
	Cancelled State = "cancelled"
)

// Import is a file on its way in, or what became of it.
type Import struct {
	ID          int64
	Kind        Kind
	File        string
	By          string // who brought it
	State       State
	At          time.Time // when it was brought
	ChangedAt   time.Time
	Counts      Counts
	SkipRefused bool
	Done, Total int64 // of the rows that are stored while it is applied
	Failure     Text
	Findings    []Finding // the first of them; lists do not fill it
	HasBody     bool      // whether the file, or of an applied one the refused rows, are still kept
}

// What may stand in the way of an import.
var (
	ErrBusy = errors.New("another file is being applied") // one at a time
	ErrGone = errors.New("the file is not kept any more")
	// ErrMeanwhile says that another change came between reading and storing: check again.
	ErrMeanwhile = errors.New("the stock was changed meanwhile")
)

// Store keeps imports and stock. Its methods may be called from any goroutine.
type Store interface {
	// Names reads what files of a kind refer to, in one state.
	Names(ctx context.Context) (*Names, error)
	// KnownNumbers tells, for each hash, whether a voucher with it is there.
	KnownNumbers(ctx context.Context, hashes []Hash) ([]bool, error)
	// CouponOffers returns the offers of campaigns; Stock is how many coupons were ever issued.
	CouponOffers(ctx context.Context, campaigns []int64) ([]gift.Offer, error)

	// AddImport keeps a checked file, with its sealed content, and returns its id.
	AddImport(ctx context.Context, i *Import, seal func(id int64) ([]byte, error), now time.Time) (int64, error)
	// StartImport begins to apply a checked import. Of several callers one succeeds: the others get office.ErrChanged, or
	// ErrBusy while another import is being applied. It cleans up after imports whose node died.
	StartImport(ctx context.Context, id int64, skipRefused bool, now time.Time) error
	// Beat says that an import is still being applied, and how far it is.
	Beat(ctx context.Context, id int64, done, total int) error
	// ApplyImport stores the load of an import that is being applied, as a whole, and what was counted; what body
	// returns, which may be nil, takes the place of the kept file. After any error, nothing of it is for sale; FailImport takes away what is left.
	ApplyImport(ctx context.Context, i *Import, l *Load, body func() ([]byte, error),
		seal func(unit int64, plain string) ([]byte, error), progress func(done int), now time.Time) error
	// FailImport ends an import that is being applied without having stored anything.
	FailImport(ctx context.Context, id int64, why Text, now time.Time) error
	// CancelImport gives a checked import up.
	CancelImport(ctx context.Context, id int64, now time.Time) error
	// SweepImports fails the imports whose node died, and forgets files that waited since before a time.
	SweepImports(ctx context.Context, now, forget time.Time) error

	// PutPictures keeps pictures, in place of those with the same paths, all or none.
	PutPictures(ctx context.Context, pictures []Picture, now time.Time) error

	Import(ctx context.Context, id int64) (*Import, error)
	ImportBody(ctx context.Context, id int64) ([]byte, error)
	// Imports lists them, the newest first, from below an id (0 = from the newest).
	Imports(ctx context.Context, below int64, limit int) ([]Import, error)
}

// SecretKind is the kind under which kept files are encrypted.
const SecretKind = "import"

// Vault encrypts and hashes.
type Vault interface {
	Seal(unit int64, plain string) ([]byte, error)
	SealSecret(kind string, id int64, plain string) ([]byte, error)
	OpenSecret(kind string, id int64, sealed []byte) (string, error)
	Lookup(kind, value string) []byte
	HashCode(plain string) (string, error)
	Tail(number string) []byte
	CheckCode(ctx context.Context, hash, plain string) (bool, error)
}

// Prices makes sell prices from face values, by brand, where a rule says how.
type Prices func(ctx context.Context) (func(b gift.Brand, face gift.Won) (gift.Tiers, bool), error)
