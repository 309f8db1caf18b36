# A damaged newest checkpoint: each of its files cut, changed in one bit or gone. The one before it is taken, which is
# said, and the training comes to the same bits.
. "${0%/*}/common.sh"
prepare 400 3

for folder in reference/checkpoints/step-*; do # in order: the numbers have leading zeros
    newest=${folder##*/}
done
for file in "$work/reference/checkpoints/$newest"/*; do
    name=${file##*/}
    size=$(stat -c %s "$file")
    for damage in cut flip gone; do
        cp -r reference run
        target=run/checkpoints/$newest/$name
        case $damage in
        cut) truncate -s $((size - 1)) "$target" ;;
        flip)
            byte=$(od -An -tu1 -j $((size / 2)) -N 1 "$target")
            # shellcheck disable=SC2059 # an octal escape
            printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$target" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
            ;;
        gone) rm "$target" ;;
        esac
        "$CAIRN" train --resume run >/dev/null 2>said
        code=$?
        [ $code = 0 ] || fail "$name $damage: ended with $code: $(tail -n 1 said)"
        # Without its manifest a checkpoint is one that was being removed: nothing to warn of.
        [ "$name $damage" = "MANIFEST.json gone" ] || grep -q "warning.*$newest" said ||
            fail "$name $damage: no warning names $newest"
        recovers "$work/run" "$name $damage"
    done
done
finish
