# convert: weights to the names, layouts and types of other programs.
. "${0%/*}/common.sh"
mkdir data
"$MAKE_IDX" data 200 50
works train lenet5 data --epochs 1 --out run --quiet
weights=run/weights/best.safetensors

# The same network in another file: the same answers, and the same tensors.
works convert run out.safetensors
grep -q '^out.safetensors: lenet5, 10 tensors, 61,706 numbers, F32$' err || fail "told: $(cat err)"
works inspect $weights --json
grep -o '"tensors": .*"numbers"' out >tensors
works inspect out.safetensors --json
json file format networks tensors numbers metadata
grep -o '"tensors": .*"numbers"' out | cmp -s - tensors || fail "other tensors: $(cat out)"
has '"networks": \["lenet5"\]' '"cairn.arch": "lenet5"' '"cairn.labels": "\[' '"cairn.run": '
has '"cairn.source": "{\\"file\\":\\"best.safetensors\\",\\"format\\":\\"safetensors\\",\\"sha256\\":\\"'"$(
    sha256sum $weights | cut -c 1-64)"'\\"}"'
works eval run data --json
sed 's/"model".*"images"//; s/"seconds".*//' out >before
works eval out.safetensors data --json
sed 's/"model".*"images"//; s/"seconds".*//' out | cmp -s - before || fail "other accuracy: $(cat out before)"

fails 2 "out.PTH: is no name for what is written" convert run out.PTH
[ ! -e out.PTH ] || fail "out.PTH was written"

# Equal input, equal bytes; over an old file; types; what the file does not say.
cp out.safetensors first.safetensors
works convert run out.safetensors --quiet
cmp -s out.safetensors first.safetensors || fail "a second conversion differs"
for type in float16:F16 bfloat16:BF16 f32:F32; do
    works convert $weights half.safetensors --dtype ${type%:*}
    works inspect half.safetensors
    has "^conv1.weight  *${type#*:}  *6 x 1 x 5 x 5 " "^10 tensors.*, ${type#*:}\$" '^fits  *lenet5 of 10 classes$'
done
works convert $weights set.safetensors --preprocess '{"mean":[0.25]}' --model lenet5
works inspect set.safetensors
has '^cairn.preprocess .*"mean":\[0.25\]'

# A file that says nothing: the names and shapes of 10 tensors of zeros.
tensors='conv1.bias:6 conv1.weight:6,1,5,5 conv2.bias:16 conv2.weight:16,6,5,5 conv3.bias:120 conv3.weight:120,16,5,5
fc1.bias:84 fc1.weight:84,120 fc2.bias:3 fc2.weight:3,84'
# made PREFIX SKIPPED FILE
made() {
    at=0
    header=
    for tensor in $tensors; do
        name=${tensor%:*}
        shape=${tensor#*:}
        [ "$name" != "$2" ] || continue
        end=$((at + 4 * $(echo "$shape" | tr , '*')))
        header="$header${header:+,}\"$1$name\":{\"dtype\":\"F32\",\"shape\":[$shape],\"data_offsets\":[$at,$end]}"
        at=$end
    done
    header="{$header}"
    size=${#header}
    {
        printf "$(printf '\\%03o\\%03o' $((size % 256)) $((size / 256)))"'\0\0\0\0\0\0%s' "$header"
        head -c "$at" /dev/zero
    } >"$3"
}
made module. '' plain.safetensors
works inspect plain.safetensors
has '^file format  *safetensors$' '^fits  *lenet5 of 3 classes$'
works convert plain.safetensors named.safetensors
grep -q 'says nothing about preprocessing' err || fail "preprocessing: $(cat err)"
grep -q '^named.safetensors: lenet5 (by its tensors), 10 tensors' err || fail "recognised: $(cat err)"
works inspect named.safetensors
has '^cairn.num_classes  *3$' '^conv1.weight '
made '' fc1.bias less.safetensors
works inspect less.safetensors
has '^fits  *no network of the zoo as it is$'
fails 3 "less.safetensors: does not name its network" convert less.safetensors x.safetensors
fails 3 "less.safetensors: weights: tensor 'fc1.bias' is missing (expected shape \[84\])" \
    convert less.safetensors x.safetensors --model lenet5
fails 3 'the file looks like lenet5 of 3 classes' convert plain.safetensors x.safetensors --model alexnet
[ ! -e x.safetensors ] || fail "a failed conversion left a file"

# The last number infinite: a warning, or with --strict an error everywhere, and nothing else said.
size=$(wc -c <plain.safetensors)
{
    head -c $((size - 4)) plain.safetensors
    printf '\0\0\200\177'
} >infinite.safetensors
works convert infinite.safetensors x.safetensors
grep -q "cairn: warning: infinite.safetensors: tensor 'module.fc2.weight' has 1 values that are not finite" err ||
    fail "no warning: $(cat err)"
rm x.safetensors
for call in "convert infinite.safetensors x.safetensors" "eval lenet5 data --weights infinite.safetensors" \
    "predict lenet5 data/t10k-images-idx3-ubyte --weights infinite.safetensors"; do
    fails 3 "infinite.safetensors" $call --strict
done
[ ! -e x.safetensors ] || fail "a failed conversion left a file"

# Usage and files.
fails 2 "unknown model 'lenet6' (did you mean 'lenet5'?)" convert run x.safetensors --model lenet6
fails 2 "lenet5: has no switches" convert run x.safetensors --set bn_eps=1
fails 2 "preprocess: unknown key" convert run x.safetensors --preprocess '{"means":[1]}'
fails 2 "dtype" convert run x.safetensors --dtype float8
fails 2 "out.safetensors: is both input and output" convert out.safetensors out.safetensors
fails 4 "nowhere" convert nowhere x.safetensors
fails 4 "nowhere/x.safetensors" convert run nowhere/x.safetensors
fails 3 "not a safetensors file" convert "$0" x.safetensors
fails 2 "convert" convert run
cp out.safetensors out-01234567.safetensors
works convert out-01234567.safetensors x.safetensors
grep -q "cairn: warning: .*not those of the file's SHA-256" err || fail "no warning: $(cat err)"
finish
