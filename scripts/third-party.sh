#!/usr/bin/env bash
# Writes THIRD_PARTY.md: what is built into the program, by whom, under which licence, with its text. go-licenses asks the
# network for addresses that are not used here, and goes on without it.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$go" tool -modfile=tools/release/go.mod go-licenses report ./cmd/giftimbiz --ignore giftimbiz \
	--template scripts/third-party.tpl 2>"$work/errors" >"$work/modules" || { cat "$work/errors" >&2; exit 1; }

{
	cat <<'HEAD'
# Third-party software

What the program `giftimbiz` contains besides its own code. `make third-party` writes this page; a test compares it with
what is built in.
HEAD
	# The one licence that is not known by its text is BSD-3-Clause with another first line.
	sed 's/^Unknown$/BSD-3-Clause/' "$work/modules"
	printf '\n## The Go standard library\n\nBSD-3-Clause\n\n```text\n'
	cat "$("$go" env GOROOT)/LICENSE"
	printf '```\n'
	for licence in $(git ls-files 'internal/*LICENSE*' 'internal/*NOTICE*' | grep -v browsertest); do
		printf '\n## %s\n\nbuilt into the pages\n\n```text\n' "$(basename "$licence" | sed 's/\.LICENSE.*//; s/\.NOTICE/ (notice)/')"
		cat "$licence"
		printf '\n```\n'
	done
} >"$work/page"
cat -s "$work/page" >THIRD_PARTY.md
