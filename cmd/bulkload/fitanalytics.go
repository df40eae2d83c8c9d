package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"bulkload/formats/feed"
	"bulkload/vendors"
	"bulkload/vendors/fitanalytics"
	"bulkload/vendors/sandbox"
)

func (p *program) fitanalyticsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "fitanalytics",
		Short: "What only accounts of Fit Analytics need",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return &usageError{errors.New("say what to do: bulkload fitanalytics jwks")}
		},
	}
	c.AddCommand(p.jwksCommand())
	return c
}

// jwksFlags say whose public key is written.
type jwksFlags struct{ config, account, key, keyID, output string }

func (p *program) jwksCommand() *cobra.Command {
	var flags jwksFlags
	c := &cobra.Command{
		Use:   "jwks [--account NAME | --key FILE]",
		Short: "Write the public key set to give to Fit Analytics",
		Long: `Write the JSON Web Key Set with the public part of an account's private key. Fit Analytics needs it, and
the issuer and audience that are told beside it, before it takes a token.
Nothing of the private key is written.`,
		Example: `  openssl genrsa -out fa.pem 2048 && chmod 600 fa.pem
  bulkload fitanalytics jwks --account fa -o jwks.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.writeJWKS(flags) },
	}
	c.Flags().StringVar(&flags.config, "config", "", "configuration `FILE` (default bulkload.yaml here, then in your config directory)")
	c.Flags().StringVar(&flags.account, "account", "", "`NAME` of the account in the configuration")
	c.Flags().StringVar(&flags.key, "key", "", "`FILE` of a private key that no account has yet")
	c.Flags().StringVar(&flags.keyID, "key-id", "", "with --key: the key's kid (default: its thumbprint)")
	c.Flags().StringVarP(&flags.output, "output", "o", "-", "`FILE` to write; - for standard output")
	c.MarkFlagsMutuallyExclusive("account", "key")
	c.MarkFlagsMutuallyExclusive("account", "key-id")
	return c
}

// writeJWKS writes the key set, and what else the vendor must be told to standard error.
func (p *program) writeJWKS(flags jwksFlags) error {
	keyring, err := p.keyring(flags)
	if err != nil {
		return &usageError{err}
	}
	write := func(w io.Writer) error {
		_, err := w.Write(keyring.JWKS())
		return err
	}
	if flags.output == "-" {
		err = write(p.stdout)
	} else {
		err = feed.WriteFile(flags.output, write)
	}
	if err != nil {
		return fmt.Errorf("write the key set: %w", err)
	}
	if flags.key == "" {
		fmt.Fprintf(p.stderr, "give this key set to Fit Analytics, to check tokens with algorithm RS256, issuer %s, audience %s and clockTolerance 600\n",
			keyring.Issuer(), keyring.Audience())
	}
	return nil
}

// keyring reads the key of a file, or of an account.
func (p *program) keyring(flags jwksFlags) (*fitanalytics.Keyring, error) {
	if flags.key != "" {
		text, err := readCredential(flags.key)
		if err != nil {
			return nil, err
		}
		return fitanalytics.NewKeyring(map[string]string{"issuer": "unknown", "key_id": flags.keyID}, vendors.NewSecret(text))
	}
	c, err := p.loadConfig(flags.config)
	if err != nil {
		return nil, err
	}
	name, settings, err := c.choose(flags.account, fitanalytics.Vendor.Name)
	if err != nil {
		return nil, err
	}
	account, err := newAccount(name, settings, fitanalytics.Vendor)
	if err == nil {
		err = p.authorise(account, settings, fitanalytics.Vendor)
	}
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", name, err)
	}
	return account.State.(*fitanalytics.Keyring), nil
}

// sandboxKeys are what the sandbox is told of an account of Fit Analytics, as the vendor would be.
func sandboxKeys(account *vendors.Account) sandbox.Keys {
	keyring, ok := account.State.(*fitanalytics.Keyring)
	if !ok {
		return sandbox.Keys{}
	}
	return sandbox.Keys{JWKS: keyring.JWKS(), Issuer: keyring.Issuer(), Audience: keyring.Audience()}
}
