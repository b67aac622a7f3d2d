#!/bin/sh
# Makes a bare Debian 12 machine ready for the lab: the tools from the machine's own package
# sources, and one Asterisk 22 root from suite `forky` (bookworm carries no Asterisk). Idempotent;
# a second run asks nothing of the network. Run as root.
#
#   lab/bootstrap.sh [PACKAGE …]   further Debian packages, which only some drills need
#   CTI_LAB_CACHE   where the Asterisk root is kept (default /var/cache/cti-daemon-lab)
set -eu

CACHE=${CTI_LAB_CACHE:-/var/cache/cti-daemon-lab}
SUITE=forky
# Part of the root's name: change it when the list of packages in the root changes.
ROOT="$CACHE/root-$SUITE-1"
TOOLS="python3 python3-venv debootstrap iproute2 iptables sip-tester tcpdump \
mosquitto mosquitto-clients prometheus procps util-linux openssl"

say() { printf 'bootstrap: %s\n' "$*"; }
fail() { printf 'bootstrap: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "must run as root (it installs packages and builds a root with debootstrap)"

mkdir -p "$CACHE"
chmod 0755 "$CACHE"
# One builder at a time; a second one waits here and then finds the work done.
exec 9>"$CACHE/lock"
flock -w 900 9 || fail "another bootstrap has held $CACHE/lock for 15 minutes"

export DEBIAN_FRONTEND=noninteractive

# --- no service may start because its package was installed ---------------------------------
POLICY=/usr/sbin/policy-rc.d
MADE_POLICY=no
if [ ! -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 0755 "$POLICY"
    MADE_POLICY=yes
fi
BUILDING=""
tidy() {
    [ "$MADE_POLICY" = no ] || rm -f "$POLICY"
    [ -z "$BUILDING" ] || rm -rf --one-file-system "$BUILDING"
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- the tools ------------------------------------------------------------------------------
missing() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf ' %s' "$package"
    done
}
UPDATED=no
install() {
    if [ "$UPDATED" = no ]; then
        # A foreign source that does not answer must not stop us: the install below decides.
        apt-get -qq -o DPkg::Lock::Timeout=600 update || say "apt-get update was not clean, going on"
        UPDATED=yes
    fi
    # Unsafe I/O: these are caches that can be made again, and fsync is most of the time.
    apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-unsafe-io \
        install --no-install-recommends "$@" >>"$CACHE/apt.log" 2>&1 || {
        tail -n 20 "$CACHE/apt.log" >&2
        fail "apt-get could not install $* (log: $CACHE/apt.log)"
    }
}
# debootstrap first, alone: while it builds the root, apt installs everything else.
[ -z "$(missing debootstrap)" ] || { say "installing: debootstrap"; install debootstrap; }

# --- the Asterisk root ----------------------------------------------------------------------
# Its own process, so that it can run beside apt; prints its result itself.
build_root() {
    # The mirror is the one this machine already takes its own release from.
    codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk -v release="$codename" '$2 == release { print $1; exit }')
    [ -n "$mirror" ] || fail "no apt source for $codename found on this machine"
    mkdir -p "$BUILDING/etc/dpkg/dpkg.cfg.d" "$BUILDING/lab"
    printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/doc/*' \
        'path-exclude=/usr/share/locale/*' >"$BUILDING/etc/dpkg/dpkg.cfg.d/lab"
    # forky is younger than this debootstrap: name the script for it (all suites share sid's).
    debootstrap --variant=minbase --include=asterisk,asterisk-core-sounds-en-gsm \
        "$SUITE" "$BUILDING" "$mirror" /usr/share/debootstrap/scripts/sid >"$CACHE/debootstrap.log" 2>&1 || {
        tail -n 20 "$CACHE/debootstrap.log" >&2
        fail "debootstrap failed (log: $CACHE/debootstrap.log)"
    }
    rm -f "$BUILDING"/var/cache/apt/archives/*.deb
    # Nothing of this machine's names; the lab mounts its own hosts file over this one.
    : >"$BUILDING/etc/hosts"
    : >"$BUILDING/etc/resolv.conf"
    version=$(chroot "$BUILDING" asterisk -V)
    mv -T "$BUILDING" "$ROOT"
    say "built: $version in $ROOT"
}

BUILDER=""
if [ -x "$ROOT/usr/sbin/asterisk" ]; then
    say "Asterisk root is cached: $ROOT"
else
    # Leftovers of a builder that died; we hold the lock, so nobody is using them.
    rm -rf --one-file-system "$CACHE"/building.*
    BUILDING=$(mktemp -d "$CACHE/building.XXXXXX")
    chmod 0755 "$BUILDING"
    say "building the Asterisk root ($SUITE), a minute or two"
    [ "$UPDATED" = yes ] || apt-get -qq -o DPkg::Lock::Timeout=600 update || say "apt-get update was not clean, going on"
    UPDATED=yes
    build_root &
    BUILDER=$!
fi

# shellcheck disable=SC2086  # a list of words on purpose
LACKING=$(missing $TOOLS "$@")
if [ -n "$LACKING" ]; then
    say "installing:$LACKING"
    # shellcheck disable=SC2086
    install $LACKING
fi
say "tools are installed"
[ -z "$BUILDER" ] || wait "$BUILDER" || fail "the Asterisk root could not be built"
BUILDING=""
