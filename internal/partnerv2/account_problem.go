package partnerv2

import (
	"errors"
	"net/http"
	"strconv"

	"giftimbiz/internal/credential"
	"giftimbiz/internal/gift"
	"giftimbiz/internal/office"
	"giftimbiz/internal/purchase"
	"giftimbiz/internal/webhook"
)

// What may come of any call that reads or writes what is stored.
var (
	changeUnanswered = problem{
		kind: "outcome-unknown", status: http.StatusServiceUnavailable, code: "GPLF",
		ko:     "바뀌었는지 알 수 없습니다. 조회해 본 뒤 필요하면 다시 하십시오.",
		en:     "Whether this was changed is not known. Look, and do it again if it was not.",
		header: [2]string{"Retry-After", "1"},
	}
	changedMeanwhile = problem{
		kind: "unavailable", status: http.StatusServiceUnavailable, code: "GPLF",
		ko:     "그사이 다른 곳에서 바뀌어 아무것도 하지 않았습니다. 다시 하십시오.",
		en:     "Something else changed this at the same time; nothing was done. Do it again.",
		header: [2]string{"Retry-After", "1"},
	}
)

// storeFault tells in the words of the API why something could not be read or changed, whatever it was.
func storeFault(err error) problem {
	switch {
	case errors.Is(err, office.ErrUnanswered): // it wraps what else it may be
		return changeUnanswered.because(err)
	case errors.Is(err, office.ErrChanged), errors.Is(err, purchase.ErrConflict):
		return changedMeanwhile.because(err)
	case errors.Is(err, purchase.ErrUnavailable):
		return unavailable.because(err)
	}
	return failed.because(err)
}

// What keeps partners from changing their keys and webhooks.
var (
	tooManyKeys = problem{
		kind: "too-many-keys", status: http.StatusConflict, code: "Q",
		ko:   "쓸 수 있는 키가 이미 " + strconv.Itoa(credential.MaxGenerations) + "벌입니다. grace_hours 0으로 교체하면 이전 키가 모두 끝납니다.",
		en:   strconv.Itoa(credential.MaxGenerations) + " sets of keys work already. A rotation with grace_hours 0 ends them all.",
		more: map[string]any{"limit": credential.MaxGenerations},
	}
	tooManyWebhooks = problem{
		kind: "too-many-webhooks", status: http.StatusConflict, code: "Q",
		ko:   "웹훅은 " + strconv.Itoa(webhook.MaxEndpoints) + "개까지입니다. 쓰지 않는 것을 먼저 삭제하십시오.",
		en:   "There may be " + strconv.Itoa(webhook.MaxEndpoints) + " webhooks. Delete one that is not used first.",
		more: map[string]any{"limit": webhook.MaxEndpoints},
	}
	webhookOff = problem{
		kind: "webhook-off", status: http.StatusConflict, code: "Q",
		ko: "꺼진 웹훅에는 보낼 수 없습니다. 먼저 enabled를 true로 바꾸십시오.",
		en: "Nothing is sent to a webhook that is off. Set enabled to true first.",
	}
	noSuchWebhook = problem{
		kind: "not-found", status: http.StatusNotFound, code: "N", ko: "없는 웹훅입니다.", en: "There is no such webhook.",
	}
	noSuchDelivery = problem{
		kind: "not-found", status: http.StatusNotFound, code: "N",
		ko: "이 웹훅에는 없는 전송입니다.", en: "There is no such delivery to this webhook.",
	}
)

// accountFault names what keeps a partner from changing its account, keys and webhooks. Of other errors storeFault knows.
func accountFault(err error) error {
	switch {
	case errors.Is(err, office.ErrUnanswered): // whatever else it is
		return err
	case errors.Is(err, gift.ErrWithdrawn):
		return partnerWithdrawn
	case errors.Is(err, credential.ErrEnded):
		return tokenInvalid.because(err)
	case errors.Is(err, credential.ErrTooMany):
		return tooManyKeys
	case errors.Is(err, webhook.ErrTooMany):
		return tooManyWebhooks
	case errors.Is(err, webhook.ErrOff):
		return webhookOff
	}
	return err
}

// urlRefused tells why a webhook cannot have an address.
func urlRefused(err error) problem {
	p := problem{
		kind: "webhook-url-refused", status: http.StatusBadRequest, code: "L", more: map[string]any{"parameter": "url"},
	}
	switch {
	case errors.Is(err, webhook.ErrNotHTTPS):
		p.ko, p.en = "url은 https 주소여야 합니다.", "url must be an https address."
	case errors.Is(err, webhook.ErrAddress):
		p.ko, p.en = "url은 내부망 등 보낼 수 없는 주소입니다.", "Nothing is sent to the address in url, such as an internal one."
	default:
		n := strconv.Itoa(webhook.MaxURL)
		p.ko = "url은 https://shop.example/hooks 같은 주소로 " + n + "바이트까지입니다(사용자 이름이나 #은 쓸 수 없습니다)."
		p.en = "url must be an address such as https://shop.example/hooks, of at most " + n + " bytes, without a user's name or #."
	}
	return p
}
