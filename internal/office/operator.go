package office

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Role says what an operator may do.
type Role string

// The roles.
const (
	Viewer  Role = "viewer"   // sees every page, and no voucher number
	Clerk   Role = "operator" // stock, partners and orders
	Finance Role = "finance"  // money
	Admin   Role = "admin"    // everything, operators and settings included
)

// Roles lists all of them, the least first.
func Roles() []Role { return []Role{Viewer, Clerk, Finance, Admin} }

// Permission is something that not every operator may do.
type Permission int

// The permissions.
const (
	See          Permission = iota // look at any page
	EditStock                      // imports, the catalogue, price rules
	EditPartners                   // open partners, their state, limits and keys
	Reveal                         // a voucher's number
	Refund                         // an order
	MoveMoney                      // top up and adjust balances, approve what others asked for
	Manage                         // operators and settings
)

var permissions = map[Role][]Permission{
	Viewer:  {See},
	Clerk:   {See, EditStock, EditPartners, Reveal, Refund},
	Finance: {See, Refund, MoveMoney},
	Admin:   {See, EditStock, EditPartners, Reveal, Refund, MoveMoney, Manage},
}

// May tells whether the role has a permission. A role that does not exist has none.
func (r Role) May(p Permission) bool { return slices.Contains(permissions[r], p) }

// Valid tells whether the role exists.
func (r Role) Valid() bool { return permissions[r] != nil }

// SecondFactorKind is the kind under which an operator's TOTP is encrypted.
const SecondFactorKind = "operator's second factor"

// Operator is somebody who may sign in to the console.
type Operator struct {
	ID           int64
	Email        string // in lower case
	Name         string
	Role         Role
	PasswordHash string
	TOTP         []byte // the encrypted secret of the second factor; empty = none
	Disabled     bool
	Version      int64 // grows with each change
	CreatedAt    time.Time
}

// FoldEmail returns an e-mail address as it is stored and compared.
func FoldEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// Session is an operator's browser that is signed in.
type Session struct {
	ID        []byte // the hash of its cookie
	Operator  Operator
	CreatedAt time.Time
	SeenAt    time.Time // to the minute
	ExpiresAt time.Time
	Address   string
	Agent     string
}

// OperatorRow is an operator in the list of all.
type OperatorRow struct {
	Operator
	Sessions int64     // browsers that are signed in
	SeenAt   time.Time // when one of them was last used; zero = none is signed in
}

func (o Operator) active(role Role) bool { return o.Role == role && !o.Disabled }

// erasedEmail is how what is kept in place of an e-mail address begins.
const erasedEmail = "erased:"

// ErasedEmail is kept in place of the e-mail address of an operator who was erased. Nobody can have it.
func ErasedEmail(id int64) string { return erasedEmail + strconv.FormatInt(id, 10) }

// Erased tells whether nothing is left of an operator but the number.
func (o Operator) Erased() bool { return strings.HasPrefix(o.Email, erasedEmail) }

// LosesAdmin tells whether there is an active admin less once an operator becomes what next says.
func (o Operator) LosesAdmin(next Operator) bool { return o.active(Admin) && !next.active(Admin) }
