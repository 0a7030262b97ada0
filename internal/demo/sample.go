package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"sync"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/media"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sample"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/vault"
)

// Operator is the account of the demo's operator, an admin.
const Operator = "admin@giftimbiz.local"

// Options say what stock to make up.
type Options struct {
	Offers int   // how many gift offers, at least 1
	Seed   int64 // the same seed makes the same stock
	// Quick is for tests, which start often: there are no pictures, and all sellers have one manager code.
	Quick bool
	// Kept is what an earlier start handed out, nil when that is lost. It is handed out again if it works on this database.
	Kept *Credentials
	// Progress is told what is being done and how much of it is; a total of 0 is unknown. It may be nil.
	Progress func(what string, done, total int)
}

// String is how the database remembers the stock they make.
func (o Options) String() string { return fmt.Sprintf("--offers %d --seed %d", o.Offers, o.Seed) }

func (o Options) show(what string, done, total int) {
	if o.Progress != nil {
		o.Progress(what, done, total)
	}
}

// Fill makes a migrated database hold the sample: stock, partners and an operator, with the credentials that were handed
// out for it. What is there already is kept; what a start that was cut short left out is made up for. A database with other
// partners or stock is refused. v is the vault of db. The addresses in the credentials are left for whoever knows them.
func Fill(ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock, opt Options) (*Credentials, error) {
	if err := db.Join(ctx, clk); err != nil {
		return nil, err
	}
	if err := db.RefreshVault(ctx, v); err != nil {
		return nil, err
	}
	if err := stockSample(ctx, db, v, clk, opt); err != nil {
		return nil, err
	}
	made := opt.Kept
	works, err := made.work(ctx, db, v, clk)
	if err == nil && !works {
		opt.show("making keys and codes", 0, 0)
		made, err = newCredentials(ctx, db, v, clk, opt.Quick)
	}
	if err != nil {
		return nil, err
	}
	return made, made.readBalances(ctx, db)
}

// stockSample loads stock and pictures. Stock has an origin once it is there as a whole.
func stockSample(ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock, opt Options) error {
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
	opt.show(fmt.Sprintf("making up %d offers", opt.Offers), 0, 0)
	set := sample.Make(sample.Options{Offers: opt.Offers, Seed: opt.Seed, Today: gift.DayOf(clk.Now()), Bare: opt.Quick})
	pictures := make(map[string]media.Picture, len(set.Pictures))
	for _, p := range set.Pictures {
		pictures[p.Path] = media.Picture{ContentType: p.ContentType, Body: p.Body, ChangedAt: clk.Now()}
	}
	if err := db.PutMedia(ctx, pictures); err != nil {
		return err
	}
	stock, err := sealSample(v, set, opt)
	if err != nil {
		return err
	}
	stock.Origin = opt.String()
	stock.Progress = func(done, total int) { opt.show("storing vouchers", done, total) }
	if err := db.Load(ctx, stock); err != nil {
		return fmt.Errorf("load the sample stock: %w", err)
	}
	return nil
}

// sealSample makes rows of a set, the voucher numbers encrypted. Its sellers have no codes yet: no code fits an empty
// hash.
func sealSample(v *vault.Vault, set *sample.Set, opt Options) (*storage.Stock, error) {
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
		opt.show("encrypting vouchers", i+1, len(set.Units))
	}
	return stock, nil
}

// newCredentials hands everything out anew: the operator's password, every seller's manager code and the partners' keys.
// The partners come last: keys that work are what a finished handing out is known by.
func newCredentials(
	ctx context.Context, db *storage.DB, v *vault.Vault, clk clock.Clock, quick bool,
) (*Credentials, error) {
	made := &Credentials{Console: Console{Email: Operator, Password: rand.Text()}} // 130 bits
	hash, err := v.HashCode(made.Console.Password)
	if err != nil {
		return nil, err
	}
	admin := office.Operator{Email: Operator, Name: "Admin", Role: office.Admin, PasswordHash: hash}
	if err := db.SetOperator(ctx, admin, clk.Now()); err != nil {
		return nil, err
	}
	if made.Sellers, err = newSellerCodes(ctx, db, v, quick); err != nil {
		return nil, err
	}
	for _, p := range sample.Partners() {
		opened, err := OpenPartner(ctx, db, v, clk, p.Partner, p.Balance)
		if err != nil {
			return nil, err
		}
		made.Partners = append(made.Partners, *opened)
	}
	return made, nil
}

// newSellerCodes gives every seller another manager code; quick, all the same. Their hashes are slow on purpose and made side by
// side.
func newSellerCodes(ctx context.Context, db *storage.DB, v *vault.Vault, quick bool) ([]Seller, error) {
	sellers, err := db.Sellers(ctx)
	if err != nil {
		return nil, err
	}
	made := make([]Seller, len(sellers))
	errs := make([]error, len(sellers))
	give := func(i int) {
		made[i] = Seller{SellerID: sellers[i].ID, ShopID: sellers[i].ShopID, ManagerCode: randomCode()}
		sellers[i].CodeHash, errs[i] = v.HashCode(made[i].ManagerCode)
	}
	different := len(sellers)
	if quick {
		different = min(different, 1)
	}
	var wg sync.WaitGroup
	for i := range different {
		wg.Go(func() { give(i) })
	}
	wg.Wait()
	for i := different; i < len(sellers); i++ {
		made[i] = Seller{SellerID: sellers[i].ID, ShopID: sellers[i].ShopID, ManagerCode: made[0].ManagerCode}
		sellers[i].CodeHash = sellers[0].CodeHash
	}
	return made, errors.Join(append(errs, db.SetSellerCodes(ctx, sellers))...)
}

// randomCode returns a manager code of six digits. The first is not 0: a spreadsheet may take it for a number.
func randomCode() string {
	const first, codes = 100_000, 900_000
	n, err := rand.Int(rand.Reader, big.NewInt(codes))
	if err != nil {
		panic("demo: no random numbers: " + err.Error()) // the system's source never fails
	}
	return strconv.FormatInt(first+n.Int64(), 10)
}
