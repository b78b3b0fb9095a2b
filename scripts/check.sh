#!/bin/sh
# The static checks, all of them, even when an early one fails.
cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
failed=
step() {
    name=$1
    shift
    if "$@"; then echo "ok    $name"; else echo "FAIL  $name"; failed=1; fi
}
generated() {
    out=$(mktemp -d)
    $bin/python -m grpc_tools.protoc -I proto --python_out="$out" --pyi_out="$out" proto/gateway/v1/*.proto &&
        diff "$out/gateway/v1" libs/common/mcpgateway/common/gen/gateway/v1 -x __init__.py -x __pycache__
    status=$?
    rm -rf "$out"
    return $status
}
step format $bin/ruff format -q --check .
step lint $bin/ruff check -q .
step types $bin/mypy
step imports $bin/lint-imports --cache-dir .import_linter_cache
step generated generated
step locks scripts/lock.sh check
[ -z "$failed" ]
