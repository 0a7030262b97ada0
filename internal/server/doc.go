// Package server puts the rooms together: a Node is one running server with all its surfaces, engines and background work on
// one database. It knows neither flags nor files nor sockets; those are the program's, or the test's that runs one.
package server
