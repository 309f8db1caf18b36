# SIGINT, SIGTERM and SIGHUP at random moments: exit 75 at the next step with a checkpoint, and --resume goes on to the
# same bits.
. "${0%/*}/common.sh"
prepare 4000 6

length=$(training_seconds)
interrupted 20 "$length" INT TERM HUP
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
