//go:build go1.26

package many

import "testing"

func TestArtifacts(t *testing.T) {
	if dir := t.ArtifactDir(); dir == "" {
		t.Error("no directory")
	}
}
