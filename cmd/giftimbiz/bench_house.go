package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"giftimbiz/internal/bench"
	"giftimbiz/internal/clock"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/demo"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// benchBalance pays for all that a partner buys in any run.
const benchBalance = 100_000_000_000

// benchHouse fills the bench's databases with the sample stock and real keys.
type benchHouse struct{}

// FillLists implements bench.House.
func (benchHouse) FillLists(ctx context.Context, data, database string, offers int) (bench.Buyer, error) {
	stock := &storage.Stock{}
	if offers > 0 {
		stock = listStock(offers, gift.DayOf(clock.System{}.Now()))
	}
	buyers, err := fillBench(ctx, data, database, stock, 1)
	if err != nil {
		return bench.Buyer{}, err
	}
	return buyers[0], nil
}

// FillStock implements bench.House.
func (benchHouse) FillStock(ctx context.Context, data, database string, units []int64, partners int) (
	buyers []bench.Buyer, sale bench.Sale, err error,
) {
	sale = bench.Sale{Product: "벤치)바나나우유240ML", Price: 1500}
	buyers, err = fillBench(ctx, data, database, benchStock(units, sale), partners)
	return buyers, sale, err
}

// AddOffer implements bench.House.
func (benchHouse) AddOffer(ctx context.Context, database string, id, product, price int64) (err error) {
	db, err := storage.Open(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	won, number := gift.Won(price), benchNumber(id)
	return db.Load(ctx, &storage.Stock{
		Offers: []gift.Offer{{
			ID: id, Kind: gift.Gifticon, ProductID: product, Face: 10 * won, Tiers: gift.Tiers{Far: won, Mid: won, Near: won},
			LastDay: gift.DayOf(clock.System{}.Now()) + 365,
		}},
		Units: []storage.NewUnit{{ID: id, OfferID: id, Position: 1, Sealed: number, NumberHash: number}},
	})
}

// Sealer implements bench.House.
func (benchHouse) Sealer(data, database string) (seal func(unit int64, number string) ([]byte, error), err error) {
	cfg, ctx := &config{Data: data, Database: database}, context.Background()
	db, err := storage.Open(ctx, cfg.database())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	v, err := cfg.vault(ctx, db)
	if err != nil {
		return nil, err
	}
	return v.Seal, nil
}

// fillBench fills an empty database with stock and signs new, rich partners in.
func fillBench(ctx context.Context, data, database string, stock *storage.Stock, partners int) (buyers []bench.Buyer, err error) {
	cfg := &config{Data: data, Database: database}
	db, err := benchDatabase(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	v, err := cfg.vault(ctx, db)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.Join(ctx, clock.System{}), db.RefreshVault(ctx, v)); err != nil {
		return nil, err
	}
	if err := db.Load(ctx, stock); err != nil {
		return nil, err
	}
	var made []demo.Partner
	for i := range partners {
		p := gift.Partner{Name: fmt.Sprintf("bench%d", i+1), Title: "bench", State: gift.Active}
		opened, err := demo.OpenPartner(ctx, db, v, clock.System{}, p, benchBalance)
		if err != nil {
			return nil, err
		}
		made = append(made, *opened)
	}
	return signIn(ctx, db, v, made)
}

func benchDatabase(ctx context.Context, cfg *config) (*storage.DB, error) {
	if err := os.MkdirAll(filepath.Clean(cfg.Data), 0o700); err != nil {
		return nil, err
	}
	db, err := storage.OpenOrCreate(ctx, cfg.database())
	if err != nil {
		return nil, err
	}
	if _, err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// benchStock is one product in offers 1, 2, …, each with its units.
func benchStock(units []int64, sale bench.Sale) *storage.Stock {
	price := gift.Won(sale.Price)
	stock := &storage.Stock{
		Categories: []gift.Category{{ID: 6, Kind: gift.Gifticon, Name: "마트,편의점"}},
		Brands:     []gift.Brand{{ID: 4, CategoryID: 6, Name: "CU", InUse: true}},
		Products:   []gift.Product{{ID: 1, BrandID: 4, Name: sale.Product, Face: 2000}},
	}
	unit := int64(0)
	for i, n := range units {
		id := int64(i + 1)
		stock.Offers = append(stock.Offers, gift.Offer{
			ID: id, Kind: gift.Gifticon, ProductID: 1, Face: 2000,
			Tiers: gift.Tiers{Far: price, Mid: price, Near: price}, LastDay: gift.DayOf(clock.System{}.Now()) + 365,
		})
		for position := range n {
			unit++
			number := benchNumber(unit)
			stock.Units = append(stock.Units, storage.NewUnit{
				ID: unit, OfferID: id, Position: position + 1, Sealed: number, NumberHash: number,
			})
		}
	}
	return stock
}

// benchNumber stands for a ciphertext of the first data key: nothing that is measured opens it.
func benchNumber(unit int64) []byte { return fmt.Appendf(vault.Mark(1), "%028d", unit) }

// signIn makes the partners' headers with access tokens, as the token endpoint would.
func signIn(ctx context.Context, db *storage.DB, v *vault.Vault, partners []demo.Partner) ([]bench.Buyer, error) {
	directory := credential.NewDirectory(db)
	if err := directory.Refresh(ctx); err != nil {
		return nil, err
	}
	authority := credential.NewAuthority(credential.Config{Vault: v, Clock: clock.System{}, Directory: directory})
	buyers := make([]bench.Buyer, len(partners))
	for i, p := range partners {
		who, fault := authority.CheckRefreshOnly(credential.Presented{
			PartnerName: p.PartnerID, PartnerKey: p.PartnerKey, PartnerToken: p.PartnerToken,
			Refresh: credential.Header{Present: true, Value: p.RefreshToken},
		})
		if fault != nil {
			return nil, fmt.Errorf("sign in %s: %v", p.PartnerID, fault.Kind)
		}
		buyers[i] = bench.Buyer{Name: p.PartnerID, Header: fmt.Sprintf(
			"Partnerkey: %s\r\nPartnertoken: %s\r\nRefresh-Token: %s\r\nAccess-Token: %s\r\n",
			p.PartnerKey, p.PartnerToken, p.RefreshToken, authority.Issue(who.Partner, who.Generation))}
	}
	return buyers, nil
}
