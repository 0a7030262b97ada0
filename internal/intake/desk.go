package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"giftimbiz/internal/clock"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/sheet"
)

// KeptFor is how long a checked file waits to be applied.
const KeptFor = 24 * time.Hour

const (
	beatEvery   = time.Second
	failWithin  = 30 * time.Second
	maxFileName = 200
)

// Config is what NewDesk needs.
type Config struct {
	Store  Store
	Vault  Vault
	Clock  clock.Clock
	Logger *slog.Logger
	Prices Prices // nil = there are no price rules
}

// Desk takes files in. Its methods may be called from any goroutine.
type Desk struct {
	Config
	ctx   context.Context // of the files that are applied in the background
	leave context.CancelFunc
	work  sync.WaitGroup
	room  chan struct{} // bounds the files that are in memory to be kept
}

// broughtAtOnce is how many files are checked at a time to be kept; further ones wait.
const broughtAtOnce = 2

// NewDesk returns a desk. Stop ends what it does in the background.
func NewDesk(cfg Config) *Desk {
	if cfg.Store == nil || cfg.Vault == nil || cfg.Clock == nil || cfg.Logger == nil {
		panic("intake: NewDesk needs all of Config but Prices")
	}
	d := &Desk{Config: cfg, room: make(chan struct{}, broughtAtOnce)}
	d.ctx, d.leave = context.WithCancel(context.Background())
	return d
}

// Stop breaks off what is being applied: nothing of it is stored.
func (d *Desk) Stop() {
	d.leave()
	d.work.Wait()
}

// Check finds out what a file would do. It changes nothing. progress may be nil.
func (d *Desk) Check(ctx context.Context, k Kind, data []byte, progress func(rows int)) (*Plan, error) {
	return d.check(ctx, k, data, nil, progress)
}

func (d *Desk) check(ctx context.Context, k Kind, data []byte, each func(*row) error, progress func(int)) (*Plan, error) {
	names, err := d.Store.Names(ctx)
	if err != nil {
		return nil, err
	}
	c := &check{
		ctx: ctx, kind: k, table: tables[k], store: d.Store, vault: d.Vault, today: gift.DayOf(d.Clock.Now()),
		names: newDirectory(names), where: map[string]int{}, seen: map[string]int{}, lots: map[gift.Offer]int32{},
		numbers: map[Hash]struct{}{}, plan: &Plan{Kind: k, load: Load{Seen: names.Seen}}, each: each, progress: progress,
	}
	if d.Prices != nil && k == Vouchers {
		if c.prices, err = d.Prices(ctx); err != nil {
			return nil, err
		}
	}
	return c.plan, c.run(data)
}

// Bring checks a file and keeps it, until somebody applies it or KeptFor is over.
func (d *Desk) Bring(ctx context.Context, k Kind, file string, data []byte) (*Import, error) {
	select {
	case d.room <- struct{}{}:
		defer func() { <-d.room }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	plan, err := d.Check(ctx, k, data, nil)
	if err != nil {
		return nil, err
	}
	return d.add(ctx, plan, file, func(id int64) ([]byte, error) { return d.sealBody(id, data) })
}

// sealBody encrypts a file, for voucher numbers stand in it.
func (d *Desk) sealBody(id int64, data []byte) ([]byte, error) {
	if data == nil {
		return nil, nil
	}
	body, err := pack(data)
	if err != nil {
		return nil, err
	}
	return d.Vault.SealSecret("import", id, body)
}

func (d *Desk) add(ctx context.Context, p *Plan, file string, seal func(int64) ([]byte, error)) (*Import, error) {
	i := &Import{
		Kind: p.Kind, File: fileName(file), By: office.ActorOf(ctx).Name, State: Checked, Counts: p.Counts, Findings: p.Findings,
	}
	var err error
	i.ID, err = d.Store.AddImport(ctx, i, seal, d.Clock.Now())
	return i, err
}

// fileName is what people recognise a file by.
func fileName(name string) string {
	name = strings.ToValidUTF8(filepath.Base(strings.ReplaceAll(name, "\\", "/")), "")
	return clip(name, maxFileName)
}

func pack(data []byte) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(data)
	err = errors.Join(err, z.Close())
	return b.String(), err
}

func unpack(body string) ([]byte, error) {
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return sheet.Load(z)
}

