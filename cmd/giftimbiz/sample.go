package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/media"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sample"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// sampleOptions say what stock to make up.
type sampleOptions struct {
	Offers   int
	Seed     int64
	Progress *progress // nil = none
}

// String is how the database remembers them.
func (o sampleOptions) String() string { return fmt.Sprintf("--offers %d --seed %d", o.Offers, o.Seed) }

// fillSample makes a migrated database hold the sample: stock, partners and an operator, with the credentials that were
// handed out for it. What is there already is kept; what a start that was cut short left out is made up for.
func fillSample(ctx context.Context, cfg *config, db *storage.DB, clk clock.Clock, opt sampleOptions) (*credentials, error) {
	defer opt.Progress.clear()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, err
	}
	v, err := cfg.vault()
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.BindKeys(ctx, v.Fingerprint(), v.DataFingerprints()), db.Join(ctx, clk)); err != nil {
		return nil, err
	}
	if err := stockSample(ctx, db, v, clk, opt); err != nil {
		return nil, err
	}
	made, err := keptCredentials(ctx, cfg.credentialsFile(), db, v, clk)
	if err == nil && made == nil {
		opt.Progress.show("making keys and codes", 0, 0)
		made, err = newCredentials(ctx, db, newKeyring(v, clk))
	}
	if err != nil {
		return nil, err
	}
	return made, made.readBalances(ctx, db)
}

// stockSample loads stock and pictures. Stock has an origin once it is there as a whole.
func stockSample(ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock, opt sampleOptions) error {
	_, err := db.StockOrigin(ctx)
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	empty, err := db.IsEmpty(ctx)
	if err != nil {
		return err
	}
	if !empty {
		return errors.New("the database holds partners or stock that the demo did not make up; " +
			"serve it with: giftimbiz serve, or give the demo an empty one (--data, --database)")
	}
	opt.Progress.show(fmt.Sprintf("making up %d offers", opt.Offers), 0, 0)
	set := sample.Make(sample.Options{Offers: opt.Offers, Seed: opt.Seed, Today: gift.DayOf(clk.Now())})
	pictures := make(map[string]media.Picture, len(set.Pictures))
	for _, p := range set.Pictures {
		pictures[p.Path] = media.Picture{ContentType: p.ContentType, Body: p.Body, ChangedAt: clk.Now()}
	}
	if err := db.PutMedia(ctx, pictures); err != nil {
		return err
	}
	stock, err := sealSample(v, set, opt.Progress)
	if err != nil {
		return err
	}
	stock.Origin = opt.String()
	stock.Progress = func(done, total int) { opt.Progress.show("storing vouchers", done, total) }
	if err := db.Load(ctx, stock); err != nil {
		return fmt.Errorf("load the sample stock: %w", err)
	}
	return nil
}

// sealSample makes rows of a set, the voucher numbers encrypted. Its sellers have no codes yet: no code fits an empty
// hash.
func sealSample(v *vault.Vault, set *sample.Set, p *progress) (*storage.Stock, error) {
	stock := &storage.Stock{
		Categories: set.Categories, Brands: set.Brands, Products: set.Products, Shops: set.Shops,
		Campaigns: set.Campaigns, Offers: set.Offers,
	}
	for _, seller := range set.Sellers {
		stock.Sellers = append(stock.Sellers, storage.NewSeller{ID: seller.ID, ShopID: seller.ShopID, Name: seller.Name})
	}
	for _, sale := range set.Sales {
		stock.Sales = append(stock.Sales, storage.ItemSale{Kind: sale.Kind, ItemID: sale.ItemID, Day: sale.Day, Sold: sale.Sold})
	}
	stock.Units = make([]storage.NewUnit, len(set.Units))
	for i, u := range set.Units {
		unit := storage.NewUnit{ID: u.ID, OfferID: u.OfferID, Position: u.Position}
		if u.Number != "" {
			sealed, err := v.Seal(u.ID, u.Number)
			if err != nil {
				return nil, err
			}
			unit.Sealed, unit.NumberHash, unit.TailHash = sealed, v.Lookup("voucher", u.Number), v.Tail(u.Number)
		}
		stock.Units[i] = unit
		p.show("encrypting vouchers", i+1, len(set.Units))
	}
	return stock, nil
}

// newCredentials hands everything out anew: the operator's password, every seller's manager code and the partners' keys.
// The partners come last: keys that work are what a finished handing out is known by.
func newCredentials(ctx context.Context, db *storage.DB, keys *keyring) (*credentials, error) {
	made := &credentials{Console: consoleCredentials{Email: demoOperator, Password: randomPassword()}}
	hash, err := keys.vault.HashCode(made.Console.Password)
	if err != nil {
		return nil, err
	}
	if err := db.SetOperator(ctx, office.Operator{Email: demoOperator, Name: "Admin", Role: office.Admin, PasswordHash: hash}, keys.clock.Now()); err != nil {
		return nil, err
	}
	if made.Sellers, err = newSellerCodes(ctx, db, keys.vault); err != nil {
		return nil, err
	}
	for _, p := range sample.Partners() {
		opened, err := openPartner(ctx, db, keys, p.Partner, p.Balance)
		if err != nil {
			return nil, err
		}
		made.Partners = append(made.Partners, *opened)
	}
	return made, nil
}

// newSellerCodes gives every seller another manager code. Their hashes are slow on purpose and made side by side.
func newSellerCodes(ctx context.Context, db *storage.DB, v *vault.Vault) ([]sellerCredentials, error) {
	sellers, err := db.Sellers(ctx)
	if err != nil {
		return nil, err
	}
	made := make([]sellerCredentials, len(sellers))
	errs := make([]error, len(sellers))
	var wg sync.WaitGroup
	for i := range sellers {
		wg.Go(func() {
			made[i] = sellerCredentials{SellerID: sellers[i].ID, ShopID: sellers[i].ShopID, ManagerCode: randomCode()}
			sellers[i].CodeHash, errs[i] = v.HashCode(made[i].ManagerCode)
		})
	}
	wg.Wait()
	return made, errors.Join(append(errs, db.SetSellerCodes(ctx, sellers))...)
}
