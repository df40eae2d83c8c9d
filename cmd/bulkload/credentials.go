package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode"

	"bulkload/pipeline"
	"bulkload/vendors"
)

const (
	// tokenTimeout is how long a token_command may take.
	tokenTimeout = 30 * time.Second
	// longestCredential bounds what is read as a credential, in bytes.
	longestCredential = 64 << 10
)

// authorise gives the account its credentials, and what its requests share.
func (p *program) authorise(account *vendors.Account, c accountConfig, vendor *vendors.Vendor) error {
	for i := range vendor.Settings {
		if err := c.secret(account, &vendor.Settings[i]); err != nil {
			return err
		}
	}
	if !vendor.Tokenless {
		token, err := p.token(c)
		if err != nil {
			return err
		}
		account.Token = token
	}
	return connectAccount(account, vendor)
}

// secret reads the file that a setting names, and misses a setting that is required.
func (c accountConfig) secret(account *vendors.Account, setting *vendors.Setting) error {
	value := c.Settings[setting.Name]
	switch {
	case value == "" && setting.Required:
		return fmt.Errorf("the setting %s is missing: %s", setting.Name, setting.Doc)
	case value == "" || !setting.File:
		return nil
	}
	text, err := readCredential(value)
	if err != nil {
		return fmt.Errorf("%s: %w", setting.Name, err)
	}
	if account.Secrets == nil {
		account.Secrets = make(map[string]vendors.Secret)
	}
	account.Secrets[setting.Name] = vendors.NewSecret(text)
	return nil
}

// connectAccount makes what the account's requests share.
func connectAccount(account *vendors.Account, vendor *vendors.Vendor) (err error) {
	if vendor.Connect != nil {
		account.State, err = vendor.Connect(account)
	}
	return err
}

// tryAccount makes an account of the sandbox, which takes any token and knows no setting.
func tryAccount(account *vendors.Account, vendor *vendors.Vendor) error {
	account.Token = vendors.NewSecret("token-of-the-sandbox")
	return connectAccount(account, vendor)
}

// token gets the account's token from where the configuration says it is.
func (p *program) token(c accountConfig) (vendors.Secret, error) {
	text, err := p.tokenText(c)
	if err != nil {
		return vendors.Secret{}, err
	}
	switch text = strings.TrimSpace(text); {
	case text == "":
		return vendors.Secret{}, fmt.Errorf("the token of %s is empty", c.source())
	case strings.ContainsFunc(text, unicode.IsControl):
		return vendors.Secret{}, fmt.Errorf("the token of %s has more than one line, or control characters", c.source())
	}
	return vendors.NewSecret(text), nil
}

func (p *program) tokenText(c accountConfig) (string, error) {
	if err := c.oneSource(); err != nil {
		return "", err
	}
	switch {
	case c.TokenFile != "":
		return readCredential(c.TokenFile)
	case c.TokenCommand != "":
		return p.runTokenCommand(c.TokenCommand)
	}
	if text := p.getenv(c.TokenEnv); text != "" {
		return text, nil
	}
	return "", fmt.Errorf("%s is not set", c.source())
}

// variableName is what an environment variable is called; anything else may be the secret itself.
var variableName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,63}$`)

// oneSource makes sure that the token comes from one place.
func (c accountConfig) oneSource() error {
	given := 0
	for _, setting := range []string{c.TokenFile, c.TokenCommand, c.TokenEnv} {
		if setting != "" {
			given++
		}
	}
	if given != 1 {
		return errors.New("one of token_file, token_command and token_env is needed, and only one")
	}
	if c.TokenEnv != "" && !variableName.MatchString(c.TokenEnv) {
		return errors.New("token_env is not the name of a variable, such as FT_TOKEN; the token itself does not belong there")
	}
	return nil
}

// sourceFor tells where the credentials of a vendor come from.
func (c accountConfig) sourceFor(vendor *vendors.Vendor) string {
	if !vendor.Tokenless {
		return c.source()
	}
	var files []string
	for _, setting := range vendor.Settings {
		if setting.File && c.Settings[setting.Name] != "" {
			files = append(files, setting.Name+" "+c.Settings[setting.Name])
		}
	}
	return strings.Join(files, ", ")
}

// source tells where the token comes from, and nothing that may be secret: a command may hold a password.
func (c accountConfig) source() string {
	switch {
	case c.TokenFile != "":
		return "token_file " + c.TokenFile
	case c.TokenCommand != "":
		return "token_command"
	case variableName.MatchString(c.TokenEnv):
		return "token_env " + c.TokenEnv
	case c.TokenEnv != "":
		return "token_env"
	}
	return "nowhere"
}

// readCredential reads a file that only its owner can read. Of a link, the file that it leads to counts.
func readCredential(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read credential: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("read credential: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		return "", fmt.Errorf("others can read or change %s (mode %04o): chmod %o %s", path, mode, mode&0o600, path)
	}
	data, err := io.ReadAll(io.LimitReader(file, longestCredential+1))
	if err != nil {
		return "", fmt.Errorf("read credential: %w", err)
	}
	if len(data) > longestCredential {
		return "", fmt.Errorf("%s is longer than %d bytes, so it is no token or key", path, longestCredential)
	}
	return string(data), nil
}

// runTokenCommand runs the command until it ends, its time is up or the program is told to stop. What it
// says on standard error is passed on.
func (p *program) runTokenCommand(command string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenTimeout)
	defer cancel()
	ended := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-p.stop:
			cancel()
		case <-ended:
		}
	})
	text, said, err := commandOutput(ctx, command)
	close(ended)
	waiting.Wait()
	if p.cause() != 0 {
		return "", pipeline.ErrInterrupted
	}
	if err == nil && said != "" {
		fmt.Fprintf(p.stderr, "token_command: %s\n", said)
	}
	return text, err
}

// commandOutput runs a shell command. It returns what it writes to standard output, and what it says on
// standard error without that.
func commandOutput(ctx context.Context, command string) (text, said string, err error) {
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.WaitDelay = time.Second // for what the command leaves behind with our pipes
	var out, errs limited
	c.Stdout, c.Stderr = &out, &errs
	err = c.Run()
	text = out.kept.String()
	said = redactOutput(errs.kept.String(), text)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("token_command did not end: %w", context.Cause(ctx))
	case errors.As(err, &exit):
		err = fmt.Errorf("token_command failed: %w", exit)
	case err != nil:
		err = fmt.Errorf("run token_command: %w", err)
	case out.over:
		err = fmt.Errorf("token_command wrote more than %d bytes, so it is no token", longestCredential)
	}
	if err != nil && said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return text, said, err
}

// redactOutput takes the token, and every line of it, out of what a command said, and makes that one line.
func redactOutput(said, token string) string {
	var secrets []vendors.Secret
	for line := range strings.Lines(token) {
		secrets = append(secrets, vendors.NewSecret(strings.TrimSpace(line)))
	}
	secrets = append(secrets, vendors.NewSecret(strings.TrimSpace(token)))
	shown := vendors.NewRedactor(secrets...).Head([]byte(said), 1<<10)
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(shown), "?")), " ")
}

// limited keeps the beginning of what is written to it.
type limited struct {
	kept bytes.Buffer
	over bool
}

// Write takes everything, so that the writer does not stop, and forgets what is too much.
func (l *limited) Write(data []byte) (int, error) {
	room := longestCredential - l.kept.Len()
	l.over = l.over || len(data) > room
	l.kept.Write(data[:min(len(data), room)])
	return len(data), nil
}
