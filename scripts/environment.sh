# Sourced by ./scripts/demo and ./scripts/test: makes and fills .venv in the checkout.
# Run from the checkout's root. Functions:
#   make_environment         .venv with a Python that is new enough, $python set to it
#   install NAME WHAT...     installs WHAT unless the stamp NAME says it is done

say() {
    printf '%s\n' "$*" >&2
}

is_new_enough() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python python3.13 python3.12 python3.11 python3.14; do
        if is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    say "No Python 3.11 or newer was found (looked for python3, python and python3.11 to 3.14)."
    say "Install one from https://www.python.org, or name it: PYTHON=/path/to/python3 $0"
    exit 7
}

make_environment() {
    python=.venv/bin/python
    if is_new_enough "$python" && "$python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    base=$(find_python)
    say "Making .venv with $("$base" --version) ..."
    if ! "$base" -m venv --clear .venv >&2; then
        say "$base cannot make virtual environments."
        say "On Debian and Ubuntu: apt install python3-venv; elsewhere take another Python with PYTHON=..."
        exit 7
    fi
}

# What an installation depends on: the requirements, and the sources of the plugin's jar.
fingerprint() {
    {
        "$python" --version
        cat pyproject.toml scripts/build_plugin.py
        find fiji-plugin -type f ! -path '*/target/*' | LC_ALL=C sort | while read -r file; do
            printf '%s\n' "$file"
            cat "$file"
        done
    } | cksum
}

install() {
    name=$1
    shift
    stamp=.venv/installed-$name
    now=$(fingerprint)
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then
        return
    fi
    say "Installing $* into .venv; the first time this takes a few minutes ..."
    install_with_uv "$@" || {
        say "uv could not install it, pip tries ..."
        "$python" -m pip install "$@" >&2
    }
    fingerprint >"$stamp"
}

# uv resolves and unpacks in parallel. It does not read pip's own settings, so they are handed on, and
# unlike pip it compiles nothing by itself: where Python must not write .pyc files, each process would
# compile all that it imports (a first run took 3.3 s, and 1.2 s with them).
install_with_uv() {
    "$python" -m uv --version >/dev/null 2>&1 ||
        "$python" -m pip install --quiet --disable-pip-version-check uv >&2 || return 1
    (
        [ -z "${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}"
        [ -z "${PIP_FIND_LINKS:-}" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$PIP_FIND_LINKS}"
        [ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$PIP_CERT}"
        "$python" -m uv pip install --python "$python" --compile-bytecode "$@" >&2
    )
}
