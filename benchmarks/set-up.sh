#!/bin/sh
# Brings and installs what the benchmarks compare with. The small models in other tools are finished:
# no checkout carries them, they come from the last commit that had them. mesa-frames asks for NumPy 1,
# so it gets an environment of its own inside .venv. What cannot be had the table says.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv="$root/.venv"
models=benchmarks/references
if [ ! -f "$root/$models/plain_mesa.py" ]; then
    gone=$(git -C "$root" log -1 --format=%H --diff-filter=D -- "$models/plain_mesa.py") || gone=
    if [ -n "$gone" ]; then
        git -C "$root" archive "$gone^" "$models" | tar -x -C "$root"
    else
        echo 'the small models need the whole history (git fetch --unshallow); they are left out' >&2
    fi
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    -c "$root/constraints.txt" -e "$root[bench]"
frames="$venv/mesa-frames"
[ ! -f "$frames/ready" ] && [ -f "$root/$models/plain_mesa.py" ] || exit 0
if "$venv/bin/python" -m venv --clear "$frames" &&
    "$frames/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        -r "$root/benchmarks/references/mesa-frames-requirements.txt"; then
    touch "$frames/ready"
else
    echo 'mesa-frames could not be installed; it is left out' >&2
fi
