package main

import (
	lists "container/list"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// picturePath is where the shop shows the API's pictures itself: a customer's browser asks nobody but the shop.
const picturePath = "/img/"

const (
	biggestPicture = 2 << 20  // bytes
	keptPictures   = 64 << 20 // bytes
	fetchesAtOnce  = 8
	fetchWithin    = 15 * time.Second
	settingPicture = "picture key"
)

// pictures fetches pictures from the API's own host, never from another, whatever it is asked for: of an address only the path counts,
// and only a path that the shop itself has signed is fetched. So nobody can use the shop to look into the network it stands in.
type pictures struct {
	origin string // scheme and host of the API
	key    []byte // signs paths
	http   *http.Client
	turn   chan struct{} // whoever fetches holds one of its places

	mu    sync.Mutex
	size  int                       // guarded by mu; bytes of all that is kept
	order *lists.List               // guarded by mu; of *picture, the last asked for first
	known map[string]*lists.Element // guarded by mu; by path
}

// picture is a picture that is kept.
type picture struct {
	path, contentType string
	body              []byte
}

func newPictures(ctx context.Context, baseURL string, db *store) (*pictures, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, err
	}
	secret, err := db.setting(ctx, settingPicture)
	if err == nil && secret == "" {
		secret = rand.Text()
		err = db.set(ctx, settingPicture, secret)
	}
	return &pictures{
		origin: u.Scheme + "://" + u.Host, key: []byte(secret), turn: make(chan struct{}, fetchesAtOnce),
		http: &http.Client{
			Timeout:       fetchWithin,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		order: lists.New(), known: map[string]*lists.Element{},
	}, err
}

// address is where the shop shows a picture of the API; "" = there is none.
func (p *pictures) address(imageURL string) string {
	path := pathOf(imageURL)
	if path == "" {
		return ""
	}
	return picturePath + p.sign(path) + path
}

func (p *pictures) sign(path string) string {
	mac := hmac.New(sha256.New, p.key)
	_, _ = mac.Write([]byte(path)) // a hash takes all
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
}

// serve answers /img/SIGNATURE/PATH.
func (p *pictures) serve(w http.ResponseWriter, r *http.Request) {
	signature, path, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), picturePath), "/")
	path = "/" + path
	if !hmac.Equal([]byte(signature), []byte(p.sign(path))) {
		http.NotFound(w, r)
		return
	}
	pic := p.kept(path)
	if pic == nil {
		var err error
		if pic, err = p.fetch(r.Context(), path); err != nil {
			http.Error(w, "the picture cannot be had", http.StatusBadGateway)
			return
		}
		p.keep(pic)
	}
	w.Header().Set("Cache-Control", "public, max-age=86400")
	pic.write(w)
}

// write sends a picture so that it can be nothing else: an SVG is not run when it is opened by itself.
func (pic *picture) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", pic.contentType)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(pic.body) // the caller is gone when this fails
}

var pictureTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml", "image/avif"}

// fetch gets a picture from the API's host by its path.
func (p *pictures) fetch(ctx context.Context, path string) (*picture, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.origin+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read to its end or is of no use
	body, err := io.ReadAll(io.LimitReader(resp.Body, biggestPicture+1))
	contentType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answered %s", resp.Status)
	case len(body) > biggestPicture:
		return nil, errors.New("the picture is too big")
	case !slices.Contains(pictureTypes, contentType):
		return nil, fmt.Errorf("%q is no picture", contentType)
	}
	return &picture{path: path, contentType: contentType, body: body}, nil
}

func (p *pictures) kept(path string) *picture {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.known[path]
	if e == nil {
		return nil
	}
	p.order.MoveToFront(e)
	return e.Value.(*picture)
}

// keep keeps a picture, and forgets those that were not asked for the longest when there are too many.
func (p *pictures) keep(pic *picture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[pic.path] != nil {
		return // two asked at once
	}
	p.known[pic.path] = p.order.PushFront(pic)
	for p.size += len(pic.body); p.size > keptPictures; {
		oldest := p.order.Remove(p.order.Back()).(*picture)
		delete(p.known, oldest.path)
		p.size -= len(oldest.body)
	}
}

// pathOf returns the path of an address; "" when it is none, or does not begin at a host: behind that of the API it would name another.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return ""
	}
	return u.EscapedPath()
}
