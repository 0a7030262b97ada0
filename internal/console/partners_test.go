package console_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"giftimbiz/internal/console"
	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/lending"
	"giftimbiz/internal/office"
	"giftimbiz/internal/storage/storagetest"
)

// partnerDesk is a console on a database of its own, with the partner "demo".
type partnerDesk struct {
	*storagetest.House
	url       string
	directory *credential.Directory
	authority *credential.Authority
}

func newPartnerDesk(t *testing.T) *partnerDesk {
	t.Helper()
	house, _ := openHouse(t)
	keys := newVault(t)
	d := &partnerDesk{House: house, directory: credential.NewDirectory(house.DB)}
	d.authority = credential.NewAuthority(credential.Config{Vault: keys, Clock: house.Clock, Directory: d.directory})
	web := httptest.NewServer(openConsole(house, keys, func(cfg *console.Config) {
		cfg.Keys, cfg.PublicURL = d.authority, "http://gift.example"
	}))
	t.Cleanup(web.Close)
	d.url = web.URL + console.Root
	house.Partner(gift.Partner{Name: "demo", Title: "데모 매체사"}, 1_000_000)
	hash, err := keys.HashCode(deskPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range office.Roles() {
		for _, who := range []string{"a", "b"} {
			o := office.Operator{Email: deskEmail(role, who), Name: string(role), Role: role, PasswordHash: hash}
			if err := house.DB.SetOperator(t.Context(), o, house.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

const deskPassword = "correct horse battery"

func deskEmail(role office.Role, who string) string { return string(role) + "-" + who + "@example.com" }

// reader is a browser that is signed in.
type reader struct {
	t    *testing.T
	base string
	http *http.Client
	lang string
}

// as signs an operator in: the first of its role, or another.
func (d *partnerDesk) as(role office.Role, who ...string) *reader {
	d.T.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.T.Fatal(err)
	}
	r := &reader{t: d.T.(*testing.T), base: d.url, lang: "ko", http: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	who = append(who, "a")
	r.post("/sign-in", "email", deskEmail(role, who[0]), "password", deskPassword).wants(http.StatusSeeOther)
	return r
}

// shown is an answer of the console.
type shown struct {
	t      *testing.T
	what   string
	status int
	to     string // where it redirects
	body   string
}

func (r *reader) get(address string) shown { return r.send(http.MethodGet, address, nil) }

func (r *reader) post(address string, fields ...string) shown {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return r.send(http.MethodPost, address, strings.NewReader(form.Encode()))
}

func (r *reader) send(method, address string, body io.Reader) shown {
	if address = strings.TrimPrefix(address, console.Root); !strings.HasPrefix(address, "/") {
		r.t.Fatalf("no address: %q", address)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+address, body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept-Language", r.lang)
	res, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // it was read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return shown{r.t, method + " " + address, res.StatusCode, res.Header.Get("Location"), html.UnescapeString(string(text))}
}

// wants fails the test unless the page has a status and texts.
func (s shown) wants(status int, texts ...string) shown {
	s.t.Helper()
	if s.status != status {
		s.t.Errorf("%s: status %d, want %d", s.what, s.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(s.body, text) {
			s.t.Errorf("%s has no %q:\n%s", s.what, text, s.body)
		}
	}
	return s
}

func (s shown) lacks(texts ...string) shown {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(s.body, text) {
			s.t.Errorf("%s has %q", s.what, text)
		}
	}
	return s
}

// field returns what stands in a hidden field of a form.
func (s shown) field(name string) string {
	s.t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(s.body)
	if found == nil {
		s.t.Fatalf("%s has no field %q", s.what, name)
	}
	return found[1]
}

// atOnce sends the same form in several goroutines and returns the statuses, sorted.
func atOnce(readers []*reader, address string, fields ...string) (statuses []int) {
	statuses = make([]int, len(readers))
	var wg sync.WaitGroup
	for i, r := range readers {
		wg.Go(func() { statuses[i] = r.post(address, fields...).status })
	}
	wg.Wait()
	slices.Sort(statuses)
	return statuses
}

func TestWhatARoleMayNotDoToAPartnerIsRefused(t *testing.T) {
	d := newPartnerDesk(t)
	const (
		edit  = "clerk admin"
		money = "finance admin"
	)
	names := map[office.Role]string{office.Viewer: "viewer", office.Clerk: "clerk", office.Finance: "finance", office.Admin: "admin"}
	posts := []struct{ address, may string }{
		{"/partners/new", edit},
		{"/partners/demo/edit", edit},
		{"/partners/demo/state", edit},
		{"/partners/demo/keys", edit},
		{"/partners/demo/topup", money},
		{"/partners/demo/adjust", money},
		{"/partners/demo/adjustments/1", money},
	}
	gets := []string{"/partners", "/partners/demo", "/partners/demo/statement", "/partners/demo/calls"}
	for _, role := range office.Roles() {
		r := d.as(role)
		for _, p := range posts {
			refused := r.post(p.address).status == http.StatusForbidden
			if may := strings.Contains(p.may, names[role]); refused == may {
				t.Errorf("%s: POST %s: refused %v", role, p.address, refused)
			}
		}
		for _, address := range gets {
			r.get(address).wants(http.StatusOK)
		}
		page := r.get("/partners/demo")
		for form, may := range map[string]string{`/edit"`: edit, `/state"`: edit, `/keys"`: edit, `/topup"`: money, `/adjust"`: money} {
			if strings.Contains(page.body, form) != strings.Contains(may, names[role]) {
				t.Errorf("%s: the form %s is shown or hidden wrongly", role, form)
			}
		}
	}
	if got := d.Balance("demo"); got != 1_000_000 {
		t.Errorf("balance %d", got)
	}
}

func TestOpeningAPartnerShowsItsKeysOnce(t *testing.T) {
	d := newPartnerDesk(t)
	clerk := d.as(office.Clerk)
	clerk.get("/partners/new").wants(http.StatusOK, `value="10"`)
	clerk.post("/partners/new", "name", "two words", "title", "Acme <b>", "window", "ten", "limit", "1000000001").
		wants(http.StatusUnprocessableEntity, "영문자, 숫자", "0부터 86,400까지", "0부터 1,000,000,000까지", `value="two words"`)
	clerk.post("/partners/new", "name", "demo", "window", "10", "limit", "0").
		wants(http.StatusUnprocessableEntity, "이미 있는 매체사 ID입니다")
	made := clerk.post("/partners/new", "name", "acme", "title", "Acme", "sandbox", "1", "window", "5", "limit", "1,000").
		wants(http.StatusOK, "지금 한 번만", "BASE_URL=http://gift.example\nPARTNER_ID=acme\n", "curl -s 'http://gift.example/api/v1/common/getAccessToken'")
	find := func(name string) string {
		return regexp.MustCompile(`(?m)^` + name + `=(.+)$`).FindStringSubmatch(made.body)[1]
	}
	key := find("PARTNERKEY")
	if err := d.directory.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	who, fault := d.authority.CheckRefreshOnly(credential.Presented{
		PartnerName: "acme", PartnerKey: key, PartnerToken: find("PARTNERTOKEN"),
		Refresh: credential.Header{Present: true, Value: find("REFRESH_TOKEN")},
	})
	if fault != nil || !who.Partner.Sandbox || who.Partner.DailyLimit != 1000 || who.Partner.DuplicateSec != 5 {
		t.Errorf("the keys shown are of %+v, %v", who, fault)
	}
	clerk.get("/partners/acme").wants(http.StatusOK, "Acme", "샌드박스").lacks(key)
}

// TestALentSandboxIsKnownAsOne by its title and by when it was lent; a clock that is ahead is shown.
func TestALentSandboxIsKnownAsOne(t *testing.T) {
	d := newPartnerDesk(t)
	loan, err := lending.New(d.DB, d.authority, d.Clock).Lend(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clerk := d.as(office.Clerk)
	page := clerk.get("/partners/"+loan.Partner.Name).wants(http.StatusOK, lending.Title, "문서 방문자에게 빌려준 때")
	page.lacks("샌드박스 시계")
	_, err = d.DB.SetClock(t.Context(), loan.Partner.ID, d.Clock.Now(), func(time.Duration) (time.Duration, error) {
		return 24 * time.Hour, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tomorrow := d.Clock.Now().AddDate(0, 0, 1).In(gift.Seoul).Format(time.DateOnly)
	clerk.get("/partners/"+loan.Partner.Name).wants(http.StatusOK, "샌드박스 시계", tomorrow)
	clerk.get("/partners/demo").lacks("빌려준")
}

func TestAPartnersSettingsAreChecked(t *testing.T) {
	d := newPartnerDesk(t)
	clerk := d.as(office.Clerk)
	version := clerk.get("/partners/demo").field("version")
	clerk.post("/partners/demo/edit", "version", version, "title", "", "limit", "-1", "window", "86401", "allowed", "here").
		wants(http.StatusUnprocessableEntity, "이름을 쓰십시오", "“here”", "0부터 86,400까지", ">here</textarea>")
	clerk.post("/partners/demo/edit", "version", version, "title", "데모", "limit", "25", "window", "0",
		"allowed", "192.0.2.7\r\n198.51.100.9/24, 2001:db8::1").wants(http.StatusSeeOther)
	clerk.get("/partners/demo").wants(http.StatusOK, "저장했습니다", "192.0.2.7\n198.51.100.0/24\n2001:db8::1", "25건")
	clerk.post("/partners/demo/edit", "title", "X", "limit", "0", "window", "0").wants(http.StatusConflict)
	clerk.post("/partners/nobody/edit", "version", "1", "title", "X", "limit", "0", "window", "0").wants(http.StatusNotFound)
}

func TestOfTwoOperatorsWhoSaveOneIsTold(t *testing.T) {
	d := newPartnerDesk(t)
	both := []*reader{d.as(office.Clerk, "a"), d.as(office.Admin, "b")}
	version := both[0].get("/partners/demo").field("version")
	got := atOnce(both, "/partners/demo/edit", "version", version, "title", "New", "limit", "1", "window", "1")
	if !slices.Equal(got, []int{http.StatusSeeOther, http.StatusConflict}) {
		t.Errorf("edited: %v", got)
	}
	version = both[0].get("/partners/demo").field("version")
	got = atOnce(both, "/partners/demo/keys", "version", version, "hours", "1")
	if !slices.Equal(got, []int{http.StatusOK, http.StatusConflict}) {
		t.Errorf("rotated: %v", got)
	}
	version = both[0].get("/partners/demo").field("version")
	got = atOnce(both, "/partners/demo/state", "version", version, "verb", "suspend")
	if !slices.Equal(got, []int{http.StatusSeeOther, http.StatusConflict}) {
		t.Errorf("suspended: %v", got)
	}
}

func TestAPartnersStateIsChangedAsOnTheCommandLine(t *testing.T) {
	d := newPartnerDesk(t)
	clerk := d.as(office.Clerk)
	turn := func(verb string, more ...string) shown {
		version := clerk.get("/partners/demo").field("version")
		return clerk.post("/partners/demo/state", append([]string{"verb", verb, "version", version}, more...)...)
	}
	for _, step := range []struct{ verb, state string }{
		{"suspend", "정지"}, {"blacklist", "정지·블랙"}, {"resume", "블랙"}, {"pardon", "정상"},
	} {
		turn(step.verb).wants(http.StatusSeeOther)
		clerk.get("/partners/demo").wants(http.StatusOK, ">"+step.state+"</dd>")
	}
	turn("promote").wants(http.StatusBadRequest)
	turn("withdraw").wants(http.StatusUnprocessableEntity, "되돌릴 수 없습니다. 확인란에")
	turn("withdraw", "sure", "1").wants(http.StatusSeeOther)
	page := clerk.get("/partners/demo").wants(http.StatusOK, "탈퇴한 매체사입니다").lacks("<textarea", `name="hours"`)
	p, err := d.DB.Partner(t.Context(), "demo")
	if err != nil || p.State != gift.Withdrawn {
		t.Fatalf("%+v, %v; %s", p, err, page.what)
	}
	version, admin := fmt.Sprint(p.Version), d.as(office.Admin)
	for address, fields := range map[string][]string{
		"/state": {"verb", "resume"}, "/edit": {"title", "X", "limit", "0", "window", "0"}, "/keys": {"hours", "1"},
		"/topup":  {"amount", "1", "reference", "x"},
		"/adjust": {"amount", "1", "reason", "x", "direction", "credit", "request", "x"},
	} {
		admin.post("/partners/demo"+address, append(fields, "version", version)...).wants(http.StatusConflict, "탈퇴한 매체사는")
	}
}

func TestRotatedKeysAreShownOnceAndTheOldOnesEnd(t *testing.T) {
	d := newPartnerDesk(t)
	clerk := d.as(office.Clerk)
	version := clerk.get("/partners/demo").field("version")
	clerk.post("/partners/demo/keys", "version", version, "hours", "721").wants(http.StatusUnprocessableEntity, "0부터 720까지")
	clerk.post("/partners/demo/keys", "version", version, "hours", "2").wants(http.StatusOK, "gmk_live_", "2025-09-15 14:00:00")
	clerk.get("/partners/demo").wants(http.StatusOK, "교체할 때까지", "2025-09-15 14:00:00").lacks("gmk_live_", "(끝남)")
	d.Clock.Advance(2 * time.Hour)
	d.as(office.Clerk).get("/partners/demo").wants(http.StatusOK, "(끝남)")
}

func TestATopUpIsBookedOnce(t *testing.T) {
	d := newPartnerDesk(t)
	finance := d.as(office.Finance)
	reference := finance.get("/partners/demo").field("reference")
	finance.post("/partners/demo/topup", "amount", "0", "reference", "", "memo", strings.Repeat("x", 201)).
		wants(http.StatusUnprocessableEntity, "1부터 1,000,000,000,000까지", "1자부터 100자까지", "1자부터 200자까지")
	got := atOnce([]*reader{finance, finance, d.as(office.Admin)}, "/partners/demo/topup", "amount", "2,500,000", "reference", reference)
	if !slices.Equal(got, []int{http.StatusSeeOther, http.StatusUnprocessableEntity, http.StatusUnprocessableEntity}) {
		t.Errorf("the same form three times: %v", got)
	}
	finance.post("/partners/demo/topup", "amount", "2500000", "reference", reference).
		wants(http.StatusUnprocessableEntity, "이미 충전했습니다")
	if got := d.Balance("demo"); got != 3_500_000 {
		t.Errorf("balance %d", got)
	}
	finance.get("/partners/demo/statement").wants(http.StatusOK, reference, "2,500,000원", "3,500,000원")
}

func TestAnAdjustmentAboveTheLimitWaitsForSomebodyElse(t *testing.T) {
	d := newPartnerDesk(t)
	finance, other, third := d.as(office.Finance, "a"), d.as(office.Finance, "b"), d.as(office.Admin, "a")
	adjust := func(direction, amount, request string) shown {
		return finance.post("/partners/demo/adjust", "direction", direction, "amount", amount, "reason", "오류 정정", "request", request)
	}
	adjust("", "1.5", "r0").wants(http.StatusUnprocessableEntity, "더할지 뺄지", "1부터")
	adjust("debit", "1000001", "r1").wants(http.StatusUnprocessableEntity, "잔액이 1,000,000원뿐이어서")
	adjust("debit", "300000", "r1").wants(http.StatusSeeOther)
	adjust("debit", "300000", "r1").wants(http.StatusConflict, "같은 양식이 이미")
	finance.post("/partners/demo/adjust", "direction", "debit", "amount", "1", "reason", "x").wants(http.StatusBadRequest)
	if got := d.Balance("demo"); got != 700_000 {
		t.Errorf("balance %d after a small one", got)
	}
	adjust("credit", "5,000,000", "r2").wants(http.StatusSeeOther)
	page := finance.get("/partners/demo").wants(http.StatusOK, "승인 대기", "다른 담당자의 승인").lacks(`value="approve"`)
	decide := regexp.MustCompile(`action="([^"]+/adjustments/\d+)"`).FindStringSubmatch(page.body)[1]
	finance.post(decide, "decision", "approve").wants(http.StatusConflict, "본인이 요청한 조정입니다")
	other.post(decide, "decision", "perhaps").wants(http.StatusBadRequest)
	other.get("/partners").wants(http.StatusOK, "승인을 기다리는", decide, "5,000,000원")
	if got := atOnce([]*reader{other, third}, decide, "decision", "approve"); !slices.Equal(got, []int{http.StatusSeeOther, http.StatusConflict}) {
		t.Errorf("approved at once: %v", got)
	}
	other.post(decide, "decision", "refuse").wants(http.StatusConflict)
	other.post("/partners/demo/adjustments/77", "decision", "approve").wants(http.StatusNotFound)
	if got := d.Balance("demo"); got != 5_700_000 {
		t.Errorf("balance %d after a large one", got)
	}
	adjust("debit", "2,000,000", "r3").wants(http.StatusSeeOther)
	page = other.get("/partners/demo").wants(http.StatusOK, `value="approve"`)
	other.post(regexp.MustCompile(`action="([^"]+/adjustments/\d+)"`).FindStringSubmatch(page.body)[1], "decision", "refuse").
		wants(http.StatusSeeOther)
	other.get("/partners").lacks("승인을 기다리는")
	if got := d.Balance("demo"); got != 5_700_000 {
		t.Errorf("balance %d after a refusal", got)
	}
}

func TestPartnersAreListedSearchedAndExported(t *testing.T) {
	d := newPartnerDesk(t)
	for i := range 55 {
		d.Partner(gift.Partner{Name: fmt.Sprintf("shop%02d", i), Title: fmt.Sprintf("가게 %02d", i)}, gift.Won(i+1)*1000)
	}
	viewer := d.as(office.Viewer)
	first := viewer.get("/partners").wants(http.StatusOK, ">demo<", ">shop48<").lacks(">shop49<", "/partners/new", "« 처음")
	next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(first.body)[1]
	viewer.get(next).wants(http.StatusOK, ">shop49<", ">shop54<", "« 처음").lacks(">shop48<", `rel="next"`)
	viewer.get("/partners?search=가게+07").wants(http.StatusOK, ">shop07<").lacks(">shop08<")
	viewer.get("/partners?below=2,500&state=active").wants(http.StatusOK, ">shop01<", "selected>정상").lacks(">shop02<", ">demo<")
	viewer.get("/partners?below=little").wants(http.StatusUnprocessableEntity, "1 이상의 금액을").lacks(">shop00<")
	viewer.get("/partners?state=withdrawn").wants(http.StatusOK, "조건에 맞는 매체사가 없습니다")
	file := viewer.get("/partners?format=csv&search=shop").wants(http.StatusOK, "매체사 ID,이름", "shop54,가게 54,실거래,정상,55000,0,0,0,")
	if lines := strings.Count(file.body, "\n"); lines != 56 {
		t.Errorf("the file has %d lines", lines)
	}
	viewer.get("/partners?format=xlsx").wants(http.StatusOK, "PK")
	viewer.lang = "en"
	viewer.get("/partners").wants(http.StatusOK, "Partner ID or name", "₩1,000,000")
}

func TestAStatementIsReadPageByPageAndByDay(t *testing.T) {
	d := newPartnerDesk(t)
	d.Stock(1, 80)
	demo, err := d.DB.Partner(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		if out := d.Buy(demo.ID, "", 1); out.Refusal != nil {
			t.Fatal(out.Refusal)
		}
		d.Clock.Advance(time.Minute)
	}
	d.Clock.Advance(24 * time.Hour)
	if _, err := d.DB.Deposit(t.Context(), "demo", 777, "KB-9", "이체", d.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	viewer := d.as(office.Viewer)
	all := viewer.get("/partners/demo/statement").wants(http.StatusOK, "KB-9", "944,377원", "56,400원", "/console/orders/20250915-")
	next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(all.body)[1]
	viewer.get(next).wants(http.StatusOK, "1,000,000원", "999,060원").lacks("KB-9")
	viewer.get("/partners/demo/statement?to=2025-09-15").wants(http.StatusOK, "943,600원", "마감 잔액").lacks("KB-9")
	viewer.get("/partners/demo/statement?from=2025-09-16&to=2025-09-16").wants(http.StatusOK, "시작 잔액", "943,600원", "KB-9").
		lacks("/console/orders/")
	viewer.get("/partners/demo/statement?to=2025-09-14").wants(http.StatusOK, "이 기간에는 거래가 없습니다")
	viewer.get("/partners/demo/statement?from=2025-09-16&to=2025-09-15").wants(http.StatusUnprocessableEntity, "시작일이 종료일보다 늦습니다.")
	viewer.get("/partners/demo/statement?from=yesterday").wants(http.StatusUnprocessableEntity)
	viewer.get("/partners/nobody/statement").wants(http.StatusNotFound)
	file := viewer.get("/partners/demo/statement?format=csv").wants(http.StatusOK, "KB-9,이체,777,944377")
	if lines := strings.Count(file.body, "\n"); lines != 63 {
		t.Errorf("the file has %d lines", lines)
	}
}

func TestSupportSeesWhyACallWasRefused(t *testing.T) {
	d := newPartnerDesk(t)
	demo, err := d.DB.Partner(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	viewer := d.as(office.Viewer)
	viewer.get("/partners/demo/calls").wants(http.StatusOK, "보관된 호출이 없습니다")
	call := office.Call{
		PartnerID: demo.ID, Proven: true, At: d.Clock.Now(), Endpoint: "giftimbiz/buyGifticoupon", Code: "PD",
		Message: "품절된 상품입니다: 7번", Request: "req-1", Took: 4 * time.Millisecond,
	}
	stranger := call
	stranger.Proven, stranger.Code, stranger.Request, stranger.Endpoint = false, "UP", "req-2", "giftimbiz/listAll"
	if err := d.DB.KeepCalls(t.Context(), []office.Call{call, stranger}); err != nil {
		t.Fatal(err)
	}
	viewer.get("/partners/demo/calls").wants(http.StatusOK, "품절된 상품입니다: 7번", "req-1", "키가 확인되지 않은 호출")
	viewer.get("/partners/demo/calls?code=PD").wants(http.StatusOK, "req-1").lacks("req-2")
	viewer.get("/partners/demo/calls?endpoint=giftimbiz/listAll").wants(http.StatusOK, "req-2").lacks("req-1")
	viewer.get("/partners/demo/calls?code=XX").wants(http.StatusOK, "조건에 맞는 호출이 없습니다")
	viewer.get("/partners/demo/calls?format=csv").wants(http.StatusOK, "giftimbiz/buyGifticoupon,PD,품절된 상품입니다: 7번,req-1,4,")
}

func TestMoreAdjustmentsThanAreShownAreTold(t *testing.T) {
	d := newPartnerDesk(t)
	asked := office.As(t.Context(), office.Actor{OperatorID: 77, Name: "kim"})
	ask := func(i int) {
		_, err := d.DB.Adjust(asked, office.Adjustment{
			Partner: "demo", Amount: 5_000_000, Reason: "정정", Request: fmt.Sprint("r", i),
		}, d.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		ask(i)
	}
	finance := d.as(office.Finance)
	finance.get("/partners").wants(http.StatusOK, "승인을 기다리는").lacks("오래된 요청부터")
	ask(20)
	finance.get("/partners").wants(http.StatusOK, "오래된 요청부터")
}
