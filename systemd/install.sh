#!/bin/sh
# Installs, upgrades, rolls back and removes ib-supervisor on a machine with systemd. `make install` runs it.
#
#   install     builds a release and makes it the current one; keeps settings and history
#   rollback    makes the previous release the current one
#   uninstall   removes everything except settings and history
#
# Rules
# - A release is a directory with a virtual environment, units and documents. It is complete before the switch, and the
#   switch is one rename. The release before stays for a rollback.
# - All packages are checked against the hashes in deploy/docker/*.lock (deploy/docker/build.sh).
# - A running supervisor is restarted. If the new release does not become ready, the old one is put back.
# - One at a time: a second one would delete the unfinished release of the first.
# - Python is run with -I, and from the source: root must not import what lies in the folder where make was called.
# - With DESTDIR, nothing outside of it is written, and systemd is not asked to do anything.
#
# From the environment: DESTDIR; PREFIX, SYSCONFDIR, BINDIR, DATADIR, UNITDIR; PYTHON; IBAPI, the folder of IBKR's own ibapi
# (IBJts/source/pythonclient) to use instead of PyPI's, or `none` to leave it out; SYSTEMD_VERSION, to install for
# another version than this machine's.
set -eu
umask 022

# What is given relative to the folder where make was called; a name without a slash, like python3, is looked up.
absolute() {
    case $1 in
    /* | "" | none) printf '%s' "$1" ;;
    *) printf '%s/%s' "$PWD" "$1" ;;
    esac
}

DESTDIR=$(absolute "${DESTDIR:-}")
IBAPI=$(absolute "${IBAPI:-}")
PREFIX=${PREFIX:-/opt/ib-supervisor}
SYSCONFDIR=${SYSCONFDIR:-/etc}
BINDIR=${BINDIR:-/usr/local/bin}
DATADIR=${DATADIR:-${BINDIR%/*}/share}
SHARED="man/man1/ib-supervisor.1 bash-completion/completions/ib-supervisor"
UNITDIR=${UNITDIR:-/usr/local/lib/systemd/system}
PYTHON=${PYTHON:-python3}
SOURCE=$(cd "$(dirname "$0")/.." && pwd)
HOME_OF_ALL=$DESTDIR$PREFIX
LOCK=$HOME_OF_ALL/.lock

main() {
    case $PYTHON in
    */*) PYTHON=$(absolute "$PYTHON") ;;
    esac
    case ${1:-} in
    install) alone; install_release ;;
    rollback) alone; roll_back ;;
    uninstall) alone; uninstall ;;
    *) fail "usage: $0 install|rollback|uninstall" ;;
    esac
}

say() { printf '%s\n' "$*"; }
fail() { say "$*" >&2 && exit 1; }

# Nobody else installs, rolls back or removes until this has ended. The kernel gives the lock back, whatever happens.
alone() {
    mkdir -p "$HOME_OF_ALL/releases" 2>/dev/null || fail "cannot write $HOME_OF_ALL: try sudo make install"
    exec 9>"$LOCK"
    flock -n 9 || fail "another install, rollback or uninstall of $HOME_OF_ALL is under way"
    cd "$SOURCE"
}

# -- install ----------------------------------------------------------------------------------------------------------

install_release() {
    "$PYTHON" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "ib-supervisor needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"
    "$PYTHON" -I -c 'import venv, ensurepip' 2>/dev/null || fail "Python's venv is missing: apt install python3-venv"
    case $("$PYTHON" -I -c 'import sys; print(sys.base_prefix)') in
    /home/* | /root/* | /run/user/*)
        [ -n "$DESTDIR" ] || fail "the service sees nobody's home, where $PYTHON is from: set PYTHON=/usr/bin/python3"
        ;;
    esac
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$SOURCE/pyproject.toml")
    name=$version-$(date -u +%Y%m%dT%H%M%SZ)
    while [ -e "$HOME_OF_ALL/releases/$name" ]; do name=$name+; done
    release=$HOME_OF_ALL/releases/$name
    trap 'rm -rf "$release.new"' EXIT
    trap 'exit 1' INT TERM HUP

    say "building $name ..."
    build_release "$release.new"
    move_out_of_destdir "$release.new" "$PREFIX/releases/$name"
    mv "$release.new" "$release"

    install_config
    activate "$name"
    say "installed $name in $PREFIX"
    first_steps
}

build_release() {
    PYTHON=$PYTHON IBAPI=$IBAPI sh "$SOURCE/deploy/docker/build.sh" "$SOURCE" "$1"
    share=$1/share/ib-supervisor
    mkdir -p "$share/systemd" "$1/share/doc/ib-supervisor"
    cp "$SOURCE"/*.md "$SOURCE/LICENSE" "$SOURCE/config/supervisor.yaml" "$1/share/doc/ib-supervisor"
    cp -R "$SOURCE/docs" "$1/share/doc/ib-supervisor/docs"
    cp -R "$SOURCE/systemd/examples" "$share/examples"
    for unit in ib-supervisor.service ib-supervisor@.service; do
        sed -e "s|/opt/ib-supervisor/|$PREFIX/|g" "$SOURCE/systemd/$unit" >"$share/systemd/$unit"
    done
    cp "$SOURCE/systemd/50-systemd-254.conf" "$share/systemd"
}

# A virtual environment contains its own path. Make it the final one.
move_out_of_destdir() {
    grep -rIlF "$1" "$1/bin" "$1/pyvenv.cfg" | while read -r file; do
        sed -i -e "s|$1|$2|g" "$file"
    done
    # Compile now, because the daemon cannot write there. A failure is ignored: IBKR's protobuf code may need a newer Python.
    "$1/bin/python" -I -m compileall -q -s "$1" -p "$2" "$1"/lib/python3*/site-packages || true
}

