package credential_test

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
)

type spoil func(h *house, p *credential.Presented)

// TestEachFaultIsNamed walks the table of credential checks. Each case starts from a signed-in partner and spoils one
// thing. What is wrong before the access token is wrong for a caller that only wants one, too.
func TestEachFaultIsNamed(t *testing.T) {
	for _, group := range []struct {
		name        string
		refreshOnly bool
		cases       []faultCase
	}{
		{"partner", true, partnerFaults},
		{"refresh token", true, refreshFaults},
		{"access token", false, accessFaults},
	} {
		for _, test := range group.cases {
			t.Run(group.name+"/"+test.name, func(t *testing.T) {
				h := newHouse(t)
				h.open("other")
				p := h.open("demo")
				h.admits(p) // also: what was remembered of the right credentials changes nothing below
				test.spoil(h, &p)
				h.refuses(p, test.want)
				_, fault := h.CheckRefreshOnly(p)
				if group.refreshOnly && (fault == nil || fault.Kind != test.want) {
					t.Errorf("refresh only: %v; want %v", fault, test.want)
				}
				if !group.refreshOnly && fault != nil {
					t.Errorf("refresh only: refused for the access token: %v", fault.Kind)
				}
			})
		}
	}
}

type faultCase struct {
	name  string
	want  credential.FaultKind
	spoil spoil
}

var partnerFaults = []faultCase{
	{"name missing", credential.MissingCredential, func(_ *house, p *credential.Presented) { p.PartnerName = "" }},
	{"key missing", credential.MissingCredential, func(_ *house, p *credential.Presented) { p.PartnerKey = "" }},
	{"key blank", credential.MissingCredential, func(_ *house, p *credential.Presented) { p.PartnerKey = "  " }},
	{"partner token missing", credential.MissingCredential, func(_ *house, p *credential.Presented) { p.PartnerToken = "" }},
	{"unknown key", credential.UnknownKey, func(_ *house, p *credential.Presented) { p.PartnerKey = "gmk_live_NOBODY" }},
	{"partner token as key", credential.UnknownKey, func(_ *house, p *credential.Presented) { p.PartnerKey = p.PartnerToken }},
	{"key in lower case", credential.UnknownKey, func(_ *house, p *credential.Presented) { p.PartnerKey = strings.ToLower(p.PartnerKey) }},
	{"endless key", credential.UnknownKey, func(_ *house, p *credential.Presented) { p.PartnerKey = strings.Repeat("k", 1<<20) }},
	{"key rotated away", credential.UnknownKey, func(h *house, _ *credential.Presented) { h.rotate("demo", 0) }},
	{"name of another", credential.KeyOfAnother, func(_ *house, p *credential.Presented) { p.PartnerName = "other" }},
	{"name of nobody", credential.KeyOfAnother, func(_ *house, p *credential.Presented) { p.PartnerName = "nobody" }},
	{"name in other case", credential.KeyOfAnother, func(_ *house, p *credential.Presented) { p.PartnerName = "Demo" }},
	{"wrong partner token", credential.PartnerTokenWrong, func(_ *house, p *credential.Presented) { p.PartnerToken = "gmt_WRONG" }},
	{"endless partner token", credential.PartnerTokenWrong, func(_ *house, p *credential.Presented) { p.PartnerToken = strings.Repeat("t", 1<<20) }},
	{"partner token of another", credential.PartnerTokenWrong, func(h *house, p *credential.Presented) {
		p.PartnerToken = h.open("third").PartnerToken
	}},
	{"partner token of the next generation", credential.PartnerTokenWrong, func(h *house, p *credential.Presented) {
		p.PartnerToken = h.rotate("demo", time.Hour).PartnerToken
	}},
	{"withdrawn", credential.PartnerWithdrawn, inState(gift.Withdrawn)},
	{"suspended", credential.PartnerSuspended, inState(gift.Suspended)},
	{"address not allowed", credential.AddressRefused, allowing("198.51.100.0/24")},
	{"address unknown", credential.AddressRefused, func(h *house, p *credential.Presented) {
		allowing("203.0.113.0/24")(h, p)
		p.Addr = netip.Addr{}
	}},
}

func inState(s gift.PartnerState) spoil {
	return func(h *house, _ *credential.Presented) {
		h.change("demo", func(r *credential.Record) { r.State = s })
	}
}

func allowing(network string) spoil {
	return func(h *house, _ *credential.Presented) {
		h.change("demo", func(r *credential.Record) { r.AllowList = []netip.Prefix{netip.MustParsePrefix(network)} })
	}
}

