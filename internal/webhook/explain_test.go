package webhook

import "testing"

func TestEachFailureIsExplainedInBothLanguages(t *testing.T) {
	for _, failure := range []string{
		FailedTimeout, FailedAddress, FailedName, FailedTLS, FailedConnect, FailedRedirect, FailedStatus, FailedSecret, NotSent,
	} {
		if ko, en := Explain(failure); ko == "" || en == "" || ko == failure || en == failure || ko == en {
			t.Errorf("%s: %q, %q", failure, ko, en)
		}
	}
	if ko, en := Explain("of old"); ko != "of old" || en != "of old" {
		t.Errorf("%q, %q", ko, en)
	}
	if ko, en := Explain(""); ko+en != "" {
		t.Errorf("%q, %q", ko, en)
	}
}
