package intake

// Counts sums up what a file would do, or did, by rows.
type Counts struct {
	Rows    int `json:"rows"`
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Known   int `json:"known"` // say what is there already
	Refused int `json:"refused"`
}

// Finding is what there is to say about a cell of a row that is refused or known.
type Finding struct {
	Line   int    `json:"line"`
	Column Text   `json:"column"`
	Value  string `json:"value"` // of voucher numbers and codes, the end only
	Reason Text   `json:"reason"`
	Known  bool   `json:"known,omitempty"` // not refused: it is there already
}

// How many findings a report names; Counts has them all, and the file of refused rows has all of those.
const (
	maxFindings = 1000
	maxKnown    = 200 // of rows that are there already
)

// likeNumber tells whether a text may be a voucher's number that stands in the wrong column, or have one in it: no report shows
// one. A number is longer than a day or a price.
func likeNumber(s string) bool {
	s = plainNumber(s)
	digits, inRow, other := 0, 0, false
	for _, c := range s {
		if c >= '0' && c <= '9' {
			digits++
			if inRow++; inRow >= 12 {
				return true
			}
			continue
		}
		inRow = 0
		other = other || (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}
	return !other && len(s) > 8 && digits >= 6
}

// masked shows the last four characters of a secret, and nothing of a short one.
func masked(s string) string {
	runes := []rune(s)
	if len(runes) <= 8 {
		return "••••"
	}
	return "••••" + string(runes[len(runes)-4:])
}

// Plan is what was found out about a file.
type Plan struct {
	Kind     Kind
	Counts   Counts
	Findings []Finding // the first of them, by line
	known    int       // of them
	load     Load
	left     []byte // the refused rows, as a file, when they are to be kept
}

func (p *Plan) find(f Finding) {
	if len(p.Findings)-p.known >= maxFindings && !f.Known || f.Known && p.known >= maxKnown {
		return
	}
	p.Findings = append(p.Findings, f)
	if f.Known {
		p.known++
	}
}
