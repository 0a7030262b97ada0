package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"giftimbiz/internal/office"
)

// How long a browser stays signed in: after its last request, and at all.
const (
	idleFor   = 2 * time.Hour
	atMostFor = 12 * time.Hour
	seenEvery = time.Minute // how exactly the last request is kept
)

const maxAgent = 200 // bytes kept of a browser's name for itself

// cookieName has the prefix that browsers accept from secure origins only, where the server is one.
func (q *request) cookieName() string {
	if q.secure() {
		return "__Secure-giftimbiz"
	}
	return "giftimbiz"
}

func (q *request) secure() bool { return strings.HasPrefix(q.h.PublicURL, "https://") }

// findSession returns the session of the request's cookie, or office.ErrNotFound. Being used keeps it from ending.
func (q *request) findSession(used bool) (office.Session, error) {
	cookie, err := q.Cookie(q.cookieName())
	if err != nil {
		return office.Session{}, office.ErrNotFound
	}
	s, err := q.h.Store.Session(q.Context(), hashOf(cookie.Value), q.now)
	if err == nil && used && q.now.Sub(s.SeenAt) >= seenEvery {
		err = q.h.Store.SeeSession(q.Context(), s.ID, q.now, q.lasts(s.CreatedAt))
	}
	return s, err
}

// lasts is until when a session that began at a time is good if nothing more is heard of it.
func (q *request) lasts(began time.Time) time.Time {
	end := q.now.Add(idleFor)
	if most := began.Add(atMostFor); end.After(most) {
		return most
	}
	return end
}

// startSession signs the browser in, with a session of its own: whatever cookie it came with is worth nothing after that.
// With a step above 0, a code of that step was given.
func (q *request) startSession(o office.Operator, step int64) error {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: it ends the program instead
	token := base64.RawURLEncoding.EncodeToString(secret)
	agent := q.UserAgent()
	address := q.h.Address(q.Request)
	s := office.Session{
		ID: hashOf(token), Operator: o, CreatedAt: q.now, ExpiresAt: q.lasts(q.now),
		Address: address, Agent: strings.ToValidUTF8(agent[:min(len(agent), maxAgent)], ""),
	}
	q.actAs(office.Actor{OperatorID: o.ID, Name: o.Email, Address: address})
	if err := q.h.Store.StartSession(q.Context(), s, q.session.ID, step); err != nil {
		return err
	}
	q.setCookie(token, atMostFor)
	return nil
}

func (q *request) signOut() error {
	err := q.h.Store.EndSession(q.Context(), q.operator, q.session.ID, q.now)
	if err != nil && !errors.Is(err, office.ErrNotFound) {
		return err
	}
	q.setCookie("", -time.Second)
	return q.redirect(Root + "/sign-in")
}

func (q *request) setCookie(value string, age time.Duration) {
	http.SetCookie(q.w, &http.Cookie{
		Name: q.cookieName(), Value: value, Path: Root, MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: q.secure(), SameSite: http.SameSiteLaxMode,
	})
}

// hashOf is what is kept of a cookie: who reads the database cannot sign in with it.
func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
