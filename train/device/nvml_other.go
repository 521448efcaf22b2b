//go:build !cgo || !(linux || darwin)

package device

import "errors"

// openNVML needs cgo to call the driver.
func openNVML(string) (gpus, error) {
	return nil, errors.New("this build of s1 cannot ask an NVIDIA driver (it was built without cgo): figures of GPUs are not shown")
}
