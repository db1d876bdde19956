#!/bin/sh
# Tries the model under Mesa's tools with other versions than those of ./test, which runs on the
# oldest Mesa that is supported: on the newest Python of this machine for which all can be had, with
# the newest Mesa that installs there. Half a minute; a version that cannot be had is told in one
# line, and is no failure.
set -eu
root=$(cd "$(dirname -- "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 143' HUP INT TERM
cd "$root"
new=$place/env/bin/python
# uv, which ./test gets where it can, installs in a third of pip's time.
uv=$(command -v uv || command -v .venv/bin/uv || true)

# Makes an environment of a Python and installs into it.
install() {
    python=$1
    shift
    if [ -n "$uv" ] && UV_SYSTEM_CERTS=1 "$uv" venv -q --no-config -p "$python" "$place/env" &&
        UV_SYSTEM_CERTS=1 "$uv" pip install -q --no-config -p "$new" "$@"; then
        return 0
    fi
    rm -rf "$place/env"
    "$python" -m venv "$place/env" &&
        "$new" -m pip install -qq --no-compile --disable-pip-version-check "$@"
}

oldest=$(sed -n 's/.*"mesa>=\([0-9.]*\),.*/\1/p' pyproject.toml)
used=$(.venv/bin/python -c 'import mesa; print(mesa.__version__)')
if [ "$used" != "$oldest" ]; then
    printf 'Mesa %s is what ./test runs, and not the oldest that is supported, %s\n' "$used" "$oldest"
    exit 1
fi
printf 'the oldest supported: Mesa %s, on which ./test ran\n' "$oldest"

told='no Python 3.12 to 3.14 here: the newest Mesa, which needs one, was not tried'
for version in 3.14 3.13 3.12; do
    for name in "python$version" "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/$version".*/bin/python; do
        # A name that answers may be a launcher of a version that is not there.
        "$name" -c 'import venv' 2>/dev/null || continue
        if install "$name" "$root" pytest hypothesis; then
            "$new" -c 'import sys, mesa
print("the newest here: Python", sys.version.split()[0], "with Mesa", mesa.__version__)'
            "$new" -m pytest -q -p no:cacheprovider tests/test_mesa_tools.py
            exit
        fi
        printf 'what the model needs cannot be had for %s\n' "$name"
        told='the newest Mesa was not tried'
        break
    done
done
printf '%s\n' "$told"
