package partnerv2

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"giftimbiz/internal/locale"
	"giftimbiz/internal/purchase"
)

// problem is an answer that is not a success, as RFC 9457 has it.
type problem struct {
	kind   string // names the sort of problem, at the end of its type
	status int
	code   string // what the first version of the API answers in such a case
	ko, en string
	header [2]string      // one more, name and value; "" = none
	more   map[string]any // members of its own
	cause  error          // for the log; never shown
}

// Error implements error.
func (p problem) Error() string { return p.kind + ": " + p.en }

// away tells whether the call failed because the database is away, which whoever works on it says once, not for each call.
func (p *problem) away() bool { return errors.Is(p.cause, purchase.ErrUnavailable) }

// because returns the problem with its cause, for the log.
func (p problem) because(err error) problem {
	p.cause = err
	return p
}

// saying returns the same problem in words that fit the call better.
func (p problem) saying(ko, en string) problem {
	p.ko, p.en = ko, en
	return p
}

// with returns the problem with one more member.
func (p problem) with(name string, value any) problem {
	p.more = maps.Clone(p.more)
	if p.more == nil {
		p.more = map[string]any{}
	}
	p.more[name] = value
	return p
}

// retryAfter returns the problem with a word on when to try again, in seconds.
func (p problem) retryAfter(seconds string) problem {
	p.header = [2]string{"Retry-After", seconds}
	return p
}

// problemType is how types begin.
const problemType = "urn:giftimbiz:problem:"

// The problems that any call may have. Those of a few stand beside them.
var (
	notFound     = problem{kind: "not-found", status: http.StatusNotFound, code: "L", ko: "없는 경로입니다.", en: "There is no such path."}
	tokenMissing = problem{
		kind: "token-missing", status: http.StatusUnauthorized, code: "TOKEN01",
		ko:     "POST /api/v2/token으로 받은 토큰을 Authorization: Bearer 헤더로 보내십시오.",
		en:     "Send a token of POST /api/v2/token as Authorization: Bearer.",
		header: [2]string{"WWW-Authenticate", `Bearer realm="giftimbiz"`},
	}
	tokenExpired = problem{
		kind: "token-expired", status: http.StatusUnauthorized, code: "T1",
		ko:     "토큰이 만료되었습니다. POST /api/v2/token으로 다시 받으십시오.",
		en:     "The token has expired. Get another one of POST /api/v2/token.",
		header: [2]string{"WWW-Authenticate", `Bearer realm="giftimbiz", error="invalid_token"`},
	}
	tokenInvalid = problem{
		kind: "token-invalid", status: http.StatusUnauthorized, code: "TOKEN08",
		ko:     "토큰이 올바르지 않습니다. POST /api/v2/token으로 다시 받으십시오.",
		en:     "The token is not valid. Get another one of POST /api/v2/token.",
		header: [2]string{"WWW-Authenticate", `Bearer realm="giftimbiz", error="invalid_token"`},
	}
	partnerSuspended = problem{
		kind: "partner-barred", status: http.StatusForbidden, code: "TOKEN04",
		ko: "이용이 정지된 매체사입니다. 운영자에게 문의하십시오.", en: "The partner is suspended. Ask the operator.",
	}
	partnerWithdrawn = problem{
		kind: "partner-barred", status: http.StatusForbidden, code: "T7",
		ko: "탈퇴한 매체사입니다.", en: "The partner has withdrawn.",
	}
	addressRefused = problem{
		kind: "address-refused", status: http.StatusForbidden, code: "M4",
		ko: "허용되지 않은 주소에서 온 호출입니다.", en: "The partner allows no calls from this address.",
	}
	sandboxOnly = problem{
		kind: "sandbox-only", status: http.StatusForbidden, code: "M4",
		ko: "샌드박스 매체사만 쓸 수 있습니다.", en: "This is for sandbox partners only.",
	}
	failed = problem{
		kind: "failed", status: http.StatusInternalServerError, code: "GPLF",
		ko: "처리하지 못했습니다. 계속되면 request_id를 알려 주십시오.", en: "This failed. If it goes on, tell us the request_id.",
	}
	unavailable = problem{
		kind: "unavailable", status: http.StatusServiceUnavailable, code: "GPLF",
		ko: "지금은 데이터를 읽거나 쓸 수 없습니다. 잠시 후 다시 하십시오.", en: "The data cannot be read or written at present. Try again in a moment.",
		header: [2]string{"Retry-After", "1"},
	}
	starting = problem{
		kind: "starting", status: http.StatusServiceUnavailable, code: "GPLF",
		ko: "서버가 시작하는 중입니다.", en: "The server is starting.", header: [2]string{"Retry-After", "1"},
	}
)

// wrongMethod names the methods there are.
func wrongMethod(byMethod map[string]route) problem {
	allowed := strings.Join(slices.Sorted(maps.Keys(byMethod)), ", ")
	return problem{
		kind: "method-not-allowed", status: http.StatusMethodNotAllowed, code: "L",
		ko: allowed + "로 호출하십시오.", en: "Ask by " + allowed + ".", header: [2]string{"Allow", allowed},
	}
}

// wrongParameter is a parameter that cannot be read.
func wrongParameter(name, ko, en string) problem {
	return problem{
		kind: "parameter-invalid", status: http.StatusBadRequest, code: "Q", ko: name + ": " + ko, en: name + ": " + en,
		more: map[string]any{"parameter": name},
	}
}

func (p problem) send(w http.ResponseWriter, request string, lang locale.Language) {
	detail, language := p.ko, "ko"
	if lang == locale.English {
		detail, language = p.en, "en"
	}
	body := map[string]any{}
	maps.Copy(body, p.more)
	body["type"], body["title"], body["status"] = problemType+p.kind, http.StatusText(p.status), p.status
	body["detail"], body["code"] = detail, p.code
	if request != "" {
		body["request_id"] = request
	}
	h := w.Header()
	h.Set("Content-Language", language)
	if p.header[0] != "" {
		h.Set(p.header[0], p.header[1])
	}
	writeJSON(w, p.status, "application/problem+json; charset=utf-8", encode(body))
}
