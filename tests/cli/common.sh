# Sourced by the tests of the command. CAIRN is the command, MAKE_IDX makes a data set, CHECK_JSON reads JSON,
# CAIRN_TEST_DATA is tests/data.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1
unset CAIRN_DATA CAIRN_THREADS NO_COLOR
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME
failures=0
cases=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# works ARGUMENT...: the command succeeds; what it prints is in `out` and `err`.
works() {
    cases=$((cases + 1))
    "$CAIRN" "$@" >out 2>err
    code=$?
    [ $code = 0 ] || fail "cairn $*: ended with $code: $(head -c 600 err)"
}

# fails CODE PATTERN ARGUMENT...: a clean error: the code, nothing on stdout, one short line on stderr that matches the
# pattern and holds no control bytes.
fails() {
    wanted=$1
    pattern=$2
    shift 2
    cases=$((cases + 1))
    "$CAIRN" "$@" >out 2>err
    code=$?
    shown=$(printf '%s ' "$@" | cut -c 1-200)
    [ $code = "$wanted" ] || fail "cairn $shown: ended with $code instead of $wanted: $(head -c 600 err)"
    [ ! -s out ] || fail "cairn $shown: printed $(head -c 200 out)"
    [ "$(wc -l <err)" = 1 ] || fail "cairn $shown: expected one line of error, found $(head -c 600 err)"
    [ "$(wc -c <err)" -le 500 ] || fail "cairn $shown: error of $(wc -c <err) bytes"
    [ "$(tr -d '\001-\011\013-\037\177' <err | wc -c)" = "$(wc -c <err)" ] || fail "cairn $shown: control bytes"
    grep -q '^cairn: error: ' err || fail "cairn $shown: no 'cairn: error:' in $(cat err)"
    grep -qe "$pattern" err || fail "cairn $shown: expected '$pattern' in $(cat err)"
}

# has PATTERN...: the last output has a line for each.
has() {
    for pattern in "$@"; do
        grep -qe "$pattern" out || fail "expected '$pattern' in the output: $(head -c 600 out)"
    done
}

# json KEY...: the last output is JSON with these keys.
json() {
    "$CHECK_JSON" "$@" <out || fail "wrong JSON: $(head -c 300 out)"
}

# narrow FILE: fits into a terminal of 80 columns.
narrow() {
    [ "$(LC_ALL=C.UTF-8 wc -L <"$1")" -le 80 ] || fail "wider than 80 columns: $(head -c 4000 "$1")"
}

finish() {
    echo "$cases cases, $failures failures"
    [ "$failures" = 0 ] && [ "$cases" != 0 ]
    exit
}
