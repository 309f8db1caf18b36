#!/bin/sh
# peers.sh PACKAGE...   prints the Python of an environment that has these packages: the one in PEERS_VENV, or
# build/peers, into which pip (its own variables say from where) installs what is missing.
set -eu
cd "$(dirname "$0")/.."
venv=${PEERS_VENV:-build/peers}
python=$venv/bin/python
if [ -z "${PEERS_VENV:-}" ]; then
    if [ ! -x "$python" ]; then
        tools/setup.sh bench >&2
        python3 -m venv "$venv" >&2
    fi
    for package; do
        "$python" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$package') is None)" || {
            echo "Installing $package into $venv" >&2
            "$python" -m pip install --quiet --no-cache-dir "$package" >&2
        }
    done
fi
echo "$python"