var refreshFaults = []faultCase{
	{"absent", credential.RefreshMissing, func(_ *house, p *credential.Presented) { p.Refresh = credential.Header{} }},
	{"empty", credential.RefreshEmpty, refreshText("")},
	{"blank", credential.RefreshEmpty, refreshText("  ")},
	{"null", credential.RefreshEmpty, refreshText("null")},
	{"NULL", credential.RefreshEmpty, refreshText("NULL")},
	{"Bearer and nothing", credential.RefreshEmpty, refreshText("Bearer ")},
	{"Bearer null", credential.RefreshEmpty, refreshText("bearer null")},
	{"over 8 KiB", credential.RefreshTooLong, refreshText(strings.Repeat("a", 8193))},
	{"no token at all", credential.RefreshMalformed, refreshText("nonsense")},
	{"two parts", credential.RefreshMalformed, refreshText("a.b")},
	{"header not base64", credential.RefreshMalformed, refreshText("!!!.e30.AAAA")},
	{"header not JSON", credential.RefreshMalformed, refreshText(b64("alg") + ".e30.AAAA")},
	{"wrong signature", credential.RefreshInvalid, onRefresh(tampered)},
	{"signature's spare bits changed", credential.RefreshInvalid, onRefresh(lastBitsChanged)},
	{"signed with another key", credential.RefreshInvalid, onRefresh(withOtherKey)},
	{"algorithm none", credential.RefreshInvalid, onRefresh(withAlgorithm(jwt.SigningMethodNone))},
	{"access token instead", credential.RefreshInvalid, func(_ *house, p *credential.Presented) { p.Refresh.Value = p.Access.Value }},
	{"wrong issuer", credential.RefreshInvalid, onRefresh(withClaim("iss", "somebody"))},
	{"wrong audience", credential.RefreshInvalid, onRefresh(withClaim("aud", "somewhere"))},
	{"not valid yet", credential.RefreshInvalid, onRefresh(withClaim("nbf", noon.Add(time.Minute).Unix()))},
	{"no end", credential.RefreshInvalid, onRefresh(withClaim("exp", nil))},
	{"wrong and expired", credential.RefreshInvalid, onRefresh(withClaims(map[string]any{"iss": "x", "exp": 1}))},
	{"expired", credential.RefreshExpired, func(h *house, _ *credential.Presented) { h.clock.Advance(365 * 24 * time.Hour) }},
	{"expired and not registered", credential.RefreshExpired, onRefresh(withClaim("exp", 1))},
	{"genuine but not registered", credential.RefreshNotRegistered, onRefresh(withClaim("jti", "another"))},
	{"of another partner", credential.RefreshNotRegistered, func(h *house, p *credential.Presented) {
		p.Refresh = h.open("third").Refresh
	}},
	{"rotated away", credential.RefreshNotRegistered, func(h *house, p *credential.Presented) {
		old := p.Refresh
		*p = h.signIn("demo", h.rotate("demo", 0))
		p.Refresh = old
	}},
}

