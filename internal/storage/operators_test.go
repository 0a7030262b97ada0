package storage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage"
	"giftimbiz/internal/storage/storagetest"
)

// addOperator stores an operator and returns it as it is read.
func addOperator(t *testing.T, h *storagetest.House, email string, role office.Role) office.Operator {
	t.Helper()
	id, err := h.DB.AddOperator(t.Context(), office.Operator{Email: email, Role: role, PasswordHash: "hash"}, h.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return operatorNow(t, h, id)
}

func operatorNow(t *testing.T, h *storagetest.House, id int64) office.Operator {
	t.Helper()
	o, err := h.DB.Operator(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// signIn starts a session named by a letter.
func signIn(t *testing.T, h *storagetest.House, o office.Operator, name string, step int64) error {
	t.Helper()
	now := h.Clock.Now()
	return h.DB.StartSession(t.Context(), office.Session{
		ID: []byte(name), Operator: o, CreatedAt: now, ExpiresAt: now.Add(time.Hour), Address: "192.0.2.1", Agent: "a browser",
	}, nil, step)
}

func signedIn(t *testing.T, h *storagetest.House, name string) bool {
	t.Helper()
	_, err := h.DB.Session(t.Context(), []byte(name), h.Clock.Now())
	if err != nil && !errors.Is(err, office.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestAnEMailAddressIsOneOperatorHoweverItIsWritten(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		o := addOperator(t, h, " Kim@Example.com ", office.Clerk)
		_, err := h.DB.AddOperator(t.Context(), office.Operator{Email: "kim@EXAMPLE.com", Role: office.Admin}, h.Clock.Now())
		if !errors.Is(err, storage.ErrDuplicate) {
			t.Errorf("the same address again: %v", err)
		}
		found, err := h.DB.OperatorByEmail(t.Context(), "KIM@example.com")
		if err != nil || found.ID != o.ID || found.Role != office.Clerk || found.Email != "kim@example.com" {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func TestOfTwoWhoChangeAnOperatorOneIsTold(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		was := addOperator(t, h, "kim@example.com", office.Clerk)
		first, second := was, was
		first.Name, second.Name = "first", "second"
		if err := h.DB.ChangeOperator(t.Context(), "operator.change", was, first, nil, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		err := h.DB.ChangeOperator(t.Context(), "operator.change", was, second, nil, h.Clock.Now())
		if !errors.Is(err, storage.ErrChanged) {
			t.Errorf("the second: %v", err)
		}
		if now := operatorNow(t, h, was.ID); now.Name != "first" || now.Version != was.Version+1 {
			t.Errorf("%+v", now)
		}
	})
}

func TestTheLastActiveAdminStays(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		gone := addOperator(t, h, "gone@example.com", office.Admin)
		disabled := gone
		disabled.Disabled = true
		last := addOperator(t, h, "last@example.com", office.Admin)
		if err := h.DB.ChangeOperator(t.Context(), "operator.disable", gone, disabled, nil, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*office.Operator){
			"disabled": func(o *office.Operator) { o.Disabled = true },
			"demoted":  func(o *office.Operator) { o.Role = office.Finance },
		} {
			o := last
			change(&o)
			err := h.DB.ChangeOperator(t.Context(), "operator.change", last, o, nil, h.Clock.Now())
			if !errors.Is(err, office.ErrLastAdmin) {
				t.Errorf("%s: %v", name, err)
			}
		}
		renamed := last
		renamed.Name = "of another name"
		if err := h.DB.ChangeOperator(t.Context(), "operator.change", last, renamed, nil, h.Clock.Now()); err != nil {
			t.Error(err)
		}
	})
}

// TestAdminsWhoDisableEachOtherLeaveOne lets all do so at once.
func TestAdminsWhoDisableEachOtherLeaveOne(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const admins = 6
		var all []office.Operator
		for i := range admins {
			all = append(all, addOperator(t, h, fmt.Sprintf("admin%d@example.com", i), office.Admin))
		}
		var done, refused atomic.Int64
		var wg sync.WaitGroup
		for _, was := range all {
			wg.Go(func() {
				o := was
				o.Disabled = true
				err := h.DB.ChangeOperator(t.Context(), "operator.disable", was, o, nil, h.Clock.Now())
				switch {
				case err == nil:
					done.Add(1)
				case errors.Is(err, office.ErrLastAdmin):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if done.Load() != admins-1 || refused.Load() != 1 {
			t.Errorf("%d were disabled, %d refused", done.Load(), refused.Load())
		}
	})
}

func TestSessionsEndWithWhatTheyStoodOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		addOperator(t, h, "admin@example.com", office.Admin)
		for name, test := range map[string]struct {
			change func(*office.Operator)
			ends   bool
		}{
			"name":     {func(o *office.Operator) { o.Name += "." }, false},
			"role":     {func(o *office.Operator) { o.Role = office.Viewer }, true},
			"password": {func(o *office.Operator) { o.PasswordHash += "." }, true},
			"second":   {func(o *office.Operator) { o.TOTP = storagetest.Sealed("sealed") }, true},
			"disabled": {func(o *office.Operator) { o.Disabled = true }, true},
		} {
			was := addOperator(t, h, name+"@example.com", office.Clerk)
			for _, session := range []string{"here ", "elsewhere "} {
				if err := signIn(t, h, was, session+name, 0); err != nil {
					t.Fatal(err)
				}
			}
			o := was
			test.change(&o)
			if err := h.DB.ChangeOperator(t.Context(), "operator.change", was, o, []byte("here "+name), h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			if signedIn(t, h, "elsewhere "+name) == test.ends {
				t.Errorf("%s: whether the other browser is signed out: %v", name, !test.ends)
			}
			if signedIn(t, h, "here "+name) == o.Disabled {
				t.Errorf("%s: this browser's session", name)
			}
			if err := signIn(t, h, was, "late "+name, 0); !errors.Is(err, storage.ErrChanged) {
				t.Errorf("%s: a sign-in that began before it: %v", name, err)
			}
		}
	})
}

func TestACodeWorksOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		o := addOperator(t, h, "kim@example.com", office.Clerk)
		const browsers = 5
		var started, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range browsers {
			wg.Go(func() {
				switch err := signIn(t, h, o, fmt.Sprint("browser ", i), 1000); {
				case err == nil:
					started.Add(1)
				case errors.Is(err, storage.ErrChanged):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if started.Load() != 1 || refused.Load() != browsers-1 {
			t.Errorf("%d signed in, %d refused", started.Load(), refused.Load())
		}
		if err := signIn(t, h, o, "earlier", 999); !errors.Is(err, storage.ErrChanged) {
			t.Errorf("the code before it: %v", err)
		}
		if err := signIn(t, h, o, "later", 1001); err != nil {
			t.Errorf("the code after it: %v", err)
		}
		if err := h.DB.UseCode(t.Context(), o.ID, 1001); !errors.Is(err, storage.ErrChanged) {
			t.Errorf("a code that was used to sign in: %v", err)
		}
	})
}

func TestTriesAtOnceAreCountedOneByOne(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		const tries, free = 20, 5
		wait := func(failures int64) time.Duration {
			if failures < free {
				return 0
			}
			return time.Minute
		}
		now := h.Clock.Now()
		try := func(account string) (time.Duration, error) {
			return h.DB.TrySignIn(t.Context(), account, "192.0.2.1", now, now.Add(-24*time.Hour), wait)
		}
		var let atomic.Int64
		var wg sync.WaitGroup
		for range tries {
			wg.Go(func() {
				left, err := try("kim@example.com")
				if err != nil {
					t.Error(err)
				}
				if left == 0 {
					let.Add(1)
				}
			})
		}
		wg.Wait()
		if let.Load() != free {
			t.Errorf("%d tries were let through at once", let.Load())
		}
		if left, err := try("another@example.com"); left != time.Minute || err != nil {
			t.Errorf("another account from the same address: %v, %v", left, err)
		}
		now = now.Add(time.Minute)
		if left, err := try("kim@example.com"); left != 0 || err != nil {
			t.Errorf("after the wait: %v, %v", left, err)
		}
		if err := h.DB.SignInRight(t.Context(), "KIM@example.com", "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		if left, err := try("kim@example.com"); left != 0 || err != nil {
			t.Errorf("after the right password: %v, %v", left, err)
		}
	})
}

func TestASessionIsEndedByItsOwnerOnly(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		kim, lee := addOperator(t, h, "kim@example.com", office.Clerk), addOperator(t, h, "lee@example.com", office.Clerk)
		for name, o := range map[string]office.Operator{"kim": kim, "kim 2": kim, "lee": lee} {
			if err := signIn(t, h, o, name, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.DB.EndSession(t.Context(), lee, []byte("kim"), h.Clock.Now()); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("another's session: %v", err)
		}
		if err := h.DB.EndSessions(t.Context(), kim, []byte("kim 2"), h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		if signedIn(t, h, "kim") || !signedIn(t, h, "kim 2") || !signedIn(t, h, "lee") {
			t.Error("other sessions than those of one operator ended, or not all of them")
		}
		list, err := h.DB.Operators(t.Context(), h.Clock.Now(), "", 10)
		if err != nil || len(list) != 2 || list[0].Sessions != 1 || list[1].Sessions != 1 || list[0].SeenAt.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		h.Clock.Advance(2 * time.Hour)
		if left, err := h.DB.SessionsOf(t.Context(), lee.ID, h.Clock.Now()); len(left) != 0 || err != nil {
			t.Errorf("after its time: %v, %v", left, err)
		}
	})
}

// auditOf returns the newest entry of the trail.
func auditOf(t *testing.T, h *storagetest.House, f office.AuditFilter) office.Entry {
	t.Helper()
	list, err := h.DB.Audit(t.Context(), f, 0, 1)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	return list[0]
}

func TestTheTrailSaysWhoChangedAnOperatorAndKeepsNoSecret(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		was := addOperator(t, h, "kim@example.com", office.Clerk)
		o := was
		o.Role, o.PasswordHash, o.TOTP = office.Viewer, "another hash", storagetest.Sealed("sealed")
		ctx := office.As(t.Context(), office.Actor{OperatorID: 7, Name: "admin@example.com", Address: "192.0.2.7"})
		if err := h.DB.ChangeOperator(ctx, "operator.change", was, o, nil, h.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		e := auditOf(t, h, office.AuditFilter{Subject: office.OperatorSubject(was.ID)})
		want := office.Entry{
			ID: e.ID, At: h.Clock.Now(), Actor: office.Actor{OperatorID: 7, Name: "admin@example.com", Address: "192.0.2.7"},
			Action: "operator.change", Subject: office.OperatorSubject(was.ID),
			Before: `{"email":"kim@example.com","name":"","role":"operator","disabled":false,"second_factor":false}`,
			After:  `{"email":"kim@example.com","name":"","role":"viewer","disabled":false,"second_factor":true}`,
		}
		if e.At = e.At.In(want.At.Location()); e != want {
			t.Errorf("%+v", e)
		}
	})
}

func TestTheTrailIsReadByPagesAndFilters(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		as := func(id int64) context.Context { return office.As(t.Context(), office.Actor{OperatorID: id}) }
		for i := range 7 {
			o := office.Operator{ID: 1 + int64(i%2), Role: office.Clerk}
			if err := h.DB.SignInWrong(as(int64(i%3)), o, fmt.Sprint(i), h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			h.Clock.Advance(12 * time.Hour)
		}
		first := auditDays(t, h)
		two := int64(2)
		for name, test := range map[string]struct {
			filter office.AuditFilter
			want   string
		}{
			"all":         {office.AuditFilter{}, "6543210"},
			"an operator": {office.AuditFilter{Operator: &two}, "52"},
			"an action":   {office.AuditFilter{Action: "session.refused"}, "6543210"},
			"another":     {office.AuditFilter{Action: "session.start"}, ""},
			"a subject":   {office.AuditFilter{Subject: "operator:2"}, "531"},
			"a day":       {office.AuditFilter{From: first + 1, To: first + 1}, "21"},
			"from a day":  {office.AuditFilter{From: first + 3}, "65"},
			"all of them": {office.AuditFilter{
				Operator: &two, Action: "session.refused", Subject: "operator:1", To: first + 1,
			}, "2"},
		} {
			got := ""
			for before := int64(0); ; {
				list, err := h.DB.Audit(t.Context(), test.filter, idOf(before), 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range list {
					got += e.Note
					before = int64(e.ID)
				}
				if len(list) < 2 {
					break
				}
			}
			if got != test.want {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		}
	})
}

func idOf(n int64) gift.ID { return gift.ID(n) }

// auditDays returns the day of the oldest entry.
func auditDays(t *testing.T, h *storagetest.House) gift.Day {
	t.Helper()
	list, err := h.DB.Audit(t.Context(), office.AuditFilter{}, 0, 100)
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return gift.DayOf(list[len(list)-1].At)
}

// TestNoBrowserComesInWithAPasswordThatWasReplacedMeanwhile: whoever signs in while the password is set is signed out by that,
// or refused.
func TestNoBrowserComesInWithAPasswordThatWasReplacedMeanwhile(t *testing.T) {
	eachEngine(t, func(t *testing.T, h *storagetest.House) {
		o := addOperator(t, h, "kim@example.com", office.Admin)
		for i := range 60 {
			was, name := operatorNow(t, h, o.ID), fmt.Sprint("browser ", i)
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := signIn(t, h, was, name, 0); err != nil && !errors.Is(err, office.ErrChanged) {
					t.Error(err)
				}
			})
			wg.Go(func() {
				set := office.Operator{Email: o.Email, Role: office.Admin, PasswordHash: name}
				if err := h.DB.SetOperator(t.Context(), set, h.Clock.Now()); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			if signedIn(t, h, name) {
				t.Fatalf("%s goes on", name)
			}
		}
	})
}
