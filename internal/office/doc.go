// Package office is what the back office is about beyond vouchers themselves: operators and what each role may do, their
// sessions, and the trail of who changed what. The console shows it and storage keeps it.
package office
