//go:build unix && !linux

package main

import "errors"

// mountSmall mounts nothing here.
func mountSmall(string) (unmount func() error, err error) {
	return nil, errors.New("small file systems are mounted on Linux only")
}
