package gift

// Rate is a share of the face value in tenths of a percent: 925 is 92.5 %.
type Rate int64

// WholeFace is the highest rate: nothing is sold above its face value.
const WholeFace Rate = 1000

// Valid tells whether a price can be made by the rate: nothing is given away by a rule.
func (r Rate) Valid() bool { return r > 0 && r <= WholeFace }

// Of returns the rate's price of a face value: rounded to ten won, half up, at least ten won and never above the face value.
func (r Rate) Of(face Won) Won { return min(max((face*Won(r)+5000)/10_000*10, 10), face) }

// Rates make the three prices of an offer from its face value.
type Rates struct {
	Far  Rate // more than 60 days left
	Mid  Rate // 31 to 60 days left
	Near Rate // 30 days left or fewer
}

// Of returns the prices of a face value.
func (r Rates) Of(face Won) Tiers {
	return Tiers{Far: r.Far.Of(face), Mid: r.Mid.Of(face), Near: r.Near.Of(face)}
}

// Valid tells whether prices can be made by the rates.
func (r Rates) Valid() bool { return r.Far.Valid() && r.Mid.Valid() && r.Near.Valid() }