// body returns a kept file.
func (d *Desk) body(ctx context.Context, id int64) ([]byte, error) {
	sealed, err := d.Store.ImportBody(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 {
		return nil, ErrGone
	}
	body, err := d.Vault.OpenSecret("import", id, sealed)
	if err != nil {
		return nil, err
	}
	return unpack(body)
}

// Apply begins to apply a kept file, and returns once that is sure to be the only attempt; the rest happens in the
// background, and the import tells how it goes. Errors are those of Store.StartImport.
func (d *Desk) Apply(ctx context.Context, id int64, skipRefused bool) error {
	if err := d.ctx.Err(); err != nil {
		return err
	}
	data, err := d.body(ctx, id)
	if err != nil {
		return err
	}
	if err := d.start(ctx, id, skipRefused); err != nil {
		return err
	}
	background := office.As(d.ctx, office.ActorOf(ctx))
	d.work.Go(func() {
		if err := d.apply(background, id, d.again(id, data), nil); err != nil {
			d.Logger.Warn("intake: a file was not loaded", "import", id, "error", err)
		}
	})
	return nil
}

// Load checks a file and applies it at once. An error that is a *Refusal says what is wrong with the file; the import that
// is returned with it, if any, says of which rows.
func (d *Desk) Load(
	ctx context.Context, k Kind, file string, data []byte, skipRefused bool, progress func(done, total int),
) (*Import, error) {
	plan, err := d.Check(ctx, k, data, nil)
	if err != nil {
		return nil, err
	}
	i, err := d.add(ctx, plan, file, func(int64) ([]byte, error) { return nil, nil }) // nobody will ask for the file again
	if err != nil {
		return nil, err
	}
	err = refusedRows(plan, skipRefused)
	if err == nil {
		err = d.start(ctx, i.ID, skipRefused)
	}
	if err != nil {
		if left := d.Store.CancelImport(context.WithoutCancel(ctx), i.ID, d.Clock.Now()); !errors.Is(left, office.ErrChanged) {
			err = errors.Join(err, left)
		}
		return i, err
	}
	now := func(ctx context.Context) (*Plan, error) {
		if k == Vouchers {
			return plan, nil // a number that was stored meanwhile makes the store refuse
		}
		// What another file, or somebody at a form, added or changed since is not to be done twice or undone.
		plan, err := d.Check(ctx, k, data, nil)
		if err != nil {
			return nil, err
		}
		return plan, refusedRows(plan, skipRefused)
	}
	if err := d.apply(ctx, i.ID, now, progress); err != nil {
		return i, err
	}
	return d.Store.Import(ctx, i.ID)
}

// start takes a kept file for this desk to apply. Where the store did not say whether the desk has it, it is given up: nobody would
// apply it, and no other file could be applied until it is taken for dead.
func (d *Desk) start(ctx context.Context, id int64, skipRefused bool) error {
	err := d.Store.StartImport(ctx, id, skipRefused, d.Clock.Now())
	if errors.Is(err, office.ErrUnanswered) {
		late, stop := context.WithTimeout(context.WithoutCancel(ctx), failWithin)
		defer stop()
		err = errors.Join(err, d.Store.FailImport(late, id, whyFailed(err), d.Clock.Now()))
	}
	return err
}

// apply does the work on an import that this desk has begun to apply, and notes how it ended.
func (d *Desk) apply(
	ctx context.Context, id int64, plan func(context.Context) (*Plan, error), progress func(done, total int),
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done, total atomic.Int64
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		d.beat(ctx, cancel, id, &done, &total)
	}()
	err := d.store(ctx, id, plan, func(n, all int) {
		done.Store(int64(n))
		total.Store(int64(all))
		if progress != nil {
			progress(n, all)
		}
	})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	cancel(nil)
	<-beating
	if err == nil {
		return nil
	}
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), failWithin)
	defer stop()
	if failed := d.Store.FailImport(late, id, whyFailed(err), d.Clock.Now()); failed != nil {
		return errors.Join(err, failed)
	}
	if i, unread := d.Store.Import(late, id); unread == nil && i.State == Applied {
		return nil // the store's answer was lost, not the import
	}
	return err
}

