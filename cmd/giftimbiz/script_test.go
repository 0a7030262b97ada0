package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"giftimbiz/internal/programtest"
)

// TestTheCommandLine runs the scripts in testdata/script, each on an empty database of its own.
func TestTheCommandLine(t *testing.T) {
	onDatabases := map[string]func(t *testing.T, env *testscript.Env) string{
		"sqlite":   func(_ *testing.T, env *testscript.Env) string { return "sqlite:" + env.WorkDir + "/giftimbiz.db" },
		"postgres": func(t *testing.T, _ *testscript.Env) string { return programtest.Postgres(t) },
	}
	for engine, database := range onDatabases {
		t.Run(engine, func(t *testing.T) {
			database(t, &testscript.Env{}) // skips when there is no such engine
			testscript.Run(t, testscript.Params{
				Dir:  "testdata/script",
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
				Setup: func(env *testscript.Env) error {
					env.Setenv("PATH", filepath.Dir(programtest.Built(t))+string(filepath.ListSeparator)+env.Getenv("PATH"))
					env.Setenv("GIFTIMBIZ_DATA", env.WorkDir+"/data")
					env.Setenv("GIFTIMBIZ_DATABASE", database(t, env))
					return nil
				},
			})
		})
	}
}

// exits runs a program that must end with the code given first: "exits 2 giftimbiz nonsense".
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT]…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("%v ended with %d, want %d", args[1:], code, want)
	}
}
