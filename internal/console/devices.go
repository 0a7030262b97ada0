package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"giftimbiz/internal/office"
)

// deviceStore knows which devices of shops are signed in.
type deviceStore interface {
	ShopDevices(ctx context.Context, shopID int64, now time.Time) ([]office.Device, error)
	// EndShopShifts signs all devices of a shop out, and returns how many.
	EndShopShifts(ctx context.Context, shopID int64, now time.Time) (int64, error)
}

// devicesPage is the signed-in devices of a shop.
type devicesPage struct {
	Nav     []menuItem
	Shop    string
	Address string
	Devices []office.Device
}

func deviceRoutes() []route {
	address := shopShelf().address("{id}", "devices")
	return []route{
		{pattern: "GET " + address, needs: office.See, serve: (*request).showDevices},
		{pattern: "POST " + address, needs: office.EditStock, serve: (*request).signDevicesOut},
	}
}

func (q *request) showDevices() error {
	l, err := shopShelf().found(q)
	if err != nil {
		return err
	}
	p := devicesPage{
		Nav: q.catalogueNav(), Shop: shopShelf().address(strconv.FormatInt(l.Row.ID, 10)), Address: devicesAddress(l.Row.ID),
	}
	if p.Devices, err = q.h.Store.ShopDevices(q.Context(), l.Row.ID, q.now); err != nil {
		return err
	}
	return q.render(http.StatusOK, "devices", text{"로그인한 기기 · " + l.Row.Name, "Signed-in devices · " + l.Row.Name}, p)
}

func devicesAddress(shopID int64) string {
	return shopShelf().address(strconv.FormatInt(shopID, 10), "devices")
}

func (q *request) signDevicesOut() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	l, err := shopShelf().found(q)
	if err != nil {
		return err
	}
	n, err := q.h.Store.EndShopShifts(q.Context(), l.Row.ID, q.now)
	if err != nil {
		return err
	}
	return q.done(devicesAddress(l.Row.ID), text{
		fmt.Sprintf("기기 %d대를 로그아웃했습니다.", n), fmt.Sprintf("Signed out devices: %d.", n),
	})
}
