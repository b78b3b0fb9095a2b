#!/bin/sh
# Resolves the dependency groups of pyproject.toml into hash-pinned locks that name no index.
# `lock.sh check` fails when a lock no longer satisfies pyproject.toml.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv

compile() { # output, then uv arguments
    out=$1
    shift
    "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-header --no-annotate -o "$out" "$@" >/dev/null
}

main() {
    root=$1
    compile "$root/requirements.lock" pyproject.toml --group dev
    compile "$root/deploy/locks/all.lock" pyproject.toml -c "$root/requirements.lock" \
        --group build
    for group in build client data-plane control-plane admin runner; do
        compile "$root/deploy/locks/$group.lock" --group "$group" -c "$root/requirements.lock"
    done
    printf 'uv==%s\n' "$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' "$root/requirements.lock")" |
        compile "$root/deploy/locks/uv.lock" -
}

if [ "${1:-}" = check ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/deploy/locks"
    cp requirements.lock "$work/"
    cp deploy/locks/*.lock "$work/deploy/locks/"
    main "$work"
    diff -r "$work/deploy/locks" deploy/locks -x uv.lock && diff "$work/requirements.lock" requirements.lock
    if grep -nE 'https?://' requirements.lock deploy/locks/*.lock; then
        echo "a lock names a host" >&2
        exit 1
    fi
else
    main .
fi
