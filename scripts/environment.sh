# Sets up the project's own Python environment in .venv; read by ./run and ./test.
#
#   prepare run    the package, what it needs, and the page in the browser
#   prepare test   the same, with the optional parts and the tools of ./test
#
# A stamp is written when all is installed, so an interrupted set-up is never taken for a finished
# one. It is made anew when pyproject.toml, constraints.txt, the Python version or the folder change.
# The package index is whatever pip is configured to use. PYTHON=... chooses the interpreter.
# uv installs in a third of pip's time: it does where it can be had and no other index is configured.

root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv="$root/.venv"
bin="$venv/bin"

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "refocus: $*"
    exit 1
}

# Prints the interpreter to build from: Python 3.11 or newer, and never an environment's own copy.
find_python() {
    seen=''
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14 python; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        version=$("$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            "$candidate" -c 'import sys; print(getattr(sys, "_base_executable", None) or sys.executable)'
            return 0
        fi
        seen="$seen $candidate is $version;"
        [ "$candidate" != "${PYTHON:-}" ] || break
    done
    stop "needs Python 3.11 or newer;${seen:- found none;} install one, or name it: PYTHON=python3.12 $0"
}

# Runs a set-up step; shows what it wrote only when it fails.
quietly() {
    if ! "$@" >"$venv/set-up.log" 2>&1; then
        cat "$venv/set-up.log" >&2
        return 1
    fi
}

# Python translates what is imported, when it is; an installer would all files, in half of its time.
install_by_pip() {
    translate=--no-compile
    [ -z "${PYTHONDONTWRITEBYTECODE:-}" ] || translate=--compile
    PIP_USER=0 quietly "$bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        "$translate" -c "$root/constraints.txt" -e "$1"
}

# uv does not read pip's configuration, so an index of one's own is left to pip.
install_by_uv() {
    configured=$("$bin/python" -m pip config list 2>/dev/null) || return 1
    case "$configured" in *.index-url=* | *.no-index=*) return 1 ;; esac
    uv=$(command -v uv) || {
        "$bin/python" -m pip install --quiet --disable-pip-version-check --no-input uv \
            >"$venv/set-up.log" 2>&1 || return 1
        uv=$bin/uv
    }
    translate=--no-compile-bytecode
    [ -z "${PYTHONDONTWRITEBYTECODE:-}" ] || translate=--compile-bytecode
    UV_SYSTEM_CERTS=1 "$uv" pip install --quiet --no-config --python "$bin/python" "$translate" \
        -c "$root/constraints.txt" -e "$1" >"$venv/set-up.log" 2>&1
}

fingerprint() {
    printf '%s %s\n' "$root" "$("$bin/python" -c 'import sys; print(sys.version)' 2>/dev/null)"
    cat "$root/pyproject.toml" "$root/constraints.txt"
}

ready() {
    [ -x "$bin/python" ] && [ -x "$bin/refocus" ] && [ ! -e "$venv/unfinished" ] &&
        [ -f "$venv/ready-for-$1" ] && [ "$(fingerprint)" = "$(cat "$venv/ready-for-$1")" ]
}

prepare() {
    ! ready "$1" || return 0
    python=$(find_python) || exit 1
    if [ -e "$venv/unfinished" ] && kill -0 "$(cat "$venv/unfinished")" 2>/dev/null; then
        stop "another set-up of .venv is under way; wait for it, or delete .venv if that is not so"
    fi
    say "Setting up Python packages in .venv (a minute or two, only now and after updates) ..."
    if [ -e "$venv/unfinished" ] || ! "$bin/python" -m pip --version >/dev/null 2>&1 ||
        ! "$bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        rm -rf "$venv"
        mkdir "$venv"
        echo "$$" >"$venv/unfinished"
        quietly "$python" -m venv "$venv" ||
            stop "could not make .venv; on Debian and Ubuntu install python3-venv, then try again"
    fi
    echo "$$" >"$venv/unfinished"
    rm -f "$venv"/ready-for-*
    if [ "$1" = test ]; then wanted="$root[test]"; else wanted="$root[web]"; fi
    if ! install_by_uv "$wanted"; then
        install_by_pip "$wanted" || stop "could not install the packages; see above, then try again"
    fi
    fingerprint >"$venv/ready-for-run"
    [ "$1" != test ] || cp "$venv/ready-for-run" "$venv/ready-for-test"
    rm -f "$venv/unfinished"
}
