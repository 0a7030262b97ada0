# What prepare.sh and prepare-faults.sh share; they source it. In needs they say what they look for, a line each:
#   a function that tells whether it is there : Debian's packages for it : what is skipped without it
# shellcheck shell=bash disable=SC2154

missing_packages() {
	local need check packages _
	for need in "${needs[@]}"; do
		IFS=: read -r check packages _ <<<"$need"
		"$check" || tr ' ' '\n' <<<"$packages"
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# may_install leaves in reason why this user may not.
may_install() {
	command -v apt-get >/dev/null || { reason='there is no apt-get here'; return 1; }
	[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null || { reason='neither root nor sudo without a password'; return 1; }
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=180 -o Acquire::Retries=3 "$@"
}

# install installs packages; where some stay away, it shows what apt-get says of them and leaves a reason.
install() {
	local log package failed=
	echo "${0##*/}: installing $*"
	log=$(mktemp)
	# The lists may be partly out of date and still hold what is needed: only the installation decides.
	apt update >"$log" 2>&1 || true
	if ! apt install --no-install-recommends -y "$@" >>"$log" 2>&1; then
		# A package that this system does not have keeps none of the others from it.
		for package in "$@"; do
			apt install --no-install-recommends -y "$package" >>"$log" 2>&1 || failed=yes
		done
	fi
	if [ -n "$failed" ]; then
		reason='apt-get failed'
		{ grep '^E: ' "$log" || tail -n 5 "$log"; } | uniq | tail -n 5 >&2
	fi
	rm -f "$log"
}

# say_skipped names what is missing still, together with what is skipped for it; that is no error.
say_skipped() {
	local need check packages skipped
	for need in "${needs[@]}"; do
		IFS=: read -r check packages skipped <<<"$need"
		"$check" || echo "${0##*/}: missing $packages (${reason:-installed, but of no use}): SKIPPED for it: $skipped" >&2
	done
}
