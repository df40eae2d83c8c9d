package feed

import (
	"bufio"
	"errors"
	"io"
)

// CheckName returns an error when Create would not know the ending of the name.
func CheckName(path string) error {
	if path == "-" {
		return nil
	}
	_, _, err := endingOf(path)
	return err
}

// WriteFile writes a file of any kind as Create does: it has its name only once it is whole.
func WriteFile(path string, fill func(io.Writer) error) error {
	o := &Output{path: path, writer: verbatim{}}
	if err := o.createFile(); err != nil {
		return err
	}
	o.buffer = bufio.NewWriter(o.file)
	if err := fill(o.buffer); err != nil {
		return errors.Join(err, o.Discard())
	}
	return o.Close()
}

// verbatim stands for the writer of a file that has no format of ours.
type verbatim struct{}

func (verbatim) Write([][]byte) error { return nil }
func (verbatim) Close() error         { return nil }
