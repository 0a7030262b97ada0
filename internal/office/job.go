package office

import (
	"slices"
	"time"
)

// The names that background work of the whole house is kept under.
const (
	JobSales           = "sales"
	JobUnusedCoupons   = "unused-coupons"
	JobLedgerDays      = "ledger-days"
	JobDaySales        = "day-sales"
	JobImports         = "imports"
	JobExpiry          = "expiry-notices"
	JobSandboxDays     = "sandbox-days"
	JobRepricing       = "repricing-notices"
	JobForgetAnswers   = "forget-answers"
	JobForgetCalls     = "forget-calls"
	JobForgetEvents    = "forget-events"
	JobForgetQuotes    = "forget-quotes"
	JobForgetSignIns   = "forget-sign-ins"
	JobForgetAddresses = "forget-addresses"
	JobRemoveEndpoints = "remove-endpoints"
	JobReseal          = "reseal"
)

// JobInfo is what people are told of a job.
type JobInfo struct {
	Name  string
	Title Words
	Help  Words
	Unit  Words // what a run counts; empty: nothing
}

// Jobs lists all jobs, as the console shows them.
func Jobs() []JobInfo { return slices.Concat(noticeJobs(), upkeepJobs(), forgetting()) }

// noticeJobs tell partners of what comes with the days.
func noticeJobs() []JobInfo {
	return []JobInfo{
		{
			Name: JobExpiry, Title: Words{"만료 알림", "Expiry notices"}, Unit: Words{"알림", "notices"},
			Help: Words{
				"마지막 날의 30일, 7일, 1일 전과 만료된 다음 날 매체사에 알립니다. 자정이 지나면 실행됩니다.",
				"Tells partners 30, 7 and 1 days before the last day, and the day after. Runs after midnight.",
			},
		},
		{
			Name: JobSandboxDays, Title: Words{"샌드박스 만료 알림", "Expiry notices of sandboxes"}, Unit: Words{"샌드박스", "sandboxes"},
			Help: Words{
				"시계를 앞당긴 샌드박스에 그 시계의 날짜가 바뀔 때 만료를 알립니다. 1분마다 확인합니다.",
				"Tells sandboxes whose clock is ahead what expires when their own day turns. Looks each minute.",
			},
		},
		{
			Name: JobRepricing, Title: Words{"가격 변경 알림", "Repricing notices"}, Unit: Words{"판매번호", "offers"},
			Help: Words{
				"남은 기간에 따라 오늘부터 가격이 달라진 판매번호를 매체사에 알립니다. 자정에 실행됩니다.",
				"Tells partners which offers cost something else from today on, for the days they have left. Runs at midnight.",
			},
		},
	}
}

// upkeepJobs are seen by operators only.
func upkeepJobs() []JobInfo {
	return []JobInfo{
		{
			Name: JobSales, Title: Words{"인기도 집계", "Counting sales"},
			Help: Words{"목록의 인기순에 쓰는 판매량을 셉니다.", "Counts sales, by which lists are sorted by popularity."},
		},
		{
			Name: JobUnusedCoupons, Title: Words{"미사용 쿠폰 집계", "Counting unused coupons"},
			Help: Words{"아직 쓰이지 않은 쿠폰을 원장 화면에 보이도록 셉니다.", "Counts coupons that are not used yet, for the ledger's page."},
		},
		{
			Name: JobLedgerDays, Title: Words{"원장 일 마감", "Closing the ledger's days"},
			Help: Words{"지난 날의 계정별 잔액을 적어 둡니다.", "Keeps each account's balance at the end of a day."},
		},
		{
			Name: JobDaySales, Title: Words{"시간별 판매 기록", "Noting sales by hour"},
			Help: Words{"현황 화면의 하루 그래프에 쓸 판매액을 적어 둡니다.", "Notes what was sold, for the dashboard's curve of the day."},
		},
		{
			Name: JobImports, Title: Words{"불러오기 점검", "Looking after imports"},
			Help: Words{
				"멈춘 서버가 남긴 불러오기를 정리하고 오래된 파일을 지웁니다.",
				"Clears up imports whose server died, and deletes old files.",
			},
		},
		{
			Name: JobReseal, Title: Words{"데이터 키 교체", "Replacing the data key"}, Unit: Words{"암호화", "sealed anew"},
			Help: Words{
				"giftimbiz keys rotate 뒤에 저장된 번호와 비밀을 새 키로 다시 암호화하고 옛 키를 지웁니다.",
				"After giftimbiz keys rotate, encrypts stored numbers and secrets with the new key and deletes the old one.",
			},
		},
	}
}

