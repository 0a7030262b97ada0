package intake

import (
	"errors"
	"runtime"
	"sync"
)

// hashCodes makes the slow hashes of new manager codes, side by side.
func (d *Desk) hashCodes(lists ...[]Seller) error {
	var wg sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	var failed error
	for _, list := range lists {
		for i := range list {
			if list[i].code == "" {
				continue
			}
			room <- struct{}{}
			wg.Go(func() {
				defer func() { <-room }()
				hash, err := d.Vault.HashCode(list[i].code)
				mu.Lock()
				defer mu.Unlock()
				list[i].CodeHash, failed = hash, errors.Join(failed, err)
			})
		}
	}
	wg.Wait()
	return failed
}
