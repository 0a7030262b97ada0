package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"giftimbiz/client"
)

// callFlags say how a call is made.
type callFlags struct {
	partner, file, key, language, body, outcome string
}

func callCommand(cfg *config) *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:   "call [METHOD PATH | ENDPOINT] [name=value]…",
		Short: "Call the partner API, signed in from credentials.json",
		Long: `Call the partner API on a running server, signed in from credentials.json, and print the answer.

  giftimbiz call GET /offers q=초코 limit=3
  giftimbiz call POST /orders --idempotency-key first \
    --json '{"reference":"A-1","items":[{"offer_id":18411,"quantity":1}],"total":940}'

METHOD and PATH are those of API v2, below /api/v2; name=value are its query, --json its body. Of API v1:

  giftimbiz call listAll site=gift word=초코 limit=3
  giftimbiz call buyGifticoupon md_idx=18411 cash=940 product='남양)초콜릿드링크초코에몽190ML' --idempotency-key first

ENDPOINT is a path below /api/v1/, or its last part; name=value are its parameters. Exits with 1 when the result is not success.`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error { return f.call(cmd, cfg, given) },
	}
	cmd.Flags().StringVar(&f.partner, "partner", "", "which partner of credentials.json (default: the first)")
	cmd.Flags().StringVar(&f.file, "credentials", "", "another credentials.json (default DATA/credentials.json)")
	cmd.Flags().StringVar(&f.body, "json", "", "the body of a call of API v2; - reads it from the input")
	cmd.Flags().StringVar(&f.key, "idempotency-key", "", "makes a purchase safe to repeat")
	cmd.Flags().StringVar(&f.outcome, "sandbox-outcome", "", "how a sandbox partner's call shall end, such as sold-out or answer-lost")
	cmd.Flags().StringVar(&f.language, "language", "", "of messages: ko or en")
	return cmd
}

// call makes the call and prints its answer.
func (f *callFlags) call(cmd *cobra.Command, cfg *config, given []string) error {
	method, given := methodOf(given)
	if method != "" && len(given) == 0 {
		return usageError{fmt.Errorf("%s what? Want a path such as /offers", method)}
	}
	if method == "" && f.body != "" {
		return usageError{errors.New("--json is for API v2: giftimbiz call POST /orders --json '{…}'")}
	}
	if f.file == "" {
		f.file = cfg.credentialsFile()
	}
	credentials, err := readCredentials(f.file)
	if err != nil {
		return err
	}
	params, err := parseParams(given[1:])
	if err != nil {
		return err
	}
	who, err := chosenPartner(credentials, f.partner)
	if err != nil {
		return err
	}
	c := client.New(client.Options{BaseURL: credentials.BaseURL, Credentials: who.Credentials, Language: f.language})
	var answer json.RawMessage
	if method == "" {
		answer, err = c.Call(cmd.Context(), endpointPath(given[0]), params, f.options()...)
	} else if answer, err = f.readBody(cmd.InOrStdin()); err == nil {
		answer, err = c.Do(cmd.Context(), method, v2Path(given[0]), params, answer, f.options()...)
	}
	var network *net.OpError
	switch {
	case err == nil:
		return printAnswer(cmd, answer)
	case answer != nil && errors.As(err, new(*client.Error)):
		return errors.Join(printAnswer(cmd, answer), errQuiet) // the answer says it
	case errors.As(err, &network) && network.Op == "dial":
		return fmt.Errorf("nothing answers at %s; is it running? (%w)", credentials.BaseURL, network)
	}
	return err
}

func (f *callFlags) options() (options []client.Option) {
	if f.key != "" {
		options = append(options, client.IdempotencyKey(f.key))
	}
	if f.outcome != "" {
		options = append(options, client.SandboxOutcome(f.outcome))
	}
	return options
}

// readBody returns the JSON to send, nil when there is none.
func (f *callFlags) readBody(in io.Reader) (json.RawMessage, error) {
	text := []byte(f.body)
	if f.body == "-" {
		var err error
		if text, err = io.ReadAll(in); err != nil {
			return nil, err
		}
	}
	if len(text) == 0 {
		return nil, nil
	}
	if !json.Valid(text) {
		return nil, usageError{errors.New("--json is not JSON")}
	}
	return text, nil
}

// methodOf splits a method off, if there is one.
func methodOf(given []string) (method string, rest []string) {
	switch given[0] {
	case http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete:
		return given[0], given[1:]
	}
	return "", given
}

// v2Path takes a path with or without where the API begins.
func v2Path(path string) string {
	return "/" + strings.TrimPrefix(strings.TrimLeft(path, "/"), "api/v2/")
}

// endpointPath completes the last part of an endpoint's path.
func endpointPath(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "/"), "api/v1/")
	if strings.Contains(name, "/") {
		return name
	}
	switch name {
	case "getAccessToken":
		return "common/" + name
	case "getQRImg", "setUseStarCoupon":
		return "gifticon/" + name
	}
	return "giftimbiz/" + name
}

func parseParams(given []string) (url.Values, error) {
	params := url.Values{}
	for _, pair := range given {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("%q is not of the form name=value", pair)}
		}
		params.Add(name, value)
	}
	return params, nil
}

// printAnswer prints JSON readably, and anything else as it is.
func printAnswer(cmd *cobra.Command, answer []byte) error {
	if len(answer) == 0 {
		return nil
	}
	if !json.Valid(answer) {
		_, err := cmd.OutOrStdout().Write(answer)
		return err
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(json.RawMessage(answer))
}
