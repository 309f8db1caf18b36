# classify.sh PROGRAM...   the classifying examples on a network that was trained for a moment: they answer as the
# command does, also when the file says nothing about itself.
set -u
picture=$CAIRN_TEST_DATA/preprocess/gray_233x311.jpg
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
fail() {
    echo "FAIL: $*"
    exit 1
}

mkdir "$work/data"
"$MAKE_IDX" "$work/data" 200 20
"$CAIRN" train lenet5 "$work/data" --epochs 1 --out "$work/run" --quiet || fail "no network"
"$CAIRN" predict "$work/run" "$picture" >"$work/predicted" || fail "no prediction"
# Percent and class, as the examples print them.
sed -n '2,$s/^ *\([^ ]*\)  *\([0-9.]*\) %.*/\2 \1/p' "$work/predicted" >"$work/expected"
[ "$(wc -l <"$work/expected")" = 5 ] || fail "not five answers: $(cat "$work/predicted")"

for program; do
    for weights in "$work/run" "$work/run/weights/best.safetensors"; do
        "$program" "$weights" "$picture" >"$work/out" || fail "$program $weights"
        sed 's/^ *\([0-9.]*\) %  /\1 /' "$work/out" | cmp -s - "$work/expected" ||
            fail "$program: $(cat "$work/out"); cairn predict: $(cat "$work/predicted")"
    done
    "$program" "$work/run" "$work/none.png" >"$work/out" 2>"$work/err"
    [ $? = 4 ] || fail "$program: a missing picture"
    grep -q 'none.png' "$work/err" || fail "$program: $(cat "$work/err")"
    "$program" >"$work/out" 2>"$work/err"
    [ $? = 2 ] || fail "$program without arguments"
done
