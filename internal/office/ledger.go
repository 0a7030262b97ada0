package office

import (
	"errors"
	"time"

	"giftimbiz/internal/gift"
)

// Kinds of accounts.
const (
	BankAccounts        = "bank"
	RefundsAccounts     = "refunds"
	TestFundsAccounts   = "test_funds"
	AdjustmentsAccounts = "adjustments"
	SalesAccounts       = "sales"
	PrepaidAccounts     = "prepaid"
	PayableAccounts     = "payable"
)

// AccountKinds lists the kinds of accounts in the order of the ledger.
func AccountKinds() []string {
	return []string{
		BankAccounts, RefundsAccounts, TestFundsAccounts, AdjustmentsAccounts, SalesAccounts, PrepaidAccounts, PayableAccounts,
	}
}

// Kinds of ledger transactions.
const (
	PurchaseTransaction   = "purchase" // its head is the order of the same number
	DepositTransaction    = "deposit"
	RefundTransaction     = "refund"
	AdjustmentTransaction = "adjustment"
	RedemptionTransaction = "redemption" // of a paid coupon: it is owed to its shop
	UndoneTransaction     = "undone"     // a redemption was undone: it is not owed any more
	SettlementTransaction = "settlement" // of what is owed to a shop
)

// TransactionKinds lists the kinds of transactions in the order in which they are chosen from.
func TransactionKinds() []string {
	return []string{
		PurchaseTransaction, DepositTransaction, RefundTransaction, AdjustmentTransaction, RedemptionTransaction,
		UndoneTransaction, SettlementTransaction,
	}
}

// Account is an account of the ledger. A balance is a credit when positive.
type Account struct {
	ID      int64
	Kind    string
	OwnerID int64  // of a partner or a shop; of sales accounts the number of the shard; else 0
	Owner   string // the partner's or shop's name; empty for the house's own
	Title   string // how a partner is called by people
	Balance gift.Won
}

// AccountQuery asks for a page of accounts.
type AccountQuery struct {
	Kind  string    // "" = all but those of sales, which are too many to read one by one
	At    time.Time // the moment of the balances; zero = now
	After int64     // the last account of the page before: its ID, or its OwnerID when a kind is asked for
	Limit int
}

// Posting is one account's part in a transaction, a credit when positive.
type Posting struct {
	Account Account // without its balance
	Amount  gift.Won
}

// Transaction is a transaction of the ledger with all its postings, which add up to zero.
type Transaction struct {
	ID        gift.ID
	Kind      string
	At        time.Time
	OrderID   gift.ID // 0 = of no order
	Reference string
	Memo      string
	Postings  []Posting // debits first
}

// Total is what the transaction moved.
func (t Transaction) Total() (sum gift.Won) {
	for _, p := range t.Postings {
		if p.Amount > 0 {
			sum += p.Amount
		}
	}
	return sum
}

// JournalQuery asks for a page of the journal, the newest transactions first.
type JournalQuery struct {
	Kind     string   // "" = all
	Accounts []int64  // that were moved; nil = any
	From, To gift.Day // by when it was made; 0 = unbounded
	Before   gift.ID  // the last transaction of the page before; 0 = the first page
	Limit    int
}

// TrialRow is what the accounts of a kind add up to.
type TrialRow struct {
	Kind     string
	Accounts int64
	Debit    gift.Won // of accounts whose balance is below zero, as a positive amount
	Credit   gift.Won
}

// Unused is what was paid for coupons that were sold and neither used nor cancelled, by their last valid day.
type Unused struct {
	LastDay gift.Day
	Coupons int64
	Face    gift.Won
	Paid    gift.Won
}

// Period is a range of days, both ends included.
type Period struct{ From, To gift.Day }

// settleLag is how long after a period's end it is over for good: what is being redeemed at midnight is counted then.
const settleLag = time.Minute

// Over tells whether nothing can be redeemed in the period any more, so that it can be settled.
func (p Period) Over(now time.Time) bool { return !now.Before(p.To.End().Add(settleLag)) }

// Valid tells whether the period has any days.
func (p Period) Valid() bool { return p.From > 0 && p.From <= p.To }

// Redeemed is what a shop redeemed in a period. What was paid for it is owed to the shop.
type Redeemed struct {
	ShopID  int64
	Shop    string
	Coupons int64
	Face    gift.Won
	Paid    gift.Won
	Balance gift.Won // owed to the shop now, whatever the period
	Settled []Settlement
}

// Settlement is a payment to a shop for what it redeemed in a period.
type Settlement struct {
	ShopID        int64
	Period        Period
	Coupons       int64
	Face          gift.Won
	Paid          gift.Won
	TransactionID gift.ID
	At            time.Time
}

// RedeemedItem is a live coupon that a shop redeemed, or the undoing of that: then its amounts are below zero.
type RedeemedItem struct {
	ID      gift.ID
	Undoes  gift.ID  // 0 = it is a redemption
	Undone  bool     // it was undone since
	Day     gift.Day // for which it counts
	At      time.Time
	UnitID  int64
	OrderID gift.ID
	Line    int64
	Product string
	Partner string
	Seller  string
	Via     string
	Face    gift.Won
	Paid    gift.Won
}

// Place returns where the item stands in its shop's list.
func (i RedeemedItem) Place() RedeemedPlace { return RedeemedPlace{i.Day, i.ID} }

// RedeemedPlace is a place in a shop's list of redeemed items. Zero = before the newest.
type RedeemedPlace struct {
	Day gift.Day
	ID  gift.ID
}

// Why a settlement is not booked.
var (
	ErrNotOver    = errors.New("the period is not over yet")
	ErrNothingDue = errors.New("nothing is owed for the period")
)
