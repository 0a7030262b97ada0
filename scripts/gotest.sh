#!/usr/bin/env bash
# go test with the race detector, or without it where there is no C compiler for it to link with.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT

# SQLite, translated from C by a machine, is checked by its authors: checking its pointers and each of its reads for races took
# two thirds of the time of tests on it. Its driver and all that is ours stay checked.
unchecked=(
	-gcflags='modernc.org/sqlite/lib=-race=false'
	-gcflags='modernc.org/libc/...=-race=false'
	-gcflags='modernc.org/memory=-race=false'
)
race=()
read -ra cc <<<"$("$go" env CC)"
if printf '#include <stdlib.h>\nint main(void) { return 0; }\n' |
	"${cc[@]}" -x c -o "$probe/a" - 2>"$probe/errors"; then
	race=(-race "${unchecked[@]}")
	export CGO_ENABLED=1
	# Tests that run the program build it in the same way.
	GIFTIMBIZ_CHECK_FLAGS=$(printf '%s\n' "${race[@]}")
	export GIFTIMBIZ_CHECK_FLAGS
else
	echo "gotest: no working C compiler (${cc[*]}); the race detector is skipped" >&2
fi
# One package more at once than there are processors: many tests wait, for browsers, servers and leases.
"$go" test "${race[@]}" -p $(($(nproc) + 1)) -timeout 20m "$@"
