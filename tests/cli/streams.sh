# Streams that are closed, full or read no more; locales; colours.
. "${0%/*}/common.sh"
mkdir data
"$MAKE_IDX" data 200 50
works train lenet5 data --epochs 1 --out run --quiet
"$CAIRN" draw lenet5 -o net.png --quiet

# Results that cannot be written are an error.
for arguments in "models" "summary lenet5" "inspect run --json" "predict run net.png" "--help" "help --man"; do
    cases=$((cases + 1))
    # shellcheck disable=SC2086
    "$CAIRN" $arguments >&- 2>err
    [ $? = 4 ] || fail "cairn $arguments, stdout closed: $(cat err)"
    # shellcheck disable=SC2086
    "$CAIRN" $arguments >/dev/full 2>err
    [ $? = 4 ] || fail "cairn $arguments, stdout full: $(cat err)"
    grep -q '^cairn: error: standard output: .*No space left' err || fail "cairn $arguments, stdout full: $(cat err)"
done
"$CAIRN" predict run - <&- >out 2>err
[ $? = 4 ] || fail "stdin closed: $(cat err)"
"$CAIRN" models >out 2>&- || fail "stderr closed"
"$CAIRN" nosuchverb >out 2>&-
[ $? = 2 ] || fail "an error with stderr closed"
"$CAIRN" draw lenet5 -o closed.svg <&- >&- 2>&- || fail "all closed"
grep -q '</svg>' closed.svg || fail "messages went into a file"
"$CAIRN" train lenet5 data --epochs 1 --out broken >/dev/full 2>err
[ $? = 4 ] && [ -e broken/weights/best.safetensors ] || fail "a training whose output fails: $(cat err)"
{ "$CAIRN" help --man; echo $? >code; } 2>err | head -n 1 >out
[ ! -s err ] || fail "a reader that goes away: $(cat err)"

# Numbers are the same everywhere.
works predict run net.png --json --quiet
cp out plain
for locale in de_DE.UTF-8 fr_FR.UTF-8 tr_TR.UTF-8 C POSIX nonsense; do
    LC_ALL=$locale LANG=$locale works predict run net.png --json --quiet
    cmp -s out plain || fail "locale $locale changes numbers"
    LC_ALL=$locale LANG=$locale fails 2 "found '0,5'" train lenet5 data --lr 0,5
done

# Colour and bars only on a terminal.
works models
grep -q "$(printf '\033')" out && fail "escapes in a file"
if command -v script >/dev/null; then
    script -qec "'$CAIRN' summary lenet-5" /dev/null >out </dev/null
    has "$(printf '\033')\\[1;31mcairn: error:"
    NO_COLOR=1 script -qec "'$CAIRN' summary lenet-5" /dev/null >out </dev/null
    grep -q "$(printf '\033')" out && fail "NO_COLOR is not respected"
    script -qec "stty cols 80; '$CAIRN' train lenet5 data --epochs 2 --out bar" /dev/null >out </dev/null
    has 'epoch 1/2 .*%|.*█.*| [0-9]*/[0-9]* \[[0-9:]*<[0-9:]*, .*\]'
    script -qec "'$CAIRN' predict run net.png" /dev/null >out </dev/null
    has '%  █'
fi
finish
