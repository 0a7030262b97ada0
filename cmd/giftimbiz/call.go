package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"giftimbiz/client"
)

func callCommand(cfg *config) *cobra.Command {
	var partner, file, key, language string
	cmd := &cobra.Command{
		Use:   "call ENDPOINT [name=value]…",
		Short: "Call an endpoint of the partner API, signed in from credentials.json",
		Long: `Call an endpoint of the partner API on a running server, signed in from credentials.json, and print the answer.

  giftimbiz call listAll site=gift word=초코 limit=3
  giftimbiz call buyGifticoupon md_idx=18411 cash=940 product='남양)초콜릿드링크초코에몽190ML' --idempotency-key first

ENDPOINT is a path below /api/v1/, or its last part. Exits with 1 when the result is not success.`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if file == "" {
				file = cfg.credentialsFile()
			}
			credentials, err := readCredentials(file)
			if err != nil {
				return err
			}
			params, err := parseParams(given[1:])
			if err != nil {
				return err
			}
			who, err := chosenPartner(credentials, partner)
			if err != nil {
				return err
			}
			c := client.New(client.Options{BaseURL: credentials.BaseURL, Credentials: who.Credentials, Language: language})
			var options []client.Option
			if key != "" {
				options = append(options, client.IdempotencyKey(key))
			}
			answer, err := c.Call(cmd.Context(), endpointPath(given[0]), params, options...)
			var network *net.OpError
			switch {
			case err == nil:
				return printJSON(cmd, answer)
			case client.Code(err) != "":
				return errors.Join(printJSON(cmd, answer), errQuiet) // the answer says it
			case errors.As(err, &network) && network.Op == "dial":
				return fmt.Errorf("nothing answers at %s; is it running? (%w)", credentials.BaseURL, network)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&partner, "partner", "", "which partner of credentials.json (default: the first)")
	cmd.Flags().StringVar(&file, "credentials", "", "another credentials.json (default DATA/credentials.json)")
	cmd.Flags().StringVar(&key, "idempotency-key", "", "makes a purchase safe to repeat")
	cmd.Flags().StringVar(&language, "language", "", "of messages: ko or en")
	return cmd
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

func printJSON(cmd *cobra.Command, answer json.RawMessage) error {
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}
