#!/bin/sh
# Tries the model under Mesa's tools with other versions than those of ./test: the newest Mesa that
# installs beside them, and with --python the newest Python of this machine with all it needs (a
# minute or more). A version that cannot be had is told in one line, and is no failure.
set -eu
root=$(cd "$(dirname -- "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$root"

tried() {
    "$1" -c 'import sys, mesa
print("==> Python", sys.version.split()[0], "with Mesa", mesa.__version__)'
    "$1" -m pytest -q -n 0 -p no:cacheprovider tests/test_mesa_tools.py
}

newest=''
for name in python3.14 python3.13 python3.12 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.14*/bin/python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python; do
    # A name that answers may be a launcher of a version that is not there.
    if "$name" -c 'import venv' 2>/dev/null; then
        newest=$name
        break
    fi
done

oldest=$(sed -n 's/.*"mesa>=\([0-9.]*\),.*/\1/p' pyproject.toml)
used=$(.venv/bin/python -c 'import mesa; print(mesa.__version__)')
if [ "$used" != "$oldest" ]; then
    printf 'Mesa %s is what ./test runs, and not the oldest that is supported, %s\n' "$used" "$oldest"
    exit 1
fi
printf '==> the oldest supported: Mesa %s, on which ./test ran\n' "$oldest"

if [ -z "$newest" ]; then
    printf 'no Python newer than 3.11 here: the newest Mesa, which needs one, was not tried\n'
elif [ "${1:-}" != --python ]; then
    printf 'newer versions (%s, the newest Mesa): scripts/other_versions.sh --python\n' "$newest"
else
    "$newest" -m venv "$place/env"
    if "$place/env/bin/python" -m pip install -qq --disable-pip-version-check \
        "$root" pytest pytest-xdist hypothesis; then
        tried "$place/env/bin/python"
    else
        printf 'what the model needs does not install on %s: it was not tried\n' "$newest"
    fi
fi