var accessFaults = []faultCase{
	{"absent", credential.AccessMissing, func(_ *house, p *credential.Presented) { p.Access = credential.Header{} }},
	{"empty", credential.AccessEmpty, accessText("")},
	{"null", credential.AccessEmpty, accessText("null")},
	{"Bearer and nothing", credential.AccessEmpty, accessText("Bearer")},
	{"over 8 KiB", credential.AccessTooLong, accessText(strings.Repeat("a", 8193))},
	{"8 KiB of nothing", credential.AccessMalformed, accessText(strings.Repeat("a", 8192))},
	{"one part", credential.AccessMalformed, accessText("nonsense")},
	{"two parts", credential.AccessMalformed, accessText("a.b")},
	{"four parts", credential.AccessMalformed, onAccess(func(_ *house, text string) string { return text + ".AAAA" })},
	{"dots", credential.AccessMalformed, accessText("..")},
	{"header not base64", credential.AccessMalformed, accessText("!!!.e30.AAAA")},
	{"header null", credential.AccessMalformed, accessText(b64("null") + ".e30.AAAA")},
	{"claims not JSON", credential.AccessMalformed, accessText(b64(`{"alg":"HS256","typ":"at+jwt"}`) + "." + b64("{") + ".AAAA")},
	{"claims a list", credential.AccessMalformed, accessText(b64(`{"alg":"HS256","typ":"at+jwt"}`) + "." + b64("[]") + ".AAAA")},
	{"signature not base64", credential.AccessMalformed, accessText(b64(`{"alg":"HS256","typ":"at+jwt"}`) + ".e30.!!!")},
	{"unknown algorithm, signature not base64", credential.AccessMalformed, accessText(b64(`{"alg":"XX"}`) + ".e30.!!!")},
	{"algorithm none", credential.AccessNotOurs, onAccess(withAlgorithm(jwt.SigningMethodNone))},
	{"algorithm nOnE", credential.AccessNotOurs, accessText(b64(`{"alg":"nOnE","typ":"at+jwt"}`) + ".e30.")},
	{"algorithm HS512", credential.AccessNotOurs, onAccess(withAlgorithm(jwt.SigningMethodHS512))},
	{"algorithm unknown", credential.AccessNotOurs, accessText(b64(`{"alg":"XX","typ":"at+jwt"}`) + ".e30.AAAA")},
	{"algorithm a number", credential.AccessNotOurs, accessText(b64(`{"alg":256,"typ":"at+jwt"}`) + ".e30.AAAA")},
	{"no algorithm", credential.AccessNotOurs, accessText("e30.e30.AAAA")},
	{"type JWT", credential.AccessNotOurs, onAccess(withType("JWT"))},
	{"no type", credential.AccessNotOurs, onAccess(withType(nil))},
	{"refresh token instead", credential.AccessNotOurs, func(_ *house, p *credential.Presented) { p.Access.Value = p.Refresh.Value }},
	{"wrong signature", credential.AccessSignatureWrong, onAccess(tampered)},
	{"signature's spare bits changed", credential.AccessSignatureWrong, onAccess(lastBitsChanged)},
	{"no signature", credential.AccessSignatureWrong, onAccess(func(_ *house, text string) string { return text[:strings.LastIndex(text, ".")+1] })},
	{"signed with another key", credential.AccessSignatureWrong, onAccess(withOtherKey)},
	{"claims of one, signature of another", credential.AccessSignatureWrong, onAccess(func(h *house, text string) string {
		claims, signature := strings.LastIndex(text, "."), h.open("third").Access.Value
		return text[:claims] + signature[strings.LastIndex(signature, "."):]
	})},
	{"expired", credential.AccessExpired, func(h *house, _ *credential.Presented) { h.clock.Advance(time.Hour) }},
	{"expired, of nobody", credential.AccessExpired, onAccess(withClaims(map[string]any{"exp": 1, "sub": "nobody"}))},
	{"of nobody", credential.AccessOfUnknownPartner, onAccess(withClaim("sub", "nobody"))},
	{"of nobody, wrong issuer", credential.AccessOfUnknownPartner, onAccess(withClaims(map[string]any{"iss": "x", "sub": "nobody"}))},
	{"no subject", credential.AccessOfUnknownPartner, onAccess(withClaim("sub", nil))},
	{"wrong issuer", credential.AccessInvalid, onAccess(withClaim("iss", "somebody"))},
	{"wrong audience", credential.AccessInvalid, onAccess(withClaim("aud", "somewhere"))},
	{"not valid yet", credential.AccessInvalid, onAccess(withClaim("nbf", noon.Add(time.Minute).Unix()))},
	{"no end", credential.AccessInvalid, onAccess(withClaim("exp", nil))},
	{"no generation", credential.AccessInvalid, onAccess(withClaim("gen", nil))},
	{"generation unknown", credential.AccessInvalid, onAccess(withClaim("gen", "1"))},
	{"revoked by rotation", credential.AccessInvalid, func(h *house, p *credential.Presented) {
		old := p.Access
		*p = h.signIn("demo", h.rotate("demo", 0))
		p.Access = old
	}},
	{"of another, wrong audience", credential.AccessInvalid, func(h *house, p *credential.Presented) {
		p.Access = h.open("third").Access
		onAccess(withClaim("aud", "somewhere"))(h, p)
	}},
	{"of another partner", credential.AccessOfAnother, func(h *house, p *credential.Presented) { p.Access = h.open("third").Access }},
}

func refreshText(text string) spoil {
	return func(_ *house, p *credential.Presented) { p.Refresh.Value = text }
}

func accessText(text string) spoil {
	return func(_ *house, p *credential.Presented) { p.Access.Value = text }
}

type edit func(h *house, text string) string

func onRefresh(e edit) spoil {
	return func(h *house, p *credential.Presented) { p.Refresh.Value = e(h, p.Refresh.Value) }
}

