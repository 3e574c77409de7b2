#!/bin/sh
set -eu
pkgs=$(go list ./... | grep -v /vendor/)
# shellcheck disable=SC2086
sluice go test $pkgs
sluice go test -run 'TestA|TestB' ./internal/...
if git diff --quiet; then echo "clean"; fi
