package child

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports that the system gives to nobody who asks for any (on Linux those begin at 32768), and that browsers do not refuse.
const firstPort, lastPort = 10_100, 32_000

// FreePort returns a port of 127.0.0.1 on which nobody listens, for a program that has to be told one. The connections and servers of
// other tests, which come and go all the time, get other ports: none of them takes it before the program does.
func FreePort() (port int, err error) {
	for range 100 {
		port = firstPort + rand.IntN(lastPort-firstPort)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port is free")
}
