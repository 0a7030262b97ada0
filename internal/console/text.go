package console

import (
	"net/http"
	"time"

	"giftimbiz/internal/locale"
)

// text is a message in both languages.
type text struct{ ko, en string }

func (t text) in(lang locale.Language) string {
	if lang == locale.English {
		return t.en
	}
	return t.ko
}

const languageCookie = "giftimbiz-language"

// languageOf is what the reader chose, or what the browser prefers.
func languageOf(r *http.Request) locale.Language {
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if cookie.Value == "en" {
			return locale.English
		}
		return locale.Korean
	}
	return locale.Of(r.Header.Get("Accept-Language"))
}

// chooseLanguage keeps the reader's choice and shows the page again.
func (q *request) chooseLanguage() error {
	if err := q.parseForm(); err != nil {
		return err
	}
	value := "ko"
	if q.PostFormValue("language") == "en" {
		value = "en"
	}
	http.SetCookie(q.w, &http.Cookie{
		Name: languageCookie, Value: value, Path: Root, MaxAge: int((365 * 24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: q.secure(), SameSite: http.SameSiteLaxMode,
	})
	return q.redirect(ownAddress(q.PostFormValue("next")))
}
