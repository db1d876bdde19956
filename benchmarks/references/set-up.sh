#!/bin/sh
# Installs what the benchmarks compare with. mesa-frames asks for NumPy 1, so it gets an environment
# of its own inside .venv; where it cannot be installed the table says so.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
venv="$root/.venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    -c "$root/constraints.txt" -e "$root[bench]"
frames="$venv/mesa-frames"
[ ! -f "$frames/ready" ] || exit 0
if "$venv/bin/python" -m venv --clear "$frames" &&
    "$frames/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        -r "$root/benchmarks/references/mesa-frames-requirements.txt"; then
    touch "$frames/ready"
else
    echo 'mesa-frames could not be installed; it is left out' >&2
fi
