package redeem

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	table "giftimbiz/internal/sheet"
)

const (
	listed      = 50  // rows of a page
	listedDays  = 366 // of a list at most
	sentAtOnce  = 500 // rows read at a time for a file
	sentAtMost  = 100_000
	cardTime    = "01-02 15:04:05"
	fileTime    = "2006-01-02 15:04:05"
	undoneClass = "undone"
)

// list is what a shop redeemed in some days.
type list struct {
	frame
	From, To string
	Total    office.Redeemed
	Rows     []listRow
	Next     string // the address of the page after this; "" = it is the last
	File     string
}

type listRow struct {
	Time, Product, Number, Seller, Via, Amount, Class, Note string
}

// Owed is the sum that is owed to the shop for the days.
func (l *list) Owed() string { return l.Text.Won(l.Total.Paid) }

// Coupons is how many coupons count.
func (l *list) Coupons() string {
	if l.Total.Coupons == 1 {
		return fmt.Sprintf(l.Text.coupon, 1)
	}
	return fmt.Sprintf(l.Text.coupons, l.Total.Coupons)
}

func (v *visit) showList() error {
	if v.shift == nil {
		return v.redirect(counterPath)
	}
	period, ok := v.period()
	p := &list{frame: v.frame(), From: period.From.String(), To: period.To.String()}
	p.State, p.Title, p.Detail = "desk", v.text.ListTitle, v.shift.Shop
	if !ok {
		p.Error = v.text.BadPeriod
	}
	total, err := v.h.Store.RedeemedAtShop(v.Context(), v.shift.ShopID, period)
	if err != nil {
		return err
	}
	items, err := v.h.Store.RedeemedItems(v.Context(), v.shift.ShopID, period, v.place(), listed+1)
	if err != nil {
		return err
	}
	p.Total = total
	days := "?from=" + p.From + "&to=" + p.To
	if len(items) > listed {
		items = items[:listed]
		last := items[listed-1].Place()
		p.Next = listPath + days + fmt.Sprintf("&after=%d.%d", last.Day, last.ID)
	}
	for _, i := range items {
		p.Rows = append(p.Rows, v.row(i))
	}
	p.File = listPath + ".csv" + days
	return v.write(http.StatusOK, "list", p)
}

func (v *visit) row(i office.RedeemedItem) listRow {
	row := listRow{
		Time: i.At.In(gift.Seoul).Format(cardTime), Product: i.Product, Number: strconv.FormatInt(i.UnitID, 10), Seller: i.Seller,
		Via: v.text.via(i.Via), Amount: v.text.Won(i.Paid),
	}
	switch {
	case i.Undoes != 0:
		row.Note = v.text.RowUndo
	case i.Undone:
		row.Note, row.Class = v.text.RowUndone, undoneClass
	}
	return row
}

// sendList is the list as a file.
func (v *visit) sendList() error {
	if v.shift == nil {
		return v.redirect(counterPath)
	}
	period, ok := v.period()
	if !ok {
		return v.redirect(listPath)
	}
	head := v.w.Header()
	head.Set("Content-Type", table.CSV.ContentType())
	head.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="coupons-%d-%s-%s.csv"`, v.shift.ShopID, period.From, period.To))
	file, err := table.NewWriter(v.w, table.CSV)
	if err != nil {
		return nil // the caller is gone
	}
	if err := v.writeRows(file, period); err != nil {
		v.h.Logger.WarnContext(v.Context(), "a shop's list broke off", "shop", v.shift.ShopID, "error", err)
		panic(http.ErrAbortHandler) // what was sent must not look complete
	}
	return nil
}

func (v *visit) writeRows(file table.Writer, period office.Period) error {
	t := v.text
	if err := file.Row(t.fileHead()...); err != nil {
		return err
	}
	after := office.RedeemedPlace{}
	for sent := 0; sent < sentAtMost; {
		items, err := v.h.Store.RedeemedItems(v.Context(), v.shift.ShopID, period, after, sentAtOnce)
		if err != nil {
			return err
		}
		for _, i := range items {
			after = i.Place()
			row := v.row(i)
			err := file.Row(i.Day.String(), i.At.In(gift.Seoul).Format(fileTime), i.Product, row.Number, i.Seller, row.Via, int64(i.Face),
				int64(i.Paid), row.Note)
			if err != nil {
				return err
			}
		}
		if sent += len(items); len(items) < sentAtOnce {
			break
		}
	}
	return file.Close()
}

// period reads the days asked for; without any, or with days that are none, it is today.
func (v *visit) period() (p office.Period, ok bool) {
	today := gift.DayOf(v.now)
	p = office.Period{From: today, To: today}
	from, to := v.FormValue("from"), v.FormValue("to")
	if from == "" && to == "" {
		return p, true
	}
	first, err := gift.ParseDay(from)
	last, lastErr := gift.ParseDay(to)
	asked := office.Period{From: first, To: last}
	if err != nil || lastErr != nil || !asked.Valid() || last-first >= listedDays {
		return p, false
	}
	return asked, true
}

// place reads where a page of the list begins; nothing else is a place.
func (v *visit) place() office.RedeemedPlace {
	day, id, _ := strings.Cut(v.FormValue("after"), ".")
	d, dayErr := strconv.ParseInt(day, 10, 64)
	n, err := strconv.ParseInt(id, 10, 64)
	if dayErr != nil || err != nil {
		return office.RedeemedPlace{}
	}
	return office.RedeemedPlace{Day: gift.Day(d), ID: gift.ID(n)}
}
