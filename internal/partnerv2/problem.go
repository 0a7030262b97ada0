package partnerv2

import (
	"encoding/json"
	"net/http"

	"giftimbiz/internal/locale"
)

// problem is an answer that is not a success, as RFC 9457 has it.
type problem struct {
	code   string // names the sort of problem, at the end of its type
	status int
	ko, en string
	header [2]string // one more, name and value; "" = none
}

// Error implements error.
func (p problem) Error() string { return p.code + ": " + p.en }

// problemType is how types begin.
const problemType = "urn:giftimbiz:problem:"

// The problems there are.
var (
	notFound    = problem{code: "not-found", status: http.StatusNotFound, ko: "없는 경로입니다.", en: "There is no such path."}
	wrongMethod = problem{
		code: "method-not-allowed", status: http.StatusMethodNotAllowed, ko: "GET으로 호출하십시오.", en: "Ask by GET.",
		header: [2]string{"Allow", "GET, HEAD"},
	}
	tokenMissing = problem{
		code: "token-missing", status: http.StatusUnauthorized,
		ko:     "getAccessToken의 토큰을 Authorization: Bearer 헤더로 보내십시오.",
		en:     "Send a token of getAccessToken as Authorization: Bearer.",
		header: [2]string{"WWW-Authenticate", `Bearer realm="giftimbiz"`},
	}
	tokenExpired = problem{
		code: "token-expired", status: http.StatusUnauthorized,
		ko: "토큰이 만료되었습니다. getAccessToken으로 다시 받으십시오.", en: "The token has expired. Get another one of getAccessToken.",
		header: [2]string{"WWW-Authenticate", `Bearer realm="giftimbiz", error="invalid_token"`},
	}
	tokenInvalid = problem{
		code: "token-invalid", status: http.StatusUnauthorized,
		ko: "토큰이 올바르지 않습니다. getAccessToken으로 다시 받으십시오.", en: "The token is not valid. Get another one of getAccessToken.",
		header: [2]string{"WWW-Authenticate", `Bearer realm="giftimbiz", error="invalid_token"`},
	}
	partnerBarred = problem{
		code: "partner-barred", status: http.StatusForbidden,
		ko: "정지되었거나 탈퇴한 매체사입니다.", en: "The partner is suspended or has withdrawn.",
	}
	addressRefused = problem{
		code: "address-refused", status: http.StatusForbidden,
		ko: "허용되지 않은 주소에서 온 호출입니다.", en: "The partner allows no calls from this address.",
	}
	sandboxOnly = problem{
		code: "sandbox-only", status: http.StatusForbidden,
		ko: "샌드박스 매체사만 쓸 수 있습니다. 실거래 매체사는 웹훅을 쓰십시오.",
		en: "This is for sandbox partners only. Live partners have webhooks.",
	}
	tooManyPolls = problem{
		code: "too-many-polls", status: http.StatusTooManyRequests,
		ko: "이미 여러 곳에서 기다리고 있습니다. 그중 하나가 끝난 뒤 다시 하십시오.",
		en: "Others of this partner are waiting already. Ask again when one of them has its answer.", header: [2]string{"Retry-After", "5"},
	}
	busy = problem{
		code: "busy", status: http.StatusServiceUnavailable,
		ko: "기다리는 요청이 너무 많습니다. 잠시 후 다시 하십시오.", en: "Too many are waiting. Ask again in a moment.",
		header: [2]string{"Retry-After", "5"},
	}
	failed = problem{
		code: "failed", status: http.StatusInternalServerError,
		ko: "처리하지 못했습니다. 계속되면 request_id를 알려 주십시오.", en: "This failed. If it goes on, tell us the request_id.",
	}
	starting = problem{
		code: "starting", status: http.StatusServiceUnavailable,
		ko: "서버가 시작하는 중입니다.", en: "The server is starting.", header: [2]string{"Retry-After", "1"},
	}
)

// wrongParameter is a parameter that cannot be read.
func wrongParameter(name, ko, en string) problem {
	return problem{code: "parameter-invalid", status: http.StatusBadRequest, ko: name + ": " + ko, en: name + ": " + en}
}

func (p problem) send(w http.ResponseWriter, request string, lang locale.Language) {
	detail := p.ko
	if lang == locale.English {
		detail = p.en
	}
	body, err := json.Marshal(struct {
		Type    string `json:"type"`
		Title   string `json:"title"`
		Status  int    `json:"status"`
		Detail  string `json:"detail"`
		Request string `json:"request_id,omitempty"`
	}{problemType + p.code, http.StatusText(p.status), p.status, detail, request})
	if err != nil {
		panic("partnerv2: a problem is no JSON: " + err.Error()) // it is texts
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.header[0] != "" {
		h.Set(p.header[0], p.header[1])
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(body) // the caller is gone when this fails
}

// Starting answers while the server reads what it needs.
func Starting(w http.ResponseWriter, r *http.Request) {
	starting.send(w, "", locale.Of(r.Header.Get("Accept-Language")))
}
