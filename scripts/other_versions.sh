#!/bin/sh
# Tries the model under Mesa's tools with the newest Python that this machine has, and the newest
# Mesa that installs there. Says so when there is no newer Python than the one ./test uses.
set -eu
root=$(cd "$(dirname -- "$0")/.." && pwd)
newest=''
for name in python3.14 python3.13 python3.12; do
    # A name that answers may be a launcher of a version that is not there.
    if "$name" -c 'import venv' 2>/dev/null; then
        newest=$name
        break
    fi
done
if [ -z "$newest" ]; then
    printf 'no Python newer than 3.11 here: only the versions of ./test were tried\n'
    exit 0
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$newest" -m venv "$place/env"
"$place/env/bin/python" -m pip install --quiet --disable-pip-version-check "$root" pytest hypothesis
"$place/env/bin/python" -c 'import sys, mesa
print("Python", sys.version.split()[0], "with Mesa", mesa.__version__)'
cd "$root"
"$place/env/bin/python" -m pytest -q -p no:cacheprovider tests/test_mesa_tools.py
