#!/bin/sh
# Builds a Debian package of ib-supervisor in dist/: `make deb`. Run it on the Debian release that it is for.
#
# - What is in it is what `make install` installs (systemd/install.sh), below /usr instead of /opt and /usr/local.
# - ibapi is not in it: whether it may be passed on is a matter of its licence (docs/licences.md). The command
#   ib-supervisor-install-ibapi, which is in it, fetches it for the machine where it runs.
# - The virtual environment in it is for one Python and one architecture. The package asks for both.
#
# From the environment: PYTHON, the Python of that Debian (/usr/bin/python3); OUT; SYSTEMD_VERSION;
# MAINTAINER, who builds it for others: Name <address>.
set -eu
umask 022

SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
PYTHON=${PYTHON:-/usr/bin/python3}
OUT=${OUT:-$SOURCE/dist}
MAINTAINER=${MAINTAINER:-The ib-supervisor authors <root@localhost>}
HOME_OF_ALL=/usr/lib/ib-supervisor
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP
ROOT=$WORK/root

python_minor=$("$PYTHON" -I -c 'import sys; print(sys.version_info.minor)')
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$SOURCE/pyproject.toml")-1+py3.$python_minor
architecture=$(dpkg --print-architecture)

mkdir "$ROOT"
DESTDIR=$ROOT PREFIX=$HOME_OF_ALL SYSCONFDIR=/etc BINDIR=/usr/bin DATADIR=/usr/share \
    UNITDIR=/usr/lib/systemd/system PYTHON=$PYTHON IBAPI=none sh "$SOURCE/systemd/install.sh" install
rm "$ROOT$HOME_OF_ALL/.lock"

# Where ib-supervisor-install-ibapi puts it: it is no file of the package, and outlives an upgrade of it.
for packages in "$ROOT$HOME_OF_ALL"/releases/*/lib/python3*/site-packages; do
    echo /usr/local/lib/ib-supervisor >"$packages/ibapi.pth"
done
install -D -m 755 "$SOURCE/deploy/debian/ib-supervisor-install-ibapi" "$ROOT/usr/sbin/ib-supervisor-install-ibapi"
mkdir -p "$ROOT/usr/share/ib-supervisor" "$ROOT/usr/share/doc/ib-supervisor"
cp "$SOURCE/deploy/docker/build.lock" "$ROOT/usr/share/ib-supervisor"
sed -n '/^ibapi==/,/[^\\]$/p' "$SOURCE/deploy/docker/requirements.lock" >"$ROOT/usr/share/ib-supervisor/ibapi.lock"
cp "$SOURCE/LICENSE" "$ROOT/usr/share/doc/ib-supervisor/copyright"
gzip -9 -n -c "$SOURCE/CHANGELOG.md" >"$ROOT/usr/share/doc/ib-supervisor/changelog.gz"
gzip -9 -n >"$ROOT/usr/share/doc/ib-supervisor/changelog.Debian.gz" <<END
ib-supervisor ($version) unstable; urgency=medium

  * Built from the source of this version. What is new in it: changelog.gz

 -- $MAINTAINER  $(date -R)
END
manual=usr/share/man/man1/ib-supervisor.1
rm "$ROOT/$manual"
gzip -9 -n -c "$SOURCE/docs/man/ib-supervisor.1" >"$ROOT/$manual.gz"
install -D -m 644 "$SOURCE/deploy/debian/lintian-overrides" "$ROOT/usr/share/lintian/overrides/ib-supervisor"

control=$ROOT/DEBIAN
mkdir "$control"
cp "$SOURCE"/deploy/debian/scripts/* "$control"
chmod 755 "$control"/*
echo /etc/ib-supervisor/supervisor.yaml >"$control/conffiles"
(cd "$ROOT" && find usr -type f -exec md5sum {} +) >"$control/md5sums"
cat >"$control/control" <<END
Package: ib-supervisor
Version: $version
Architecture: $architecture
Maintainer: $MAINTAINER
Section: net
Priority: optional
Depends: python3 (>= 3.$python_minor~), python3 (<< 3.$((python_minor + 1))), python3-venv, libc6
Recommends: ca-certificates
Installed-Size: $(du -k -s "$ROOT" | cut -f 1)
Description: keeps the connection to Interactive Brokers' TWS or IB Gateway alive
 A daemon that owns one API session to each gateway, knows in layers what works,
 says so in Prometheus metrics and on a status page, and comes back by itself.
 .
 It needs IBKR's ibapi, which is not in this package:
 run ib-supervisor-install-ibapi after the installation.
END

if find "$ROOT" -path '*/ibapi/*' -o -name 'ibapi-*' | grep -q .; then
    echo "ibapi is in the package, and must not be" >&2
    exit 1
fi
mkdir -p "$OUT"
dpkg-deb --root-owner-group --build "$ROOT" "$OUT/ib-supervisor_${version}_$architecture.deb"
