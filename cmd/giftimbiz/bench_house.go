package main

// Sealer implements bench.House.
func (benchHouse) Sealer(data string) (func(unit int64, number string) ([]byte, error), error) {
	v, err := (&config{Data: data}).vault()
	if err != nil {
		return nil, err
	}
	return v.Seal, nil
}
