package region

// Place is where something is, by names of regions; "" = anywhere.
type Place struct {
	Province string
	District string // of Province, or of any
	Town     string
}

// Part is a part of a place.
type Part int

const (
	InProvince Part = iota + 1
	InDistrict
	InTown
)

// Resolve brings the names to their official form. It returns the first part whose name is no region's, or no region's of its
// province; 0 when all are.
func (p *Place) Resolve() (wrong Part) {
	var ok bool
	if p.Province != "" {
		name := p.Province
		if p.Province, ok = Province(name); !ok {
			p.Province = name
			return InProvince
		}
	}
	if p.District != "" {
		name := p.District
		if p.District, ok = District(p.Province, name); !ok {
			p.District = name
			return InDistrict
		}
	}
	if p.Town != "" && !Town(p.Town) {
		return InTown
	}
	return 0
}
