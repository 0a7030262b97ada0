#!/usr/bin/env bash
# Installs what the tests of failover use beyond what prepare.sh does: Patroni, etcd, HAProxy and the tools for
# namespaces, from Debian. None of their services is started. What stays missing is named together with what is skipped
# for it; that is no error.
set -euo pipefail

needs=(patroni etcd:etcd-server haproxy ip:iproute2 nsenter:util-linux)
missing=()
for need in "${needs[@]}"; do
	command -v "${need%%:*}" >/dev/null || [ -x "/usr/sbin/${need%%:*}" ] || missing+=("${need##*:}")
done
# With this Patroni speaks to etcd. Debian 13 is content with Consul's library in its place.
/usr/bin/python3 -c 'import etcd' 2>/dev/null || missing+=(python3-etcd)
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

skipped() {
	echo "prepare-faults: missing ${missing[*]} ($1): SKIPPED for it: failover, rolling restart" >&2
	exit 0
}

command -v apt-get >/dev/null || skipped 'there is no apt-get here'
[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null || skipped 'neither root nor sudo without a password'

# Debian starts a service when it installs it, unless this says no (101). One that is there already stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'as_root rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
elif ! grep 'exit 101' "$policy" >/dev/null; then
	skipped "$policy lets services start"
fi

log=$(mktemp)
echo "prepare-faults: installing ${missing[*]}"
apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=180 -o Acquire::Retries=3 "$@"
}
apt update >"$log" 2>&1 || true # the installation decides
if ! apt install --no-install-recommends -y "${missing[@]}" >>"$log" 2>&1; then
	tail -n 5 "$log" >&2
	rm -f "$log"
	skipped 'apt-get failed'
fi
rm -f "$log"
# With the policy gone, the next start of the machine would start them: nobody but the tests asked for them.
for package in "${missing[@]}"; do
	as_root systemctl disable "${package%-server}" >/dev/null 2>&1 || true
done
