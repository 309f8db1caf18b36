# SIGINT, SIGTERM and SIGHUP at random moments: exit 75 at the next step with a checkpoint, and --resume goes on to the
# same bits.
. "${0%/*}/common.sh"
prepare 2000 3

# begin SIGNAL SECONDS: a training that the signal meets after some time; the code it ended with.
begin() {
    timeout --foreground --preserve-status -s "$1" "$2" env --default-signal="$1" \
        "$CAIRN" train lenet5 "$work/data" --out "$work/run" --epochs "$epochs" --batch 50 --threads 2 --quiet \
        >/dev/null 2>>"$work/log"
}

length=$(seconds train "$work/timed")
moments 20 "$length" >chosen
stopped=0
set -- INT TERM HUP
while read -r moment; do
    signal=$1
    shift
    set -- "$@" "$signal"
    begin "$signal" "$moment"
    code=$?
    case $code in
    0) ;; # had ended before
    75) stopped=$((stopped + 1)) ;;
    *) [ ! -e run/args.json ] || fail "SIG$signal after $moment of $length s: ended with $code" ;;
    esac
    recovers "$work/run" "SIG$signal after $moment of $length s"
done <chosen
if [ $stopped -lt 10 ]; then
    fail "only $stopped of 20 signals met a training"
fi

# Again and again in one run.
piece=$(echo "$length" | awk '{ print $1 / 5 }')
begin TERM "$piece"
rounds=0
while [ -e run/args.json ] && [ $rounds -lt 12 ]; do
    timeout --foreground --preserve-status -s TERM "$piece" "$CAIRN" train --resume "$work/run" --quiet \
        >/dev/null 2>>"$work/log"
    code=$?
    case $code in
    0) break ;;
    75) ;;
    143) ;; # before the handler was there
    *) fail "interrupted again and again: ended with $code" ;;
    esac
    rounds=$((rounds + 1))
done
recovers "$work/run" "interrupted $rounds times"
finish
