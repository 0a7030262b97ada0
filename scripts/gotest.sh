#!/usr/bin/env bash
# go test with the race detector, or without it where there is no C compiler for it to link with.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
probe=$(mktemp -d)
memory=
trap 'rm -rf "$probe" "$memory"' EXIT

# What computes by itself is checked by its authors: SQLite, translated from C by a machine, hashes of passwords, regular expressions.
# Checking each of their reads for races took two thirds of the time of tests on SQLite, and a sixth of that of tests that check codes.
# SQLite's driver and all that is ours stay checked.
unchecked=()
for package in modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory golang.org/x/crypto/argon2 golang.org/x/crypto/blake2b \
	regexp regexp/syntax; do
	unchecked+=("-gcflags=$package=-race=false")
done
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

# The tests make some thousand databases, of hundreds of files each, for which a disk takes ever longer. In memory they take a fraction
# of that: where there is plenty of it, and programs may be run from there.
plenty=$((8 << 20)) # KiB; the tests have less than a GiB there at once
kib_free() { df --output=avail -k /dev/shm | tail -n 1; }
kib_available() { awk '/^MemAvailable:/ { print $2 }' /proc/meminfo; }
if [ -z "${TMPDIR:-}" ] && [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] &&
	[ "$(kib_free)" -ge "$plenty" ] && [ "$(kib_available)" -ge "$plenty" ] && memory=$(mktemp -d /dev/shm/giftimbiz-XXXXXX); then
	chmod 711 "$memory" # for PostgreSQL, which does not run as root
	printf '#!/bin/sh\n' >"$memory/probe"
	chmod 700 "$memory/probe"
	if "$memory/probe" 2>/dev/null; then
		export GOTMPDIR=${GOTMPDIR:-/tmp} TMPDIR=$memory
	fi
fi

# PostgreSQL makes a process for each connection: in large pages of memory its many allocations cost a sixth less of all its time.
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}

# One package more at once than there are processors: many tests wait, for browsers, servers and leases. All was vetted by make lint.
# What hangs ends by bounds of its own; a package that has all its tests to do on a machine with other work may take half an hour.
"$go" test "${race[@]}" -p $(($(nproc) + 1)) -vet=off -timeout 40m "$@"