// beat tells the store again and again that this node is alive. Without it, another node takes the import for dead.
func (d *Desk) beat(ctx context.Context, cancel context.CancelCauseFunc, id int64, done, total *atomic.Int64) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err := d.Store.Beat(ctx, id, int(done.Load()), int(total.Load()))
			if errors.Is(err, office.ErrChanged) {
				cancel(err)
				return
			}
		}
	}
}

// whyFailed says to people why an import failed, without what only the log should have.
func whyFailed(err error) Text {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Text
	case errors.Is(err, ErrMeanwhile), errors.Is(err, office.ErrDuplicate):
		return say("적용하는 사이에 재고가 바뀌었습니다. 파일을 다시 올려 확인하십시오.",
			"The stock was changed while this was applied: upload the file again.")
	case errors.Is(err, context.Canceled), errors.Is(err, office.ErrChanged):
		return say("서버가 멈추어 적용을 그만두었습니다. 저장된 것은 없습니다.",
			"The server stopped before this was applied. Nothing was stored.")
	}
	return say("저장하지 못했습니다. 서버 기록을 확인하십시오.", "This could not be stored; see the server's log.")
}

// again checks a kept file as things are now.
func (d *Desk) again(id int64, data []byte) func(context.Context) (*Plan, error) {
	return func(ctx context.Context) (*Plan, error) {
		i, err := d.Store.Import(ctx, id)
		if err != nil {
			return nil, err
		}
		var left bytes.Buffer
		plan, err := d.refused(ctx, i.Kind, data, &left, sheet.CSV)
		if err != nil {
			return nil, err
		}
		if plan.Counts.Refused > 0 {
			plan.left = left.Bytes()
		}
		if i.SkipRefused && plan.Counts.Refused > i.Counts.Refused {
			return nil, &Refusal{Text: say(
				"확인한 뒤로 거절되는 행이 %d개에서 %d개로 늘어 아무것도 적용하지 않았습니다. 파일을 다시 올려 확인하십시오.",
				"Since the check, %d refused rows have become %d, so nothing was applied: upload the file again.",
				i.Counts.Refused, plan.Counts.Refused)}
		}
		return plan, refusedRows(plan, i.SkipRefused)
	}
}

// store has a plan stored.
func (d *Desk) store(
	ctx context.Context, id int64, made func(context.Context) (*Plan, error), progress func(done, total int),
) error {
	plan, err := made(ctx)
	if err != nil {
		return err
	}
	i, err := d.Store.Import(ctx, id)
	if err != nil {
		return err
	}
	if err := d.hashCodes(plan.load.Added.Sellers, plan.load.Changed.Sellers); err != nil {
		return err
	}
	i.Counts, i.Findings = plan.Counts, plan.Findings
	body, err := d.sealBody(id, plan.left)
	if err != nil {
		return err
	}
	total := max(plan.load.units(), 1)
	progress(0, total)
	return d.Store.ApplyImport(ctx, i, &plan.load, body, d.Vault.Seal, func(done int) { progress(done, total) }, d.Clock.Now())
}

// Cancel gives a kept file up.
func (d *Desk) Cancel(ctx context.Context, id int64) error {
	return d.Store.CancelImport(ctx, id, d.Clock.Now())
}

// Sweep notes which imports died with their node and forgets old files. Call it now and then.
func (d *Desk) Sweep(ctx context.Context) error {
	now := d.Clock.Now()
	return d.Store.SweepImports(ctx, now, now.Add(-KeptFor))
}

// Import returns an import.
func (d *Desk) Import(ctx context.Context, id int64) (*Import, error) { return d.Store.Import(ctx, id) }

// Imports lists imports, the newest first, from below an id.
func (d *Desk) Imports(ctx context.Context, below int64, limit int) ([]Import, error) {
	return d.Store.Imports(ctx, below, limit)
}

// KeptRefused writes the refused rows of a kept file, or those that were left out when it was applied; see Refused.
func (d *Desk) KeptRefused(ctx context.Context, id int64, w io.Writer, f sheet.Format) error {
	i, err := d.Store.Import(ctx, id)
	if err != nil {
		return err
	}
	data, err := d.body(ctx, id)
	if err != nil {
		return fmt.Errorf("import %d: %w", id, err)
	}
	if i.State == Applied {
		return rewrite(data, w, f)
	}
	_, err = d.Refused(ctx, i.Kind, data, w, f)
	return err
}
