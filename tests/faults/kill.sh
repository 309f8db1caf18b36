# SIGKILL at random moments of a training: what is left goes on to the same bits.
. "${0%/*}/common.sh"
prepare 1000 3

length=$(training_seconds)
moments "$([ "$full" = 1 ] && echo 100 || echo 20)" "$length" >chosen
while read -r moment; do
    (timeout --foreground -s KILL "$moment" "$CAIRN" train lenet5 "$work/data" --out "$work/run" --epochs "$epochs" \
        --batch 50 --threads 2 --quiet >/dev/null 2>&1
        exit $?) 2>/dev/null # with the shell's own word about it
    recovers "$work/run" "killed after $moment of $length s"
done <chosen
finish
