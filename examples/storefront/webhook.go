package main

import (
	"context"
	"errors"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"giftimbiz/client"
)

// webhookPath is where the server tells what happens.
const webhookPath = "/webhook"

// wanted is what the shop wants to be told.
var wanted = []client.EventType{
	client.EventOrderCompleted, client.EventOrderRefunded, client.EventCouponRedeemed, client.EventCouponRedemptionUndone,
	client.EventVoucherExpiring, client.EventVoucherExpired, client.EventVoucherWithdrawn, client.EventOfferSoldOut,
	client.EventOfferRepriced, client.EventBalanceLow,
}

// hook takes webhooks. It does not trust their order, nor that each comes once: an event is only the reason to ask the API what an
// order is like now.
type hook struct {
	shop    *shop
	handler atomic.Pointer[http.Handler] // nil until the secret is known
	locks   [64]sync.Mutex               // by order: who read later writes later
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler := h.handler.Load()
	if handler == nil {
		http.Error(w, "not ready; send it again", http.StatusServiceUnavailable)
		return
	}
	(*handler).ServeHTTP(w, r)
}

// handle takes a webhook whose signature is right. On error the server sends it again later.
func (h *hook) handle(ctx context.Context, event client.Event) error {
	if seen, err := h.shop.store.seen(ctx, event.ID); err != nil || seen {
		return err
	}
	data, err := event.Decode()
	if err != nil {
		return err
	}
	err = h.act(ctx, event, data)
	if err != nil {
		h.shop.log.Warn("a webhook was not taken", "type", event.Type, "id", event.ID, "err", err)
	}
	return err
}

func (h *hook) act(ctx context.Context, event client.Event, data any) error {
	switch d := data.(type) {
	case client.OrderCompleted:
		return h.ask(ctx, event.ID, d.OrderID, nil)
	case client.OrderRefunded:
		return h.ask(ctx, event.ID, d.OrderID, nil)
	case client.CouponRedemption:
		return h.ask(ctx, event.ID, d.OrderID, nil)
	case client.VoucherExpiry:
		if d.DaysLeft < 0 {
			return h.ask(ctx, event.ID, d.OrderID, nil)
		}
		return h.ask(ctx, event.ID, d.OrderID, &notice{Kind: noticeExpiring, Detail: strconv.FormatInt(d.DaysLeft, 10), At: event.At})
	case client.VoucherWithdrawn:
		return h.ask(ctx, event.ID, d.OrderID, &notice{Kind: noticeWithdrawn, Detail: strings.Join(d.Vouchers, " "), At: event.At})
	case client.OfferSoldOut, client.OfferRepriced:
		h.shop.catalogue.wake()
	case client.BalanceLow:
		h.shop.log.Error("the prepaid balance is low: top it up before nothing can be sold", "balance", d.Balance, "threshold", d.Threshold)
	}
	_, err := h.shop.store.take(ctx, event.ID, nil, nil, event.At)
	return err
}

// ask brings an order up to date by what the API says of it.
func (h *hook) ask(ctx context.Context, eventID, orderID string, more *notice) error {
	return h.update(ctx, eventID, orderID, more, func(ctx context.Context) (*client.Order, error) {
		order, err := h.shop.api.Order(ctx, orderID)
		if errors.Is(err, client.ErrNotFound) {
			return nil, nil // a sandbox was reset
		}
		return order, err
	})
}

// update stores what an order is like now and has its owner's open pages show it. eventID is that of the webhook that told, "" when
// none did; more is what the owner is told besides.
func (h *hook) update(
	ctx context.Context, eventID, orderID string, more *notice, now func(context.Context) (*client.Order, error),
) error {
	lock := h.lock(orderID)
	lock.Lock()
	defer lock.Unlock()
	order, err := now(ctx)
	if err != nil {
		return err
	}
	var notices []notice
	if more != nil && order != nil {
		more.Reference = order.Reference
		notices = append(notices, *more)
	}
	userID, err := h.shop.store.take(ctx, eventID, order, notices, h.shop.catalogue.apiNow())
	if err == nil && userID != 0 {
		h.shop.live.tell(userID)
	}
	return err
}

