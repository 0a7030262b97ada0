package main

import (
	"context"
	"errors"
	"os"
	"sync"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/media"
	"giftimbiz/internal/sample"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// fillSample fills a migrated database with the sample stock, partners and an operator, and writes credentials.json.
// Cut short, it may be run again: the same seed makes the same stock.
func fillSample(ctx context.Context, cfg *config, db *storage.DB, clk clock.Clock, opt sampleOptions) (*credentials, error) {
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
	set := sample.Make(sample.Options{Offers: opt.Offers, Seed: opt.Seed, Today: gift.DayOf(clk.Now())})
	if err := loadSample(ctx, db, v, clk, set); err != nil {
		return nil, err
	}
	made := &credentials{}
	for _, seller := range set.Sellers {
		made.Sellers = append(made.Sellers, sellerCredentials{SellerID: seller.ID, ShopID: seller.ShopID, ManagerCode: seller.Code})
	}
	if err := openSample(ctx, db, v, clk, set, made); err != nil {
		return nil, err
	}
	return made, made.write(cfg.Data)
}

// loadSample stores stock and pictures. Stock that is there already is kept.
func loadSample(ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock, set *sample.Set) error {
	stock, err := sealSample(v, set)
	if err != nil {
		return err
	}
	pictures := make(map[string]media.Picture, len(set.Pictures))
	for _, p := range set.Pictures {
		pictures[p.Path] = media.Picture{ContentType: p.ContentType, Body: p.Body, ChangedAt: clk.Now()}
	}
	if err := db.PutMedia(ctx, pictures); err != nil {
		return err
	}
	if err := db.Load(ctx, stock); err != nil && !errors.Is(err, storage.ErrDuplicate) {
		return err
	}
	return nil
}

// sealSample encrypts the voucher numbers and hashes the manager codes, which is slow on purpose and done side by side.
func sealSample(v *vault.Vault, set *sample.Set) (*storage.Stock, error) {
	stock := &storage.Stock{
		Categories: set.Categories, Brands: set.Brands, Products: set.Products, Shops: set.Shops,
		Campaigns: set.Campaigns, Offers: set.Offers, Sellers: make([]storage.NewSeller, len(set.Sellers)),
	}
	for _, sale := range set.Sales {
		stock.Sales = append(stock.Sales, storage.ItemSale{Kind: sale.Kind, ItemID: sale.ItemID, Day: sale.Day, Sold: sale.Sold})
	}
	errs := make([]error, len(set.Sellers))
	var wg sync.WaitGroup
	for i, seller := range set.Sellers {
		wg.Go(func() {
			hash, err := v.HashCode(seller.Code)
			stock.Sellers[i] = storage.NewSeller{ID: seller.ID, ShopID: seller.ShopID, Name: seller.Name, CodeHash: hash}
			errs[i] = err
		})
	}
	stock.Units = make([]storage.NewUnit, len(set.Units))
	for i, u := range set.Units {
		unit := storage.NewUnit{ID: u.ID, OfferID: u.OfferID, Position: u.Position}
		if u.Number != "" {
			sealed, err := v.Seal(u.ID, u.Number)
			if err != nil {
				errs = append(errs, err)
			}
			unit.Sealed, unit.NumberHash = sealed, v.Lookup("voucher", u.Number)
		}
		stock.Units[i] = unit
	}
	wg.Wait()
	return stock, errors.Join(errs...)
}

// openSample opens the sample's partners and operator. The partners come last: they are what a finished sample is known by.
func openSample(ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock, set *sample.Set, made *credentials) error {
	made.Console.Email, made.Console.Password = demoOperator, randomPassword()
	hash, err := v.HashCode(made.Console.Password)
	if err != nil {
		return err
	}
	if err := db.SetOperator(ctx, demoOperator, hash, "admin", clk.Now()); err != nil {
		return err
	}
	keys := newKeyring(v, clk)
	for _, p := range set.Partners {
		opened, err := openPartner(ctx, db, keys, p.Partner, p.Balance)
		if err != nil {
			return err
		}
		made.Partners = append(made.Partners, *opened)
	}
	return nil
}
