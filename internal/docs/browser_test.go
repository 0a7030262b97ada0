package docs

import (
	"net/http/httptest"
	"strings"
	"testing"

	"giftimbiz/internal/browsertest"
)

// serve starts the documentation alone on a server of its own.
func serve(t *testing.T) (origin string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	origin = "http://" + server.Listener.Addr().String()
	server.Config.Handler = newDocs(func(c *Config) { c.PublicURL = origin })
	server.Start()
	t.Cleanup(server.Close)
	return origin
}

// TestEveryGuideIsFitForPeople opens each guide at a desk and on a telephone, in light and dark, in both languages. What hinders
// people depends on the page and its width rather than on the language, so each width is looked at closely in one.
func TestEveryGuideIsFitForPeople(t *testing.T) {
	browser, origin := browsertest.Start(t), serve(t)
	for _, see := range []struct {
		look     browsertest.Look
		language string
		check    func(*browsertest.Tab, string)
	}{
		{browsertest.Wide(), "en", (*browsertest.Tab).CheckLightAndDark},
		{browsertest.Narrow(), "ko", (*browsertest.Tab).CheckLightAndDark},
		{browsertest.Wide(), "ko", (*browsertest.Tab).CheckSize},
		{browsertest.Narrow(), "en", (*browsertest.Tab).CheckSize},
	} {
		tab := browser.Open(t, origin, see.look.In(see.language))
		for _, slug := range slugs {
			g := guide{Slug: slug}
			tab.Go("/docs/" + see.language + "/" + g.Path())
			see.check(tab, slug)
		}
		tab.Go("/docs/search?lang=" + see.language + "&q=key")
		see.check(tab, "search")
		tab.GoRefused(404, "/docs/"+see.language+"/nothing")
		see.check(tab, "nothing")
	}
}

func TestAGuideCanBeReadWithoutScripts(t *testing.T) {
	browser, origin := browsertest.Start(t), serve(t)
	tab := browser.Open(t, origin, browsertest.Narrow().In("en").WithoutScript())
	tab.Go("/docs/en/webhooks")
	for _, lang := range []string{"php", "go", "js"} {
		if !tab.Has(`.code[data-lang="` + lang + `"]:not([hidden])`) {
			t.Errorf("the program in %s is not to be seen", lang)
		}
	}
	tab.Check("webhooks-without-scripts")
	tab.Go("/docs/api/v2?lang=en")
	tab.Shows("noscript", "/api/v2/orders")
}

func TestLentKeysStayInTheBrowserAndOwnKeysInTheTab(t *testing.T) {
	browser, origin := browsertest.Start(t), serve(t)
	tab := browser.Open(t, origin, browsertest.Wide().In("en"))
	tab.Go("/docs/en/first-purchase")
	tab.Expect("[data-borrow] button", ".filled", 0)
	tab.Shows("[data-state]", "Keys in use: sandbox-7")
	if got := tab.Text(`[data-key="partner_id"]`); got != "sandbox-7" {
		t.Errorf("the example has %q", got)
	}
	tab.Check("first-purchase-with-keys")
	tab.Go("/docs/en/sandbox")
	tab.Shows("[data-state]", "sandbox-7")
	tab.Click("[data-forget]")
	tab.Go("/docs/en/first-purchase")
	tab.Shows(`[data-key="partner_id"]`, "YOUR-PARTNER-ID")
	tab.Click("[data-keys] summary")
	for name, value := range map[string]string{"partner_id": "mine", "partnerkey": "k", "partnertoken": "p", "refresh_token": "r"} {
		tab.Fill(`[data-paste] [name="`+name+`"]`, value)
	}
	tab.Expect("[data-paste] button", ".filled", 0)
	tab.Shows(`[data-key="partner_id"]`, "mine")
}

func TestTabsShowOneLanguageOnAllPages(t *testing.T) {
	browser, origin := browsertest.Start(t), serve(t)
	tab := browser.Open(t, origin, browsertest.Narrow().In("en"))
	tab.Go("/docs/en/first-purchase")
	tab.Click(`.tablist button:nth-child(3)`)
	tab.Go("/docs/en/never-twice")
	if !tab.Has(`.code[data-lang="js"]:not([hidden])`) || tab.Has(`.code[data-lang="php"]:not([hidden])`) {
		t.Error("the next page shows another language")
	}
}

// TestSwaggerUIShowsBothVersions opens the pages to try the API: nothing may be complained of, and nothing come from elsewhere.
func TestSwaggerUIShowsBothVersions(t *testing.T) {
	browser, origin := browsertest.Start(t), serve(t)
	for _, look := range []browsertest.Look{browsertest.Wide().In("ko"), browsertest.Narrow().In("en")} {
		tab := browser.Open(t, origin, look)
		tab.Go("/docs/api/v1")
		tab.Await(`#operations-Gifticons-listAll`)
		if got := tab.Text(`#operations-tag-Gifticons a`); got != map[string]string{"wide-ko": "기프티콘", "narrow-en": "Gifticons"}[look.Name] {
			t.Errorf("%s: a tag is called %q", look.Name, got)
		}
		tab.Go("/docs/api/v2#/Orders/createOrder")
		tab.Await(`#operations-Orders-createOrder .try-out, #operations-Orders-createOrder .execute`)
		if text := tab.Text("#operations-Orders-createOrder"); !strings.Contains(text, "Idempotency-Key") || !strings.Contains(text, "sold-out") {
			t.Errorf("%s: the purchase shows %q", look.Name, text)
		}
		tab.CheckSize("api-v2")
		tab.CheckDark("api-v2")
	}
}
