package console

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"giftimbiz/internal/office"
)

// maxForm bounds what a form sends; files have bounds of their own.
const maxForm = 1 << 20

// parseForm reads a form that was sent.
func (q *request) parseForm() error {
	q.Body = http.MaxBytesReader(q.w, q.Body, maxForm)
	err := q.ParseForm()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return failure{http.StatusRequestEntityTooLarge, text{"양식이 너무 큽니다.", "The form is too large."}}
	case err != nil:
		return failure{http.StatusBadRequest, text{"양식을 읽을 수 없습니다.", "The form cannot be read."}}
	}
	return checkTexts(q.PostForm)
}

// checkAddress refuses addresses that cannot be read, or with what no database takes for text.
func (q *request) checkAddress() error {
	if !isText(q.URL.Path) {
		return office.ErrNotFound
	}
	values, err := url.ParseQuery(q.URL.RawQuery)
	if err != nil { // what cannot be read would be left out without a word
		return failure{http.StatusBadRequest, text{"주소를 읽을 수 없습니다.", "The address cannot be read."}}
	}
	return checkTexts(values)
}

func checkTexts(values url.Values) error {
	for name, list := range values {
		if !isText(name) || slices.ContainsFunc(list, func(v string) bool { return !isText(v) }) {
			return failure{http.StatusBadRequest, text{
				"읽을 수 없는 글자가 있습니다. UTF-8로 다시 보내 주십시오.", "There are characters that cannot be read. Send them in UTF-8.",
			}}
		}
	}
	return nil
}

// isText tells whether PostgreSQL takes it: it has neither bytes that are no UTF-8 nor zeros.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

const noticeCookie = "giftimbiz-notice"

// done says on the next page what was done, and goes there.
func (q *request) done(address string, what text) error {
	http.SetCookie(q.w, &http.Cookie{
		Name: noticeCookie, Value: base64.RawURLEncoding.EncodeToString([]byte(what.in(q.lang))), Path: Root,
		MaxAge: int(time.Minute.Seconds()), HttpOnly: true, Secure: q.secure(), SameSite: http.SameSiteLaxMode,
	})
	return q.redirect(address)
}

// takeNotice returns what done said, once.
func (q *request) takeNotice() string {
	cookie, err := q.Cookie(noticeCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(q.w, &http.Cookie{Name: noticeCookie, Path: Root, MaxAge: -1, HttpOnly: true, Secure: q.secure()})
	what, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	return string(what)
}
