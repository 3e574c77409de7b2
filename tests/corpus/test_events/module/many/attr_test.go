//go:build go1.25

package many

import "testing"

func TestAttr(t *testing.T) {
	t.Attr("key", "a value with blanks")
	t.Attr("empty", "")
}
