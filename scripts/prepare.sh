#!/usr/bin/env bash
# Installs the programs that the tests run for real, where this may be done; says plainly what stays missing.
set -uo pipefail

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v php >/dev/null && php -r 'exit(function_exists("curl_init") ? 0 : 1);' || missing+=(php-cli php-curl)
[ ${#missing[@]} -eq 0 ] && exit 0

run=()
if [ "$(id -u)" -ne 0 ]; then
  if sudo -n true 2>/dev/null; then
    run=(sudo -n)
  else
    echo "NOT INSTALLED (no root): ${missing[*]}. The tests that need them are skipped." >&2
    exit 0
  fi
fi
if ! command -v apt-get >/dev/null; then
  echo "NOT INSTALLED (no apt-get): ${missing[*]}. The tests that need them are skipped." >&2
  exit 0
fi
# The tests start clusters of their own; Debian need not start one for the whole machine.
"${run[@]}" mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' | "${run[@]}" tee /etc/postgresql-common/createcluster.d/giftimbiz.conf >/dev/null
if ! { "${run[@]}" apt-get update -qq && "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2; then
  echo "COULD NOT INSTALL: ${missing[*]}. The tests that need them are skipped." >&2
fi
exit 0
