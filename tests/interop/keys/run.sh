#!/usr/bin/env bash
# Other libraries check the frozen vectors of words, keys, key files and signed texts. Makes a virtual environment below
# target/ and fetches the packages into it. Exit code 0 means that all of it agrees, 3 that Python or a package is
# missing; the last line says how much, or what.
set -euo pipefail
cd "$(dirname "$0")/../../.."

here=tests/interop/keys
venv=${CARGO_TARGET_DIR:-target}/interop-keys

missing() {
    echo "interop/keys: $*" >&2
    exit 3
}

command -v python3 >/dev/null || missing "there is no python3; install Python 3.9 or newer"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' ||
    missing "$(python3 --version) is too old: Python 3.9 or newer is needed"

# the copy is written last, so an environment that was left half done is made again
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv" || missing "python3 cannot make a virtual environment; on Debian, install python3-venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
        missing "pip cannot fetch the packages of $here/requirements.txt: is the registry reachable?"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
"$venv/bin/python" "$here/check.py" docs/vectors/keys.json
