package webhook

var explanations = map[string][2]string{
	FailedTimeout:  {"응답 시간 초과", "no answer in time"},
	FailedAddress:  {"보낼 수 없는 주소(내부망 등)", "an address that nothing is sent to, such as an internal one"},
	FailedName:     {"호스트 이름을 찾을 수 없음", "host name not found"},
	FailedTLS:      {"TLS 인증서 또는 연결 오류", "a bad TLS certificate or handshake"},
	FailedConnect:  {"연결할 수 없음", "no connection"},
	FailedRedirect: {"다른 주소로 돌림(따라가지 않음)", "a redirect, which is not followed"},
	FailedStatus:   {"2xx가 아닌 응답", "an answer other than 2xx"},
	FailedSecret:   {"서명 비밀을 읽을 수 없음", "its secret cannot be read"},
	NotSent:        {"백업을 복원하여 보내지 않음", "not sent: it waited in a backup that was restored"},
}

// Explain says in Korean and in English why an attempt failed, by what is stored. Of what it does not know it returns that.
func Explain(failure string) (ko, en string) {
	if said, ok := explanations[failure]; ok {
		return said[0], said[1]
	}
	return failure, failure
}
