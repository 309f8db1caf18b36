# The same bits for any number of threads, at every kernel level, from another folder and with other memory contents.
. "${0%/*}/common.sh"
prepare 800 2

# same CASE [OPTION...]: a training with these options gives the expected weights.
same() {
    name=$1
    shift
    "$CAIRN" train lenet5 "$work/data" --out "$work/run" --epochs "$epochs" --batch 50 --quiet "$@" \
        >/dev/null 2>"$work/log" || fail "$name: ended with $?: $(cat "$work/log")"
    [ "$(weights "$work/run")" = "$expected" ] || fail "$name: other weights"
    cases=$((cases + 1))
    rm -rf "$work/run"
}

for threads in 1 2 3 4 7; do
    same "$threads threads" --threads $threads
done
cd data || exit 1
export MALLOC_PERTURB_=165 TZ=Asia/Tokyo
same "another folder" --threads 3
unset MALLOC_PERTURB_ TZ
cd "$work" || exit 1

for isa in avx2 x86-64-v2 scalar; do
    export CAIRN_ISA=$isa
    rm -rf reference
    train "$work/reference" || fail "$isa: ended with $?"
    expected=$(weights "$work/reference")
    for threads in 1 3; do
        same "$isa, $threads threads" --threads $threads
    done
done
finish