// forgetting are the jobs that delete what nobody needs any more.
func forgetting() []JobInfo {
	return []JobInfo{
		{
			Name: JobForgetAnswers, Title: Words{"오래된 응답 삭제", "Forgetting old answers"}, Unit: Words{"삭제", "deleted"},
			Help: Words{"35일이 지난 멱등 키의 응답을 지웁니다.", "Deletes answers kept under idempotency keys for more than 35 days."},
		},
		{
			Name: JobForgetCalls, Title: Words{"오래된 호출 기록 삭제", "Forgetting old calls"}, Unit: Words{"삭제", "deleted"},
			Help: Words{"7일이 지난 호출 기록을 지웁니다.", "Deletes calls kept for support for more than 7 days."},
		},
		{
			Name: JobForgetQuotes, Title: Words{"지난 견적 삭제", "Forgetting old quotes"}, Unit: Words{"삭제", "deleted"},
			Help: Words{"만료된 지 하루가 지난 견적을 지웁니다.", "Deletes quotes that expired more than a day ago."},
		},
		{
			Name: JobForgetEvents, Title: Words{"오래된 알림 삭제", "Forgetting old events"}, Unit: Words{"삭제", "deleted"},
			Help: Words{
				"30일이 지난 이벤트와 전송 기록을 지웁니다. 아직 보내지 못한 것은 남깁니다.",
				"Deletes events and deliveries of more than 30 days ago; those that still wait stay.",
			},
		},
		{
			Name: JobRemoveEndpoints, Title: Words{"삭제한 웹훅 정리", "Clearing removed webhooks"},
			Help: Words{
				"매체사에서 뺀 웹훅과 그 전송 기록을 한 시간 뒤에 지웁니다.",
				"Deletes webhooks that were removed, with their deliveries, an hour later.",
			},
		},
		{
			Name: JobForgetSignIns, Title: Words{"끝난 로그인 삭제", "Forgetting sessions"}, Unit: Words{"삭제", "deleted"},
			Help: Words{
				"끝난 로그인(담당자와 매장 기기)과 하루가 지난 로그인 실패 횟수를 지웁니다.",
				"Deletes sessions of operators and shops' devices that are over, and tries to sign in that were a day ago.",
			},
		},
		{
			Name: JobForgetAddresses, Title: Words{"오래된 접속 주소 삭제", "Forgetting old addresses"}, Unit: Words{"삭제", "erased"},
			Help: Words{
				"2년이 지난 감사 기록에서 접속 주소를 지웁니다. 나머지는 그대로이고 기록의 사슬도 이어집니다.",
				"Erases the addresses in entries of the audit trail that are two years old. The rest stays, and so does the chain.",
			},
		},
	}
}

// JobRun is how a job is.
type JobRun struct {
	Name         string
	Due          time.Time // when it is done next
	Running      bool      // a node does it just now
	Node         int64     // that does it, or did it last
	Began, Ended time.Time // of the last run; zero: none
	Succeeded    time.Time // when it last ended well; zero: never
	Took         time.Duration
	Done         int64 // in the last run that ended well
	Failures     int64 // in a row
	FailingSince time.Time
	Failure      string
}

// JobLate is how long after it is due a job that nobody does is called late.
const JobLate = 2 * time.Minute

// Late tells whether a job is due and no node does it.
func (r *JobRun) Late(now time.Time) bool { return !r.Running && now.Sub(r.Due) > JobLate }
