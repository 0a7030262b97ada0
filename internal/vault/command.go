package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	commandWithin = 30 * time.Second
	commandWait   = time.Second // for whoever the command leaves behind with its output
)

// FromCommand reads master keys that a program prints, in the form of a key file: a tool of a key management service. The
// command is a program and its arguments between spaces; no shell reads it, so nothing in it is quoted or expanded. It has
// 30 seconds, and what it prints is at most 64 KiB and never shown, on either output. Of the environment it does not get
// this program's own variables, which hold passwords.
func FromCommand(ctx context.Context, command string) (*Masters, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil, errors.New("the key command is empty")
	}
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.WaitDelay = commandWait
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GIFTIMBIZ_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	var out bounded
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("no end within %v", commandWithin)
		}
		return nil, fmt.Errorf("key command %s: %w (what it printed is not shown; run it by hand)", words[0], err)
	}
	m, err := Parse(out.text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("key command %s: %w", words[0], err)
	}
	return m, nil
}

// bounded takes no more than a key file may have.
type bounded struct{ text bytes.Buffer }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxKeyFile {
		return 0, fmt.Errorf("more than %d bytes of output: no keys", maxKeyFile)
	}
	return b.text.Write(p)
}
