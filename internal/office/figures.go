package office

import "time"

// Figures is what monitoring is shown of the whole house and only the database knows. Each is counted up to MostWaiting.
type Figures struct {
	LowBalances   int64     // live partners whose balance is below what they want to be warned at
	Waiting       int64     // deliveries to endpoints that are on
	LongestDue    time.Time // when the delivery was due that is due for longest; zero = none waits
	FailingHooks  int64     // endpoints that are on and take nothing
	GivenUpHooks  int64     // endpoints that the server switched off
	OpenApprovals int64     // adjustments of balances that wait for another operator
}
