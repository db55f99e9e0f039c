#!/bin/sh
# Builds a virtual environment with ib-supervisor, and nothing else, in it: for the image, and for `make install`.
#
#   build.sh SOURCE TARGET
#
# - Everything from a package index is checked against the hashes of build.lock and requirements.lock.
# - No pip in the result: what is installed changes by a new build only.
# - SOURCE is only read.
#
# From the environment: PYTHON; IBAPI, the folder of IBKR's own ibapi (IBJts/source/pythonclient) to use instead of
# PyPI's, together with the protobuf it wants.
set -eu

PYTHON=${PYTHON:-python3}
SOURCE=$1
TARGET=$2
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' INT TERM HUP

pip() { "$WORK/build/bin/python" -I -m pip --disable-pip-version-check --no-cache-dir --quiet "$@"; }
wheel() { pip wheel --no-build-isolation --wheel-dir "$WORK/wheels" "$@"; }

"$PYTHON" -I -m venv "$WORK/build"
pip install --require-hashes -r "$SOURCE/deploy/docker/build.lock"
wheel --require-hashes -r "$SOURCE/deploy/docker/requirements.lock"
mkdir "$WORK/source"
cp -R "$SOURCE/pyproject.toml" "$SOURCE/README.md" "$SOURCE/LICENSE" "$SOURCE/supervisor" "$WORK/source"
wheel --no-deps --no-index "$WORK/source"
if [ -n "${IBAPI:-}" ]; then
    rm "$WORK"/wheels/ibapi-*.whl
    cp -R "$IBAPI" "$WORK/ibapi"
    wheel --no-deps "$WORK/ibapi"
    wheel protobuf==5.29.5
fi

"$PYTHON" -I -m venv --without-pip "$TARGET"
# The wheels were just checked or built; no index is asked again.
pip --python "$TARGET/bin/python" install --no-index --no-deps --no-compile "$WORK"/wheels/*.whl
