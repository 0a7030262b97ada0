#!/usr/bin/env bash
# Fails, and names the files, when Go code is not formatted as gofumpt would.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$("${GO:-go}" tool -modfile=tools/go.mod gofumpt -l .)
if [ -n "$files" ]; then
	printf 'Not formatted; run: go tool -modfile=tools/go.mod gofumpt -w .\n%s\n' "$files" >&2
	exit 1
fi
