# Pictures that change in the middle of a training: cut, turned to rubbish, replaced by text, gone. The training ends
# well, each of them is named, and a cut shard of packed pictures is an error of its own.
. "${0%/*}/common.sh"

# pictures FOLDER: two classes of one small picture in many copies.
pictures() {
    for part in train val; do
        for class in a b; do
            mkdir -p "$1/$part/$class"
            for i in 00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29; do
                cp "$CAIRN_TEST_DATA/preprocess/small_40x30.png" "$1/$part/$class/$i.png"
            done
        done
    done
}
pictures photos

"$CAIRN" train lenet5 photos --out run --epochs 60 --batch 10 --max-bad 0.3 --threads 2 --quiet >/dev/null 2>said &
child=$!
while [ ! -s run/metrics.jsonl ]; do
    sleep 0.05
done
truncate -s 100 photos/train/a/03.png
truncate -s 0 photos/train/a/17.png
echo text >photos/train/b/05.png
rm photos/train/b/22.png photos/val/b/11.png
wait $child
code=$?
[ $code = 0 ] || fail "pictures that change: ended with $code: $(tail -n 1 said)"
for name in train/a/03 train/a/17 train/b/05 train/b/22 val/b/11; do
    grep -q "$name" said || fail "$name is not named: $(head -c 600 said)"
    cases=$((cases + 1))
done
rm -rf run

# Broken from the beginning: threads and loaders change nothing.
expected=
for how in "--threads 1" "--threads 3" "--threads 2 --loaders 2"; do
    # shellcheck disable=SC2086 # several words
    "$CAIRN" train lenet5 photos --out run --epochs 3 --batch 10 --max-bad 0.3 $how --quiet >/dev/null 2>said ||
        fail "broken pictures, $how: ended with $?"
    found=$(weights run)
    [ "${expected:=$found}" = "$found" ] || fail "broken pictures, $how: other weights"
    cases=$((cases + 1))
    rm -rf run
done

# More than a share, and more than the ten that are forgiven in any case.
for i in 08 09 10 11 12 13 14 15; do
    echo text >"photos/train/a/$i.png"
done
"$CAIRN" train lenet5 photos --out run --epochs 3 --batch 10 --max-bad 0.01 --quiet >/dev/null 2>said
code=$?
[ $code = 3 ] || fail "too many broken pictures: ended with $code instead of 3"
cases=$((cases + 1))
rm -rf run

# A shard that is cut while it is mapped.
pictures whole
"$CAIRN" data pack whole -o packed --raw --quiet >/dev/null 2>said || fail "pack: ended with $?: $(cat said)"
"$CAIRN" train lenet5 packed --out run --epochs 100000 --batch 10 --threads 1 --quiet >/dev/null 2>said &
child=$!
while [ ! -s run/metrics.jsonl ]; do
    sleep 0.05
done
truncate -s 4096 packed/train-00000.shard
wait $child
code=$?
[ $code = 3 ] || fail "a shard that is cut: ended with $code: $(tail -n 1 said)"
grep -q 'train-00000.shard: was cut' said || fail "a shard that is cut: $(tail -n 1 said)"
cases=$((cases + 1))

# A shard that is cut and made whole all the time, so that it happens between the looks at its size and the reading.
for try in 1 2 3 4 5 6 7 8; do
    rm -rf run packed
    "$CAIRN" data pack whole -o packed --raw --quiet >/dev/null 2>said || fail "pack: ended with $?: $(cat said)"
    size=$(wc -c <packed/train-00000.shard)
    "$CAIRN" train lenet5 packed --out run --epochs 100000 --batch 10 --threads 2 --quiet >/dev/null 2>said &
    child=$!
    while [ ! -s run/metrics.jsonl ]; do
        sleep 0.05
    done
    while kill -0 $child 2>/dev/null; do
        truncate -s 4096 packed/train-00000.shard
        truncate -s "$size" packed/train-00000.shard
    done
    wait $child
    code=$?
    [ $code = 3 ] || fail "a shard that is cut again and again, $try: ended with $code: $(tail -n 1 said)"
    grep -q 'train-00000.shard: ' said || fail "a shard that is cut again and again, $try: $(tail -n 1 said)"
    cases=$((cases + 1))
done
finish
