#!/bin/sh
# build.sh PRESET [CMAKE OPTION...]   configures and builds build/PRESET. Shows how far it is: one line that changes
# on a terminal, otherwise a line every ten seconds. The whole output only when it fails.
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
log=build/$preset.log
mkdir -p build

if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
cmake --build --preset "$preset" >"$log" 2>&1 &
builder=$!
trap 'kill $builder 2>/dev/null; exit 130' INT TERM HUP

progress() { # the last "[12/345]" of the log
    sed -n 's/^\[\([0-9]*\/[0-9]*\)\].*/\1/p' "$log" | tail -n 1
}
seconds=0
while kill -0 "$builder" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    if [ -t 1 ]; then
        printf '\rBuilding %s: %s ' "$preset" "$(progress)"
    elif [ $((seconds % 10)) = 0 ]; then
        echo "Building $preset: $(progress)"
    fi
done
if ! wait "$builder"; then
    echo
    cat "$log" >&2
    exit 1
fi
if [ -t 1 ]; then
    printf '\rBuilding %s: done          \n' "$preset"
else
    echo "Building $preset: done"
fi
