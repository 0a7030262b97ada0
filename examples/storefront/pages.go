package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// pages shows pages.
type pages struct {
	shop   *shop
	parsed map[string]*template.Template // by name of the page
	assets string                        // version of the assets: their addresses change when they do
}

var pageNames = []string{"home", "list", "item", "order", "mine", "trouble"}

func newPages(s *shop) (*pages, error) {
	p := &pages{shop: s, parsed: map[string]*template.Template{}}
	for _, name := range pageNames {
		t, err := template.ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", "pages/"+name+".html")
		if err != nil {
			return nil, err
		}
		p.parsed[name] = t
	}
	hash := sha256.New()
	err := fs.WalkDir(assetFiles, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := assetFiles.ReadFile(name)
		_, _ = hash.Write(body) // a hash takes all
		return err
	})
	p.assets = hex.EncodeToString(hash.Sum(nil)[:6])
	return p, err
}

// visit is a request for a page, with who asks.
type visit struct {
	pages *pages
	w     http.ResponseWriter
	r     *http.Request
	now   time.Time

	User   *user
	Shelf  *shelves // nil while the stock is not there yet
	News   *notice  // the last thing the customer was told; nil = nothing
	Status int

	// What the layout needs of a page:
	Language string
	Title    string
	Tab      string // of the navigation: home, star, mine
	Live     bool   // the page's main part changes by itself
	Data     any    // what the page shows
}

// Outcomes that have a page of their own.
var (
	errNowhere = errors.New("there is no such page")
	errClosed  = errors.New("the stock is not there yet")
)

// handler shows a page, or what keeps it from being shown. needsStock says that there is nothing to show before the stock is there.
func (p *pages) handler(needsStock bool, show func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{
			pages: p, w: w, r: r, now: time.Now(), User: stranger(), Shelf: p.shop.catalogue.shelves(), Status: http.StatusOK,
			Language: languageOf(r),
		}
		err := v.recognize(r.Context())
		if err == nil && v.Shelf == nil && needsStock {
			err = errClosed
		}
		if err == nil {
			err = show(v)
		}
		if err != nil {
			v.trouble(err)
		}
	})
}

// recognize finds out who asks.
func (v *visit) recognize(ctx context.Context) error {
	cookie, err := v.r.Cookie(cookieUser)
	if err != nil || cookie.Value == "" {
		return nil
	}
	if v.User, err = v.pages.shop.store.user(ctx, cookie.Value); err != nil || v.User.ID == 0 {
		return err
	}
	news, err := v.pages.shop.store.notices(ctx, v.User.ID, 1)
	if len(news) > 0 {
		v.News = &news[0]
	}
	return err
}

// welcome makes somebody who only looked around a customer.
func (v *visit) welcome() error {
	if v.User.ID != 0 {
		return nil
	}
	u, cookie, err := v.pages.shop.store.welcome(v.r.Context(), v.now)
	if err == nil {
		v.User = u
		v.pages.shop.setCookie(v.w, cookieUser, cookie)
	}
	return err
}

// show writes a page. It is made whole first, so that nobody gets half of one.
func (v *visit) show(name, title string, data any) error {
	v.Title, v.Data = title, data
	var page bytes.Buffer
	if err := v.pages.parsed[name].ExecuteTemplate(&page, "layout.html", v); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.Language)
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.WriteHeader(v.Status)
	_, _ = page.WriteTo(v.w) // the caller is gone when this fails
	return nil
}

// goTo sends the browser to another page after something was done.
func (v *visit) goTo(address string) error {
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}

// trouble shows what keeps a page from being shown.
func (v *visit) trouble(err error) {
	what := "failed"
	switch {
	case errors.Is(err, errNowhere):
		what, v.Status = "nowhere", http.StatusNotFound
	case errors.Is(err, errClosed):
		what, v.Status = "closed", http.StatusServiceUnavailable
		v.w.Header().Set("Refresh", "2")
	case v.r.Context().Err() != nil:
		return // nobody is there any more
	default:
		v.Status = http.StatusInternalServerError
		v.pages.shop.log.Error("a page failed", "path", v.r.URL.Path, "err", err)
	}
	if err := v.show("trouble", v.T(what), what); err != nil {
		http.Error(v.w, v.T("failed"), http.StatusInternalServerError)
	}
}

// Asset is the address of a style or script.
func (v *visit) Asset(name string) string { return "/assets/" + name + "?v=" + v.pages.assets }

// Picture is where the shop shows a picture of the API; "" = there is none.
func (v *visit) Picture(imageURL string) string {
	if imageURL == "" {
		return ""
	}
	return v.pages.shop.pictures.address(imageURL)
}

// Here is the address of the page, to come back to. One that was the answer to something done is no place to come back to.
func (v *visit) Here() string {
	if v.r.Method != http.MethodGet {
		return "/"
	}
	return v.r.URL.RequestURI()
}