install_config() {
    config=$DESTDIR$SYSCONFDIR/ib-supervisor/supervisor.yaml
    if [ ! -e "$config" ]; then
        mkdir -p "$(dirname "$config")"
        sed -e "s|/opt/ib-supervisor/|$PREFIX/|g" "$SOURCE/systemd/supervisor.yaml" >"$config"
    fi
}

first_steps() {
    if uses_systemd && ! systemctl --quiet is-enabled ib-supervisor.service 2>/dev/null; then
        say "next: edit $SYSCONFDIR/ib-supervisor/supervisor.yaml, then systemctl enable --now ib-supervisor"
    fi
}

# -- switching --------------------------------------------------------------------------------------------------------

# Makes a release the current one and restarts what runs. If that does not become ready, the release before comes back.
activate() {
    before=$(readlink "$HOME_OF_ALL/current" || true)
    units=$(running_units)
    switch_to "$1"
    restart_all "$units" || {
        [ -n "$before" ] || fail "$1 does not become ready: journalctl -u ib-supervisor"
        say "$1 does not become ready; the last words:" >&2
        journalctl --no-pager --quiet -n 15 -u ib-supervisor.service -u 'ib-supervisor@*.service' >&2 || true
        before=${before#releases/}
        switch_to "$before"
        remove_old_releases
        restart_all "$units" || fail "neither does $before, which is the current one again"
        fail "$before is the current one again, and runs"
    }
    if [ -n "$before" ] && [ "$before" != "releases/$1" ]; then
        point previous "$before"
    fi
    remove_old_releases
}

switch_to() {
    share=$HOME_OF_ALL/releases/$1/share/ib-supervisor
    mkdir -p "$DESTDIR$UNITDIR" "$DESTDIR$BINDIR"
    for unit in ib-supervisor.service ib-supervisor@.service; do
        cp "$share/systemd/$unit" "$DESTDIR$UNITDIR/$unit"
        rm -f "$DESTDIR$UNITDIR/$unit.d/50-systemd-254.conf"
        if [ "$(systemd_version)" -ge 254 ]; then
            mkdir -p "$DESTDIR$UNITDIR/$unit.d"
            cp "$share/systemd/50-systemd-254.conf" "$DESTDIR$UNITDIR/$unit.d/"
        fi
    done
    point current "releases/$1"
    ln -sfn "$PREFIX/current/bin/ib-supervisor" "$DESTDIR$BINDIR/ib-supervisor"
    for file in $SHARED; do
        mkdir -p "$DESTDIR$DATADIR/${file%/*}"
        ln -sfn "$PREFIX/current/share/$file" "$DESTDIR$DATADIR/$file"
    done
    ! uses_systemd || systemctl daemon-reload
}

# The link is never missing: the new one is made beside the old one and renamed over it.
point() {
    ln -sfn "$2" "$HOME_OF_ALL/$1.new"
    mv -T "$HOME_OF_ALL/$1.new" "$HOME_OF_ALL/$1"
}

remove_old_releases() {
    for path in "$HOME_OF_ALL"/releases/*; do
        case releases/${path##*/} in
        "$(readlink "$HOME_OF_ALL/current")" | "$(readlink "$HOME_OF_ALL/previous" || true)") ;;
        *) rm -rf "$path" ;;
        esac
    done
}

roll_back() {
    wanted=$(readlink "$HOME_OF_ALL/previous") || fail "there is no previous release"
    wanted=${wanted#releases/}
    activate "$wanted"
    say "$wanted is the current one again"
}

# -- uninstall --------------------------------------------------------------------------------------------------------

uninstall() {
    if uses_systemd; then
        systemctl --quiet stop ib-supervisor.service 'ib-supervisor@*.service' || true
        systemctl --quiet disable ib-supervisor.service ib-supervisor@.service 2>/dev/null || true
    fi
    for unit in ib-supervisor.service ib-supervisor@.service; do
        rm -f "$DESTDIR$UNITDIR/$unit" "$DESTDIR$UNITDIR/$unit.d/50-systemd-254.conf"
        rmdir "$DESTDIR$UNITDIR/$unit.d" 2>/dev/null || true
    done
    for file in $SHARED; do rm -f "$DESTDIR$DATADIR/$file"; done
    rm -f "$DESTDIR$BINDIR/ib-supervisor" "$HOME_OF_ALL/current" "$HOME_OF_ALL/previous"
    rm -rf "$HOME_OF_ALL/releases" "$LOCK"
    rmdir "$HOME_OF_ALL" 2>/dev/null || true
    ! uses_systemd || systemctl daemon-reload
    say "removed; left alone: $SYSCONFDIR/ib-supervisor (settings), /var/lib/private/ib-supervisor* (history)"
}

# -- systemd ----------------------------------------------------------------------------------------------------------

uses_systemd() { [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; }

systemd_version() {
    found=${SYSTEMD_VERSION:-$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')}
    say "${found:-0}"
}

running_units() {
    ! uses_systemd || systemctl list-units --plain --no-legend --state=active,reloading,activating \
        ib-supervisor.service 'ib-supervisor@*.service' | cut -d ' ' -f 1
}

# shellcheck disable=SC2086 # names of units have no blanks
restart_all() {
    [ -z "$1" ] || systemctl restart $1
}

main "$@"
