// Package fingerprint computes short checksums of order documents. With cgo the sum is taken in C,
// without it in Go; both give the same number (FNV-1a, 64 bit).
package fingerprint

import "strconv"

// Of returns the fingerprint of data as 16 hexadecimal digits.
func Of(data []byte) string {
	text := strconv.FormatUint(sum(data), 16)
	return "0000000000000000"[len(text):] + text
}
