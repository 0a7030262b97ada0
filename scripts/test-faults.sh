#!/usr/bin/env bash
# All rounds of the tests of faults, a soak of some minutes, and one table of what the faults did.
set -euo pipefail
cd "$(dirname "$0")/.."
go=${GO:-go}
GIFTIMBIZ_FAULT_TABLE=$(mktemp)
trap 'rm -f "$GIFTIMBIZ_FAULT_TABLE"' EXIT
export GIFTIMBIZ_FAULT_TABLE GIFTIMBIZ_FAULTS=all

status=0
# Two packages at once, for tests of faults wait most of the time; not more: by how long things take, a fault is told from a slow machine.
# Those that do little but wait say so, and up to four of them run side by side. The longest begin first.
# There is no race detector here: it has some rounds of each in make test, and would double the time of all.
"$go" test -p 2 -parallel 4 -count 1 -timeout 60m ./internal/faults ./internal/faults/failover ./internal/faults/... "$@" || status=$?
echo
# Mixed traffic at 80 % of the peak: does anything grow?
make build
bin/giftimbiz bench --only soak --soak "${SOAK:-4m}" || status=$?
echo
"$go" run ./internal/faults/print "$GIFTIMBIZ_FAULT_TABLE" || status=$?
exit "$status"
