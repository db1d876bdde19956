# Finds a Chromium to try the page in, or installs Debian's; read by .ci/run.
#
# Without one, tests/web/test_browser.py is skipped on a contributor's machine and fails in
# continuous integration. Where packages come from is whatever apt is configured to use.

have_browser() {
    for name in chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

prepare_browser() {
    if have_browser; then return 0; fi
    if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
        printf '%s\n' "refocus: no Chromium here, and it cannot be installed without apt-get and root" >&2
        return 0
    fi
    printf '%s\n' "Installing Chromium to try the page in (only when it is missing) ..." >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null || {
        printf '%s\n' "refocus: Chromium could not be installed; see above" >&2
        return 0
    }
}
