#!/bin/sh
# Builds a virtual environment with ib-supervisor, and nothing else, in it: for the image, and for `make install`.
#
#   build.sh SOURCE TARGET                  all of it
#   build.sh SOURCE TARGET dependencies     what others wrote: changes with the lock files alone, and so is a layer of its own
#   build.sh SOURCE TARGET own ROOT         what is ours, for the environment at TARGET, written below ROOT
#
# - Everything from a package index is checked against the hashes of build.lock and requirements.lock.
# - No pip in the result: what is installed changes by a new build only.
# - SOURCE is only read.
#
# From the environment: PYTHON; IBAPI, the folder of IBKR's own ibapi (IBJts/source/pythonclient) to use instead of
# PyPI's, together with the protobuf it wants, or `none` to leave it out; BUILDER, where the tools of the build are kept for a second call.
set -eu

PYTHON=${PYTHON:-python3}
SOURCE=$1
TARGET=$2
PART=${3:-all}
WORK=$(mktemp -d)
BUILDER=${BUILDER:-$WORK/build}
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP

pip() { "$BUILDER/bin/python" -I -m pip --disable-pip-version-check --no-cache-dir --quiet "$@"; }
wheel() { pip wheel --no-build-isolation --wheel-dir "$WORK/wheels" "$@"; }
# The wheels were just checked or built; no index is asked again.
install() { pip --python "$TARGET/bin/python" install --no-index --no-deps --no-compile "$@" "$WORK"/wheels/*.whl; }

if [ ! -d "$BUILDER" ]; then
    "$PYTHON" -I -m venv "$BUILDER"
    pip install --require-hashes -r "$SOURCE/deploy/docker/build.lock"
fi

if [ "$PART" != own ]; then
    wheel --require-hashes -r "$SOURCE/deploy/docker/requirements.lock"
    [ -z "${IBAPI:-}" ] || rm "$WORK"/wheels/ibapi-*.whl
    if [ -n "${IBAPI:-}" ] && [ "$IBAPI" != none ]; then
        cp -R "$IBAPI" "$WORK/ibapi"
        wheel --no-deps "$WORK/ibapi"
        wheel protobuf==5.29.5
    fi
    "$PYTHON" -I -m venv --without-pip "$TARGET"
    install
    rm -r "$WORK/wheels"
fi

if [ "$PART" != dependencies ]; then
    mkdir -p "$WORK/source/docs"
    for name in pyproject.toml README.md LICENSE supervisor config deploy systemd docs/man; do
        cp -R "$SOURCE/$name" "$WORK/source/$name"
    done
    wheel --no-deps --no-index "$WORK/source"
    install ${4:+--root "$4"}
fi
