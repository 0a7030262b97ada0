package office

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"giftimbiz/internal/gift"
)

// What may stand in the way of a change; whoever stores it wraps one of these.
var (
	ErrNotFound  = errors.New("does not exist")
	ErrDuplicate = errors.New("exists already")
	ErrChanged   = errors.New("somebody else changed this meanwhile") // after it was read
	ErrStays     = errors.New("has sold or redeemed coupons of its shop, and stays there")
	ErrLastAdmin = errors.New("nobody else could manage operators and settings")
)

// Actor is who makes a change.
type Actor struct {
	OperatorID int64 // 0 = no operator: a partner, the server, the command line
	Name       string
	Address    string // where from
}

// CommandLine is the actor of changes that nobody signed in for.
var CommandLine = Actor{Name: "command line"}

// partnerActor is how the names of actors begin that are partners.
const partnerActor = "partner "

// PartnerActor is a partner that makes a change of its own, by the API.
func PartnerActor(name, address string) Actor {
	return Actor{Name: partnerActor + name, Address: address}
}

// Partner returns the name of the partner that the actor is, if it is one.
func (a Actor) Partner() (name string, ok bool) {
	name, ok = strings.CutPrefix(a.Name, partnerActor)
	return name, ok && a.OperatorID == 0
}

// operatorSubject is how the subjects of entries begin that are operators.
const operatorSubject = "operator:"

// OperatorSubject is what the audit trail calls an operator; 0 = somebody who is none.
func OperatorSubject(id int64) string {
	if id == 0 {
		return operatorSubject + "?"
	}
	return operatorSubject + strconv.FormatInt(id, 10)
}

// OperatorOf returns the operator that a subject names: by its number, or, as people write it, by its e-mail address.
func OperatorOf(subject string) (id int64, email string) {
	name, ok := strings.CutPrefix(subject, operatorSubject)
	if !ok {
		return 0, ""
	}
	id, err := strconv.ParseInt(name, 10, 64)
	if err != nil && strings.Contains(name, "@") {
		email = name
	}
	return id, email
}

type actorKey struct{}

// As returns a context in which changes are the actor's.
func As(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// ActorOf returns whose changes are made in a context: CommandLine's, unless As said otherwise.
func ActorOf(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return CommandLine
}

// Entry is a change in the audit trail. It is written in the transaction of the change.
type Entry struct {
	ID      gift.ID
	At      time.Time
	Actor   Actor
	Action  string // such as "partner.create"
	Subject string // such as "partner:demo"
	Before  string // JSON; empty where there was nothing
	After   string // JSON; empty where nothing is left
	Note    string // the reason given, if any
}

// AuditFilter selects entries of the audit trail. Empty fields select all.
type AuditFilter struct {
	Operator *int64 // its id, 0 = no operator
	Action   string
	Subject  string
	From, To gift.Day // both included; 0 = open
}
