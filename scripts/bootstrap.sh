#!/bin/sh
# Makes .venv and installs into it from a hash-pinned lock. Usage: bootstrap.sh run|dev
# Needs: Python >= 3.11 with pip or ensurepip. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."
want=$1
stamp=.venv/.$want-installed
lock=deploy/locks/all.lock
[ "$want" = dev ] && lock=requirements.lock

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
fi
[ -n "$python" ] || { echo "Python 3.11 or newer is needed (set PYTHON=...)" >&2; exit 1; }

if [ -f "$stamp" ] && [ "$stamp" -nt "$lock" ] && [ "$stamp" -nt pyproject.toml ]; then
    exit 0
fi
[ "$want" = run ] && [ -f .venv/.dev-installed ] && [ .venv/.dev-installed -nt requirements.lock ] &&
    [ .venv/.dev-installed -nt pyproject.toml ] && exit 0

echo "setup: installing into .venv ($want)" >&2
[ -x .venv/bin/python ] || "$python" -m venv --without-pip .venv

# uv itself, pinned by hash, by whatever installer this Python has.
if [ ! -x .venv/bin/uv ]; then
    if "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip --python .venv/bin/python install -q --disable-pip-version-check \
            --require-hashes -r deploy/locks/uv.lock
    elif "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        .venv/bin/python -m ensurepip -q
        .venv/bin/python -m pip install -q --disable-pip-version-check \
            --require-hashes -r deploy/locks/uv.lock
    else
        echo "$python has neither pip nor ensurepip. One line mends it:" >&2
        echo "  apt-get install python3-pip   # Debian, Ubuntu" >&2
        echo "  dnf install python3-pip       # Fedora, RHEL" >&2
        exit 1
    fi
fi

# uv does not read pip's configuration: pass a mirror on when pip has one.
index=${PIP_INDEX_URL:-}
if [ -z "$index" ] && "$python" -m pip --version >/dev/null 2>&1; then
    index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
fi
set -- --python .venv/bin/python -q
[ -z "$index" ] || set -- "$@" --default-index "$index"
.venv/bin/uv pip install "$@" --require-hashes -r "$lock"
.venv/bin/uv pip install "$@" --no-deps --no-build-isolation -e .
touch "$stamp"
