package docs

import "giftimbiz/internal/locale"

// words are the texts around guides.
type words struct {
	Code, Other, OtherName                                   string // languages: this one, the other one
	Docs, Guides, APIs, Reference, Contents, Skip, Drawer    string
	Search, SearchFor, Found, NothingFound, TooShort, Try    string
	Copy, Copied, Onward                                     string
	KeysTitle, KeysWhat, KeysGet, KeysAsk, KeysHave, KeysUse string
	KeysForget, KeysAre, KeysNone, KeysBusy, KeysFailed      string // KeysBusy and KeysNone have {minutes} in them
	KeysOperator                                             string // for texts without markup
	NeedsScript, Raw, NotFound                               string
}

var korean = words{
	Code: "ko", Other: "en", OtherName: "English",
	Docs: "개발자 문서", Guides: "가이드", APIs: "API", Reference: "해 보기", Contents: "이 페이지", Skip: "본문으로", Drawer: "차례",
	Search: "검색", SearchFor: "가이드와 API 검색", Found: "찾은 곳", NothingFound: "찾은 것이 없습니다. 낱말을 줄여 보십시오.",
	TooShort: "찾을 낱말을 쓰십시오.", Try: "API를 바로 호출해 볼 수 있습니다.",
	Copy: "복사", Copied: "복사됨", Onward: "다음",
	KeysTitle: "샌드박스 키", KeysWhat: "받은 키는 이 페이지의 예제와 API 화면에 채워지며, 24시간 동안 이 브라우저에만 남습니다. 10분에 다섯 벌까지 받을 수 있습니다.",
	KeysGet: "샌드박스 키 받기", KeysAsk: "샌드박스 키는 운영자에게 요청하십시오. 받은 키를 여기에 넣으면 예제에 채워지고 이 탭을 닫을 때까지 남습니다.",
	KeysHave: "가지고 있는 키 넣기", KeysUse: "이 키 쓰기", KeysForget: "키 지우기", KeysAre: "쓰는 키:",
	KeysNone: "지금은 빌려줄 키가 없습니다. {minutes}분 뒤 다시 하십시오.", KeysBusy: "10분에 다섯 벌까지입니다. {minutes}분 뒤 다시 하십시오.",
	KeysOperator: "샌드박스 키는 운영자에게 요청하십시오.",
	KeysFailed:   "키를 받지 못했습니다. 잠시 뒤 다시 하십시오.",
	NeedsScript:  "이 화면에는 JavaScript가 필요합니다. 없이 보려면:", Raw: "Markdown으로 보기", NotFound: "그런 페이지가 없습니다.",
}

var english = words{
	Code: "en", Other: "ko", OtherName: "한국어",
	Docs: "Developers", Guides: "Guides", APIs: "API", Reference: "Try it", Contents: "On this page", Skip: "To the content", Drawer: "Contents",
	Search: "Search", SearchFor: "Search guides and API", Found: "Found", NothingFound: "Nothing found. Try fewer words.",
	TooShort: "Type what to look for.", Try: "Call the API from here.",
	Copy: "Copy", Copied: "Copied", Onward: "Next",
	KeysTitle: "Sandbox keys", KeysWhat: "They are put into the examples here and into the API pages, and stay in this browser for 24 hours. Five sets in ten minutes at most.",
	KeysGet: "Get sandbox keys", KeysAsk: "Ask the operator for sandbox keys. Put them in here and the examples have them until you close this tab.",
	KeysHave: "I have keys", KeysUse: "Use these keys", KeysForget: "Forget the keys", KeysAre: "Keys in use:",
	KeysNone: "There are no keys to lend at present. Try again in {minutes} min.", KeysBusy: "Five sets in ten minutes are the most. Try again in {minutes} min.",
	KeysOperator: "Ask the operator for sandbox keys.",
	KeysFailed:   "No keys came. Try again in a moment.",
	NeedsScript:  "This page needs JavaScript. Without it, read:", Raw: "View as Markdown", NotFound: "There is no such page.",
}

func wordsOf(lang locale.Language) *words {
	if lang == locale.English {
		return &english
	}
	return &korean
}

// languages are those of the documentation.
var languages = []locale.Language{locale.Korean, locale.English}
