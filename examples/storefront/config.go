package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"giftimbiz/client"
)

// config is what the shop has to know from outside.
type config struct {
	Listen    string
	Data      string // folder of the database
	PublicURL string // how customers and webhooks reach the shop, without a trailing slash

	BaseURL     string // of the API
	Credentials client.Credentials

	GiveUpAfter time.Duration // a purchase that nobody has heard of by then is called off
	CheckEvery  time.Duration // how often unclear purchases are looked into
}

const usage = `A small web shop that sells what a GiftiMBiz server has in stock.

  storefront --credentials giftimbiz-data/credentials.json

Without --credentials the variables BASE_URL, PARTNER_ID, PARTNERKEY and PARTNERTOKEN say where the API is and who calls it.
SHOP_LISTEN, SHOP_DATA and SHOP_PUBLIC_URL are the same as the flags.

`

// readConfig reads flags and variables; nil when only help was asked for.
func readConfig(args []string) (*config, error) {
	c := &config{CheckEvery: time.Minute}
	flags := flag.NewFlagSet("storefront", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main says what is wrong
	flags.StringVar(&c.Listen, "listen", variable("SHOP_LISTEN", "127.0.0.1:8081"), "address to listen on, host:port")
	flags.StringVar(&c.Data, "data", variable("SHOP_DATA", "storefront-data"), "folder of the shop's own database")
	flags.StringVar(&c.PublicURL, "public-url", variable("SHOP_PUBLIC_URL", ""),
		"how customers, and the server with its webhooks, reach the shop (default http://LISTEN)")
	file := flags.String("credentials", "", "the credentials.json that giftimbiz demo writes")
	partner := flags.String("partner", "", "which partner of --credentials (default the first)")
	flags.DurationVar(&c.GiveUpAfter, "give-up-after", 10*time.Minute, "when a purchase that nobody has heard of is called off")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return nil, nil
	case err != nil:
		return nil, err
	case flags.NArg() > 0:
		return nil, fmt.Errorf("%q is no flag; see --help", flags.Arg(0))
	}
	c.CheckEvery = min(c.CheckEvery, c.GiveUpAfter)
	if err := c.readCredentials(*file, *partner); err != nil {
		return nil, err
	}
	return c, c.check()
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// readCredentials takes them from the demo's file, or from variables when there is none.
func (c *config) readCredentials(file, partner string) error {
	if file == "" {
		c.BaseURL = os.Getenv("BASE_URL")
		c.Credentials = client.Credentials{
			PartnerID: os.Getenv("PARTNER_ID"), PartnerKey: os.Getenv("PARTNERKEY"), PartnerToken: os.Getenv("PARTNERTOKEN"),
		}
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var made struct {
		BaseURL  string               `json:"base_url"`
		Partners []client.Credentials `json:"partners"`
	}
	if err := json.Unmarshal(text, &made); err != nil {
		return fmt.Errorf("%s is not what giftimbiz demo writes: %w", file, err)
	}
	for _, p := range made.Partners {
		if partner == "" || p.PartnerID == partner {
			c.BaseURL, c.Credentials = made.BaseURL, p
			return nil
		}
	}
	return fmt.Errorf("%s has no partner %q", file, partner)
}

func (c *config) check() error {
	if c.BaseURL == "" || c.Credentials.PartnerKey == "" || c.Credentials.PartnerToken == "" {
		return errors.New("who calls which server? Give --credentials, or BASE_URL, PARTNER_ID, PARTNERKEY and PARTNERTOKEN; see --help")
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	for _, address := range []string{c.BaseURL, c.PublicURL} {
		u, err := url.Parse(address)
		if address != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("%q is no address such as https://gift.example", address)
		}
	}
	if c.GiveUpAfter <= 0 {
		return fmt.Errorf("--give-up-after %v: want a time such as 10m", c.GiveUpAfter)
	}
	return nil
}

// nearbyURL is how an address that the shop listens on is reached from the same machine.
func nearbyURL(listening net.Addr) string {
	at, err := netip.ParseAddrPort(listening.String())
	if err != nil {
		return "http://" + listening.String()
	}
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return "http://" + at.String()
}