func onAccess(e edit) spoil {
	return func(h *house, p *credential.Presented) { p.Access.Value = e(h, p.Access.Value) }
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// tampered changes a character in the middle of the signature.
func tampered(_ *house, text string) string {
	i := len(text) - 5
	replacement := "A"
	if text[i] == 'A' {
		replacement = "B"
	}
	return text[:i] + replacement + text[i+1:]
}

// lastBitsChanged changes the two bits of the last character that are no part of the signature.
func lastBitsChanged(_ *house, text string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(digits, text[len(text)-1])
	return text[:len(text)-1] + string(digits[last^1])
}

func withOtherKey(h *house, text string) string {
	return remade(h, text, jwt.SigningMethodHS256, []byte(strings.Repeat("k", 32)), func(*jwt.Token, jwt.MapClaims) {})
}

func withAlgorithm(method jwt.SigningMethod) edit {
	return func(h *house, text string) string {
		var key any = h.vault.TokenKey()
		if method == jwt.SigningMethodNone {
			key = jwt.UnsafeAllowNoneSignatureType
		}
		return remade(h, text, method, key, func(*jwt.Token, jwt.MapClaims) {})
	}
}

func withType(kind any) edit {
	return func(h *house, text string) string {
		return remade(h, text, jwt.SigningMethodHS256, h.vault.TokenKey(), func(token *jwt.Token, _ jwt.MapClaims) {
			token.Header["typ"] = kind
		})
	}
}

func withClaim(name string, value any) edit { return withClaims(map[string]any{name: value}) }

// withClaims sets claims, or removes those with the value nil, and signs the token as the authority would.
func withClaims(set map[string]any) edit {
	return func(h *house, text string) string {
		return remade(h, text, jwt.SigningMethodHS256, h.vault.TokenKey(), func(_ *jwt.Token, claims jwt.MapClaims) {
			for name, value := range set {
				claims[name] = value
				if value == nil {
					delete(claims, name)
				}
			}
		})
	}
}

func remade(h *house, text string, method jwt.SigningMethod, key any, change func(*jwt.Token, jwt.MapClaims)) string {
	h.t.Helper()
	claims := jwt.MapClaims{}
	old, _, err := jwt.NewParser().ParseUnverified(text, claims)
	if err != nil {
		h.t.Fatal(err)
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["typ"] = old.Header["typ"]
	change(token, claims)
	signed, err := token.SignedString(key)
	if err != nil {
		h.t.Fatal(err)
	}
	return signed
}

// TestTheFirstFaultInTheOrderWins mends a caller that does everything wrong, one fault after the other.
func TestTheFirstFaultInTheOrderWins(t *testing.T) {
	h := newHouse(t)
	good, other := h.open("demo"), h.open("other")
	h.change("demo", func(r *credential.Record) {
		r.State, r.AllowList = gift.Suspended, []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	})
	p := credential.Presented{PartnerName: "other", PartnerToken: "wrong", Addr: office}
	unregistered := credential.Header{Present: true, Value: withClaim("jti", "x")(h, good.Refresh.Value)}
	for _, step := range []struct {
		fault credential.FaultKind
		mend  func()
	}{
		{credential.MissingCredential, func() { p.PartnerKey = "unknown" }},
		{credential.UnknownKey, func() { p.PartnerKey = good.PartnerKey }},
		{credential.KeyOfAnother, func() { p.PartnerName = "demo" }},
		{credential.PartnerTokenWrong, func() { p.PartnerToken = good.PartnerToken }},
		{credential.PartnerSuspended, func() { h.change("demo", func(r *credential.Record) { r.State = gift.Active }) }},
		{credential.AddressRefused, func() { p.Addr = netip.MustParseAddr("198.51.100.1") }},
		{credential.RefreshMissing, func() { p.Refresh = credential.Header{Present: true} }},
		{credential.RefreshEmpty, func() { p.Refresh.Value = strings.Repeat("r", 9000) }},
		{credential.RefreshTooLong, func() { p.Refresh.Value = "r" }},
		{credential.RefreshMalformed, func() { p.Refresh.Value = tampered(h, unregistered.Value) }},
		{credential.RefreshInvalid, func() { p.Refresh.Value = withClaim("exp", 1)(h, unregistered.Value) }},
		{credential.RefreshExpired, func() { p.Refresh = unregistered }},
		{credential.RefreshNotRegistered, func() { p.Refresh = good.Refresh }},
		{credential.AccessMissing, func() { p.Access = credential.Header{Present: true} }},
		{credential.AccessEmpty, func() { p.Access.Value = strings.Repeat("a", 9000) }},
		{credential.AccessTooLong, func() { p.Access.Value = "a" }},
		{credential.AccessMalformed, func() { p.Access.Value = p.Refresh.Value }},
		{credential.AccessNotOurs, func() { p.Access.Value = tampered(h, other.Access.Value) }},
		{credential.AccessSignatureWrong, func() {
			p.Access.Value = withClaims(map[string]any{"exp": 1, "sub": "nobody", "iss": "x"})(h, other.Access.Value)
		}},
		{credential.AccessExpired, func() {
			p.Access.Value = withClaims(map[string]any{"sub": "nobody", "iss": "x"})(h, other.Access.Value)
		}},
		{credential.AccessOfUnknownPartner, func() { p.Access.Value = withClaim("iss", "x")(h, other.Access.Value) }},
		{credential.AccessInvalid, func() { p.Access = other.Access }},
		{credential.AccessOfAnother, func() { p.Access = good.Access }},
	} {
		h.refuses(p, step.fault)
		step.mend()
	}
	h.admits(p)
}

func TestRightCredentialsAreAdmitted(t *testing.T) {
	for name, change := range map[string]spoil{
		"as they are":             func(*house, *credential.Presented) {},
		"blacklisted (may look)":  inState(gift.Blacklisted),
		"from an allowed address": allowing("203.0.113.0/24"),
		"Bearer before the tokens": func(_ *house, p *credential.Presented) {
			p.Access.Value = "Bearer " + p.Access.Value
			p.Refresh.Value = "bearer  " + p.Refresh.Value
		},
		"spaces around everything": func(_ *house, p *credential.Presented) {
			p.PartnerKey += " "
			p.PartnerToken = " " + p.PartnerToken
			p.Access.Value += " "
		},
		"IPv4 within IPv6": func(h *house, p *credential.Presented) {
			allowing("203.0.113.0/24")(h, p)
			p.Addr = netip.MustParseAddr("::ffff:203.0.113.7")
		},
		"a second before the end":    func(h *house, _ *credential.Presented) { h.clock.Advance(time.Hour - time.Second) },
		"a token valid from now on":  onAccess(withClaim("nbf", noon.Unix())),
		"one audience among several": onAccess(withClaim("aud", []string{"else", "giftimbiz/api/v1"})),
		"another access token": func(h *house, p *credential.Presented) {
			id, _ := h.CheckRefreshOnly(*p)
			p.Access.Value = h.Issue(id.Partner, id.Generation)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			p := h.open("demo")
			h.admits(p)
			change(h, &p)
			h.admits(p)
			h.admits(p)
		})
	}
}

func FuzzCheckAdmitsNoTokenButItsOwn(f *testing.F) {
	h := newHouse(f)
	p := h.open("demo")
	f.Add(p.Access.Value)
	f.Add(p.Refresh.Value)
	f.Add(b64(`{"alg":"none","typ":"at+jwt"}`) + "." + b64(`{"sub":"demo","exp":1e300}`) + ".")
	f.Fuzz(func(t *testing.T, text string) {
		spoilt := p
		spoilt.Access.Value = text
		if _, fault := h.Check(spoilt); fault == nil && !strings.Contains(text, p.Access.Value) {
			t.Errorf("admitted with access token %q", text)
		}
		spoilt = p
		spoilt.Refresh.Value = text
		if _, fault := h.Check(spoilt); fault == nil && !strings.Contains(text, p.Refresh.Value) {
			t.Errorf("admitted with refresh token %q", text)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	h := newHouse(b)
	p := h.open("demo")
	h.admits(p)
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := h.Check(p); fault != nil {
			b.Fatal(fault.Kind)
		}
	}
}

func BenchmarkCheckParallel(b *testing.B) {
	h := newHouse(b)
	p := h.open("demo")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, fault := h.Check(p); fault != nil {
				b.Error(fault.Kind)
			}
		}
	})
}

// BenchmarkCheckOfANewToken is what the first request costs, with a new authority that remembers nothing.
func BenchmarkCheckOfANewToken(b *testing.B) {
	h := newHouse(b)
	p := h.open("demo")
	id := h.admits(p)
	tokens := make([]string, 1024)
	for i := range tokens {
		tokens[i] = h.Issue(id.Partner, id.Generation)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		fresh := credential.NewAuthority(credential.Config{Vault: h.vault, Clock: h.clock, Directory: h.people})
		p.Access.Value = tokens[i%len(tokens)]
		if _, fault := fresh.Check(p); fault != nil {
			b.Fatal(fault.Kind)
		}
	}
}
