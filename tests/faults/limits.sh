# What the system may refuse: file size, descriptors, space, output; and two trainings in one folder.
. "${0%/*}/common.sh"
prepare 400 2

# The weights do not fit below 50 KB: the signal for that is ignored, the final save fails with 4.
(ulimit -f 100 && train "$work/run")
code=$?
[ $code = 4 ] || fail "file size limit: ended with $code instead of 4"
recovers "$work/run" "file size limit"

(ulimit -n 24 && train "$work/run")
code=$?
[ $code = 0 ] || fail "24 descriptors: ended with $code"
recovers "$work/run" "24 descriptors"

# Stacks of a gigabyte, of which the system gives four: a training with more threads says so instead of waiting for them.
(ulimit -s 1000000 && ulimit -v 4000000 &&
    timeout 60 "$CAIRN" train lenet5 data --out run --epochs 2 --batch 50 --threads 16 --quiet >/dev/null 2>said)
code=$?
[ $code = 5 ] || fail "too few threads: ended with $code instead of 5"
grep -q "cannot start 16 threads" said || fail "too few threads: $(cat said)"
[ ! -e run ] || recovers "$work/run" "too few threads"

# Nobody listens: the training still ends with its weights.
for case in '>/dev/full' '>&-' '>out 2>&-' '>out 2>/dev/full' '| true'; do
    eval "\"\$CAIRN\" train lenet5 data --out run --epochs 2 --batch 50 --threads 2 --json 2>log $case"
    code=$?
    case $code in
    0 | 4) ;;
    *) fail "output $case: ended with $code" ;;
    esac
    [ "$(weights "$work/run")" = "$expected" ] || fail "output $case: other weights"
    recovers "$work/run" "output $case"
done

# The second training of a folder is refused while the first one runs.
"$MAKE_IDX" data 40000 200
"$CAIRN" train lenet5 data --out run --epochs 9 --batch 50 --threads 2 --quiet >/dev/null 2>log &
first=$!
while [ ! -e run/args.json ]; do
    sleep 0.05
done
"$CAIRN" train --resume run --quiet >/dev/null 2>said
code=$?
[ $code = 4 ] || fail "second training in a folder: ended with $code instead of 4"
kill -TERM $first
wait $first
code=$?
[ $code = 75 ] || fail "first training in a folder: ended with $code"
rm -rf run
"$MAKE_IDX" data 400 200

# A disk of one megabyte, where the system lets us make one.
if unshare -rm true 2>/dev/null; then
    mkdir small
    unshare -rm sh -c '
        mount -t tmpfs -o size=1m none small || exit 77
        "$0" train lenet5 data --out small/run --epochs 2 --batch 50 --threads 2 --quiet 2>log
        code=$?
        cp -r small/run run
        exit $code' "$CAIRN" >/dev/null
    code=$?
    case $code in
    0 | 4) recovers "$work/run" "disk of one megabyte" ;;
    77) echo "no tmpfs here: the full disk is left out" ;;
    *) fail "disk of one megabyte: ended with $code: $(cat log)" ;;
    esac
else
    echo "no user namespaces here: the full disk is left out"
fi
finish
