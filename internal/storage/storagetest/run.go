package storagetest

import "testing"

// Run runs the whole suite against the engine that empty makes databases of, and open databases with the schema in them.
func Run(t *testing.T, empty, open Opener) {
	t.Run("two nodes may migrate at once", func(t *testing.T) { migrateAtOnce(t, empty) })
	RunAtOnce(t, open)
	for name, test := range map[string]func(*testing.T, Opener){
		"a purchase moves money, stock and history together": purchaseMovesAll,
		"every refusal leaves everything as it was":          refusals,
		"of several faults the first in order is named":      faultsInOrder,
		"the same key gives the first answer again":          keys,
		"an equal purchase without a key is refused":         repeats,
		"sandbox purchases take nothing":                     sandbox,
		"a deposit's reference works once":                   deposits,
		"changes are seen once and in order":                 changes,
		"money adds up whatever happens":                     ledgerProperty,
		"an unanswered commit is looked up, never repeated":  unansweredCommits,
		"a quote's unanswered commit is looked up, too":      unansweredQuotes,
		"a batch decides as if one came after the other":     batches,
		"a failed batch hits its culprit only":               failedTransactions,
		"an outcome that stays unknown is found by its key":  neverAnswered,
		"who could not be told and asks again late is told":  askedAgainLate,
		"a repeat is told by when it was asked for":          slowCommit,
		"a store that cannot commit is given up soon":        neverStored,
		"a store that goes away is not asked one by one":     goneWhileTriedAlone,
		"the day may turn while a purchase waits":            midnightWhileWaiting,
		"a purchase is refused where too many wait":          tooManyWait,
		"what a quote holds is sold to its partner only":     heldForOne,
		"a quote is over when its time is":                   lapsing,
		"what is released is free at once":                   releasing,
		"a quote keeps its price over midnight":              overMidnight,
		"a partner's quotes are bounded":                     boundedQuotes,
		"quotes hold any coupon, not a certain one":          quotedCoupons,
		"quotes are checked as purchases are":                quotesAreChecked,
		"sandbox quotes hold nothing":                        sandboxQuotes,
		"a sandbox partner's days are its own":               movedClock,
		"a sandbox partner may ask to be refused":            pretended,
		"quotes are forgotten after a day":                   forgottenQuotes,
		"a reference is of one order or of none":             references,
		"a key stands for all of its purchase":               keysStandForAll,
		"pages of both kinds have everything once":           pages,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// RunAtOnce runs those tests of the suite in which many want the same at once: what differs by how an engine keeps transactions
// apart. open is as for Run.
func RunAtOnce(t *testing.T, open Opener) {
	for name, test := range map[string]func(*testing.T, Opener){
		"the last voucher goes to one of 200 buyers":           lastVoucher,
		"one key used 50 times at once buys once":              oneKeyAtOnce,
		"named and unnamed coupons are never sold twice":       coupons,
		"two nodes sell the same stock without selling twice":  twoNodes,
		"who comes while a batch waits for its locks joins it": joining,
		"a quote used many times at once makes one order":      usedAtOnce,
		"quotes are kept while others buy on two nodes":        heldAmongMany,
		"one reference many times at once makes one order":     oneReferenceAtOnce,
		"a reference is closed or bought with, not both":       closedOrBought,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}
