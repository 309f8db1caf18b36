# What surrounds a training: folders that cannot be made or go away, links in the way, time zones, locales, small stacks,
# memory full of rubbish, calls that are interrupted.
. "${0%/*}/common.sh"
prepare 400 2

# The folder is asked for before the first step.
for place in data/train-images-idx3-ubyte/run /proc/run; do
    "$CAIRN" train lenet5 data --out "$place" --epochs 2 --quiet >/dev/null 2>said
    code=$?
    [ $code = 4 ] || fail "--out $place: ended with $code instead of 4: $(cat said)"
    [ ! -e "$place" ] || fail "--out $place: something was made"
    cases=$((cases + 1))
done

# It goes away in mid-run: the final save is the one that counts.
"$CAIRN" train lenet5 data --out run --epochs 40 --batch 50 --threads 2 --quiet >/dev/null 2>said &
child=$!
while [ ! -s run/metrics.jsonl ]; do
    sleep 0.05
done
rm -rf run
wait $child
code=$?
case $code in
0 | 4) ;;
*) fail "folder removed in mid-run: ended with $code: $(tail -n 1 said)" ;;
esac
grep -q 'run' said || fail "folder removed in mid-run: nothing was said"
cases=$((cases + 1))
rm -rf run

# Links where files are to be written: said, and what they lead to stays as it was.
epochs=30
for wait in 1 2 3 4; do
    begin TERM $wait
    code=$?
    if [ $code = 75 ]; then
        break
    fi
    rm -rf run
done
epochs=2
[ $code = 75 ] || fail "links: no signal met a training"
for file in weights/last.safetensors weights/best.safetensors report.html results.csv train.log; do
    [ $code = 75 ] || break
    cp -r run linked
    echo precious >precious
    rm -rf "linked/$file"
    mkdir -p "$(dirname "linked/$file")"
    ln -s "$work/precious" "linked/$file"
    "$CAIRN" train --resume linked --quiet >/dev/null 2>said
    went=$?
    case $went in
    0 | 4) ;;
    *) fail "$file is a link: ended with $went" ;;
    esac
    [ $went = 0 ] || grep -q "${file##*/}" said || fail "$file is a link: $(tail -n 1 said)"
    [ "$(cat precious)" = precious ] || fail "$file is a link: what it leads to was written"
    cases=$((cases + 1))
    rm -rf linked
done
rm -rf run

# same CASE COMMAND...: a training in other surroundings has the same result.
same() {
    case=$1
    shift
    ("$@" "$CAIRN" train lenet5 "$work/data" --out "$work/run" --epochs 2 --batch 50 --threads 2 --quiet \
        >/dev/null 2>>"$work/log")
    code=$?
    [ $code = 0 ] || fail "$case: ended with $code"
    recovers "$work/run" "$case"
}
for zone in Pacific/Kiritimati America/Los_Angeles nowhere; do
    same "time zone $zone" env TZ=$zone
done
for locale in tr_TR.UTF-8 de_DE.UTF-8 C; do
    same "locale $locale" env LC_ALL=$locale
done
same "memory that is not zero" env MALLOC_PERTURB_=165 MALLOC_CHECK_=3
same "a stack of 256 KiB" sh -c 'ulimit -s 256 && exec "$@"' sh
if strace -qq -o /dev/null true 2>/dev/null; then
    for call in write fsync; do
        same "interrupted $call" strace -f -qq -o /dev/null -e trace=$call -e "inject=$call:error=EINTR:when=2+3"
    done
fi
finish
