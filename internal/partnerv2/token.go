package partnerv2

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"giftimbiz/internal/credential"
)

func tokenRoutes() []route {
	return []route{{method: http.MethodPost, pattern: "token", serve: (*call).token, open: true}}
}

// token issues an access token for a partner's key and token, as RFC 6749 §4.4 has it.
func (c *call) token() error {
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	key, secret, fault := c.client()
	if fault != nil {
		return c.deny(fault)
	}
	who, why := c.Authority.CheckClient(key, secret, c.address())
	if why != nil {
		if err := c.countWrong(why.Kind); err != nil {
			return err
		}
		return c.deny(clientFaults[why.Kind])
	}
	c.who, c.partner = who, who.Partner
	if err := c.countIn(); err != nil {
		return err
	}
	return c.answer(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
	}{c.Authority.Issue(who.Partner, who.Generation), "Bearer", int64(c.Authority.AccessTTL().Seconds())})
}

// tokenFault is an answer of RFC 6749 §5.2. Its description may have ASCII only.
type tokenFault struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	Code        string `json:"code"`
}

// What is said of requests for tokens.
var (
	notAForm     = &tokenFault{"invalid_request", "Send a form: Content-Type application/x-www-form-urlencoded, 64 KiB at most.", "Q"}
	inTheAddress = &tokenFault{"invalid_request", "Send parameters in the body: addresses are logged on their way.", "Q"}
	sentTwice    = &tokenFault{"invalid_request", "A parameter was sent more than once.", "Q"}
	twoWays      = &tokenFault{"invalid_request", "Send client_id and client_secret by HTTP Basic or in the form, not both.", "Q"}
	noGrantType  = &tokenFault{"invalid_request", "grant_type is missing: client_credentials.", "Q"}
	otherGrant   = &tokenFault{"unsupported_grant_type", "The one grant_type there is: client_credentials.", "Q"}
	noClient     = &tokenFault{"invalid_client", "Send the Partnerkey as client_id and the Partnertoken as client_secret.", "Q"}

	clientFaults = map[credential.FaultKind]*tokenFault{
		credential.MissingCredential: noClient,
		credential.UnknownKey:        {"invalid_client", "No partner has this Partnerkey.", "UP"},
		credential.PartnerTokenWrong: {"invalid_client", "The Partnertoken does not belong to this Partnerkey.", "TOKEN06"},
		credential.PartnerSuspended:  {"unauthorized_client", "The partner is suspended. Ask the operator.", "TOKEN04"},
		credential.PartnerWithdrawn:  {"unauthorized_client", "The partner has withdrawn.", "T7"},
		credential.AddressRefused:    {"unauthorized_client", "The partner allows no calls from this address.", "M4"},
	}
)

// deny answers with a fault.
func (c *call) deny(f *tokenFault) error {
	status := http.StatusBadRequest
	if f.Error == "invalid_client" {
		status = http.StatusUnauthorized
		c.w.Header().Set("WWW-Authenticate", `Basic realm="giftimbiz"`)
	}
	c.refusal = &problem{kind: f.Error, status: status, code: f.Code, ko: f.Description, en: f.Description}
	c.w.Header().Set("Content-Language", "en")
	writeJSON(c.w, status, "application/json; charset=utf-8", encode(f))
	return nil
}

// client reads the request's form and the client's credentials, which stand in it or in the Authorization header.
func (c *call) client() (id, secret string, fault *tokenFault) {
	form, fault := c.form()
	if fault != nil {
		return "", "", fault
	}
	id, secret = form.Get("client_id"), form.Get("client_secret")
	switch basicID, basicSecret, has, ok := basic(c.r.Header.Get("Authorization")); {
	case !has:
	case !ok:
		return "", "", noClient
	case secret != "" || id != "" && id != basicID:
		return "", "", twoWays
	default:
		id, secret = basicID, basicSecret
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		return "", "", noGrantType
	default:
		return "", "", otherGrant
	}
	if id == "" || secret == "" {
		return "", "", noClient
	}
	return id, secret, nil
}

// form reads the body. Parameters that nobody asks for are passed over (RFC 6749 §3.2).
func (c *call) form() (url.Values, *tokenFault) {
	if c.r.URL.RawQuery != "" {
		return nil, inTheAddress
	}
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, notAForm
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err != nil {
		return nil, notAForm
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, notAForm
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, sentTwice
		}
	}
	return form, nil
}

// basic reads an Authorization header of HTTP Basic, whose parts are encoded as in a form (RFC 6749 §2.3.1). Another scheme is
// as good as none.
func basic(header string) (id, secret string, has, ok bool) {
	scheme, rest, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false, false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	id, secret, found := strings.Cut(string(plain), ":")
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	return id, secret, true, found && errors.Join(err, idErr, secretErr) == nil
}
