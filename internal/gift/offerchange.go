package gift

// OfferStatus says whether an offer is sold, and why not.
type OfferStatus int

const (
	StatusOnSale    OfferStatus = iota
	StatusSoldOut               // all of it is sold
	StatusWithdrawn             // an operator stopped its sale
	StatusExpired               // its last day is over
)

// Word returns the status as partners read it.
func (s OfferStatus) Word() string {
	return [...]string{"on_sale", "sold_out", "withdrawn", "expired"}[s]
}

// StatusOn returns the status on the given day: StatusStatusOnSale when the offer is Listed.
func (o Offer) StatusOn(day Day) OfferStatus {
	switch {
	case o.LastDay < day:
		return StatusExpired
	case o.Stopped:
		return StatusWithdrawn
	case o.Stock <= 0:
		return StatusSoldOut
	}
	return StatusOnSale
}

// OfferChange says what became of an offer since somebody last looked. Of several things it is the first.
type OfferChange int

const (
	ChangeGone      OfferChange = iota + 1 // it is not on sale: its status says why
	ChangeNew                              // there was no such offer
	ChangeRestocked                        // it is on sale again
	ChangePriced                           // it has other prices, or another of its prices is in force
	ChangeOther                            // something else of it, or of what it refers to
)

// Word returns the change of an offer that has this status as partners read it.
func (c OfferChange) Word(s OfferStatus) string {
	if c == ChangeGone {
		return s.Word()
	}
	return [...]string{ChangeNew: "new", ChangeRestocked: "restocked", ChangePriced: "repriced", ChangeOther: "changed"}[c]
}
