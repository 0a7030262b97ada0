package office

import (
	"time"

	"giftimbiz/internal/gift"
)

// DaySales is what live partners bought on a day: money of the sandbox is none.
type DaySales struct {
	Day    gift.Day
	Orders int64
	Items  int64
	Spent  gift.Won
	Face   gift.Won
}

// Discount is how much less than the face value was paid. What the exchange itself paid for its stock is not kept, so this is
// no profit.
func (d DaySales) Discount() gift.Won { return d.Face - d.Spent }

// HourSales is what had been bought on a day when one of its hours was last looked at.
type HourSales struct {
	DaySales
	Hour int64 // 0 to 23, in Seoul
}

// StockItem is what is on sale of a product or a campaign, with its category.
type StockItem struct {
	Kind     gift.Kind
	ID       int64
	Name     string
	Category string
	Offers   int64
	Units    int64 // left
	In7      int64 // of these, how many expire within 7 days, today included
	In30     int64
}

// ExpiringOffer is an offer that is on sale and expires soon.
type ExpiringOffer struct {
	OfferID  int64
	Kind     gift.Kind
	Name     string
	Category string
	LastDay  gift.Day
	Units    int64
}

// Stock is what is on sale at a time.
type Stock struct {
	AsOf     time.Time
	Items    []StockItem
	Expiring []ExpiringOffer // the soonest first
	Sold     map[SoldKey]int64
}

// SoldKey names what sales are counted by.
type SoldKey struct {
	Kind gift.Kind
	ID   int64
}

// LowPartner is a live partner whose balance is low.
type LowPartner struct {
	Name    string
	Title   string
	Balance gift.Won
}

// Health is how the servers and their background work are.
type Health struct {
	Nodes   []Node
	Tallied time.Time // up to when sales are counted for popularity; zero: not yet
	Import  Import    // the newest; its ID is 0 when there was none

	Waiting int64             // deliveries that wait, counted up to MostWaiting
	GivenUp []GivenUpEndpoint // the last ones, the newest first
}

// MostWaiting is where counting deliveries that wait ends.
const MostWaiting = 10_000

// GivenUpEndpoint is an endpoint that the server switched off.
type GivenUpEndpoint struct {
	ID      int64
	Partner string // its name
	Host    string // of the endpoint's address, the rest of which may hold a secret
	Reason  string // as of webhook
	At      time.Time
}

// Import is how far a file of stock is.
type Import struct {
	ID          int64
	File        string
	State       string // as of intake
	Done, Total int64  // of its rows, while it is applied
}

// Node is a process that works on the database.
type Node struct {
	Number  int64
	Renewed time.Time // when it was last heard of, by the database's clock
	Late    bool      // it should have been heard of since
}
