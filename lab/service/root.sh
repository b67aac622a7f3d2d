#!/bin/sh
# A clean Debian 12 with systemd and Python, and nothing of ours: what the package is installed on. Kept beside the Asterisk root;
# each run works on a copy-on-write view of it. Run as root, after lab/bootstrap.sh (which installs debootstrap).
set -eu

CACHE=${CTI_LAB_CACHE:-/var/cache/cti-daemon-lab}
SUITE=bookworm
# Part of the root's name: change it when anything below changes.
ROOT="$CACHE/root-$SUITE-service-1"

say() { printf 'service root: %s\n' "$*"; }
fail() { printf 'service root: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "must run as root (it builds a root with debootstrap)"
command -v debootstrap >/dev/null || fail "debootstrap is not installed: run lab/bootstrap.sh first"
mkdir -p "$CACHE"
exec 9>"$CACHE/lock"
flock -w 900 9 || fail "another bootstrap has held $CACHE/lock for 15 minutes"

if [ -x "$ROOT/lib/systemd/systemd" ]; then
    say "cached: $ROOT"
    exit 0
fi
rm -rf --one-file-system "$CACHE"/service.*
BUILDING=$(mktemp -d "$CACHE/service.XXXXXX")
trap 'rm -rf --one-file-system "$BUILDING"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 0755 "$BUILDING"
say "building ($SUITE, systemd, python3), a minute or two"
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v release="$SUITE" '$2 == release { print $1; exit }')
[ -n "$mirror" ] || fail "no apt source for $SUITE found on this machine"
mkdir -p "$BUILDING/etc/dpkg/dpkg.cfg.d"
echo force-unsafe-io >"$BUILDING/etc/dpkg/dpkg.cfg.d/lab"
debootstrap --variant=minbase --include=systemd,systemd-sysv,python3,libstdc++6 \
    "$SUITE" "$BUILDING" "$mirror" >"$CACHE/service.log" 2>&1 || {
    tail -n 20 "$CACHE/service.log" >&2
    fail "debootstrap failed (log: $CACHE/service.log)"
}
rm -f "$BUILDING"/var/cache/apt/archives/*.deb
# Nothing of this machine's names, and no source to fetch from: an installation must need none.
rm -f "$BUILDING"/etc/apt/sources.list "$BUILDING"/etc/apt/sources.list.d/* "$BUILDING"/etc/machine-id
: >"$BUILDING/etc/machine-id"
: >"$BUILDING/etc/resolv.conf"
echo '127.0.0.1 localhost cti' >"$BUILDING/etc/hosts"
mv -T "$BUILDING" "$ROOT"
say "built: $ROOT"