func (h *hook) lock(orderID string) *sync.Mutex {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(orderID)) // a hash takes all
	return &h.locks[hash.Sum32()%uint32(len(h.locks))]
}

// Settings that the webhook's registration is kept under.
const (
	settingHook   = "webhook id"
	settingSecret = "webhook secret"
	settingSince  = "webhook secret since" // by the server's clock
)

// enrolEvery is how often the shop looks whether webhooks are still sent to it: the server gives up on one that fails for days.
const enrolEvery = 10 * time.Minute

// register makes sure that the API sends webhooks to this shop, and that their secret is known here.
func (h *hook) register(ctx context.Context) {
	for retry := time.Second; ; {
		pause := enrolEvery
		if err := h.enrol(ctx); err != nil && ctx.Err() == nil {
			h.shop.log.Warn("the webhook is not registered; vouchers do not change by themselves", "err", err)
			pause, retry = retry, min(2*retry, time.Minute)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// enrol takes the webhooks that are signed with the secret of the shop's own.
func (h *hook) enrol(ctx context.Context) error {
	secret, err := h.secret(ctx)
	if err != nil {
		return err
	}
	verifier, err := client.NewWebhookVerifier(secret)
	if err != nil {
		return err
	}
	handler := verifier.WithClock(h.shop.catalogue.serverNow).Handler(h.handle)
	h.handler.Store(&handler)
	return nil
}

// secret finds the shop's webhook among the partner's, or makes it, mends it, and returns its secret. A secret that was lost is
// replaced: the API shows each once.
func (h *hook) secret(ctx context.Context) (secret string, err error) {
	s := h.shop
	address := s.cfg.PublicURL + webhookPath
	id, err1 := s.store.setting(ctx, settingHook)
	secret, err2 := s.store.setting(ctx, settingSecret)
	list, err3 := s.api.Webhooks(ctx)
	if err := errors.Join(err1, err2, err3); err != nil {
		return "", err
	}
	known, _ := strconv.ParseInt(id, 10, 64) // 0 = none
	at := slices.IndexFunc(list, func(w client.Webhook) bool { return w.ID == known })
	if at < 0 {
		secret = "" // of a webhook that is gone
		at = slices.IndexFunc(list, func(w client.Webhook) bool { return w.URL == address })
	}
	if at < 0 {
		made, err := s.api.CreateWebhook(ctx, address, wanted)
		return h.keep(ctx, made, err)
	}
	if err := h.mend(ctx, &list[at], address); err != nil || secret != "" && !h.refused(ctx, &list[at]) {
		return secret, err
	}
	made, err := s.api.RotateWebhookSecret(ctx, list[at].ID)
	return h.keep(ctx, made, err)
}

// refused tells whether this shop did not believe what it was sent since it has its secret: somebody else has changed that.
func (h *hook) refused(ctx context.Context, w *client.Webhook) bool {
	text, err1 := h.shop.store.setting(ctx, settingSince)
	since, err2 := time.Parse(time.RFC3339, text)
	return errors.Join(err1, err2) == nil && w.LastFailure != nil && w.LastFailure.Status == http.StatusUnauthorized &&
		w.LastFailure.At.After(since)
}

// keep stores a secret that is shown this once.
func (h *hook) keep(ctx context.Context, made *client.Webhook, err error) (secret string, _ error) {
	if err != nil {
		return "", err
	}
	err1 := h.shop.store.set(ctx, settingSecret, made.Secret)
	err2 := h.shop.store.set(ctx, settingHook, strconv.FormatInt(made.ID, 10))
	err3 := h.shop.store.set(ctx, settingSince, h.shop.catalogue.serverNow().Format(time.RFC3339))
	return made.Secret, errors.Join(err1, err2, err3)
}

// mend makes a webhook what it should be: it may have been switched off, or the shop may have moved.
func (h *hook) mend(ctx context.Context, w *client.Webhook, address string) error {
	on := true
	slices.Sort(w.Events)
	if w.URL == address && w.State == client.WebhookOn && slices.Equal(w.Events, slices.Sorted(slices.Values(wanted))) {
		return nil
	}
	_, err := h.shop.api.UpdateWebhook(ctx, w.ID, client.WebhookUpdate{URL: &address, Events: wanted, Enabled: &on})
	return err
}
