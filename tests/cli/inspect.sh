# inspect: weights files and run folders.
. "${0%/*}/common.sh"
mkdir data
"$MAKE_IDX" data 200 50
works train lenet5 data --epochs 1 --out run --quiet
weights=run/weights/best.safetensors

works inspect $weights
has '^cairn.arch  *lenet5$' '^conv1.weight  *F32  *6 x 1 x 5 x 5  *150$' '^10 tensors, 61,706 numbers'
works inspect $weights --json
json file format tensors metadata
has '"format": "safetensors"' '{"name": "conv1.weight", "dtype": "F32", "shape": \[6, 1, 5, 5\]}' '"cairn.arch": "lenet5"'
works inspect $weights --strict
works inspect run
has '^model  *lenet5$' '^epochs done  *1$' '^10 tensors'
works inspect run --json
json file format tensors metadata
has '"file": "run", "format": "run"'

# A file written by hand: 2 numbers, one of them not finite. Its length comes first, in little endian.
header='{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
printf "$(printf '\\%03o' ${#header})"'\0\0\0\0\0\0\0%s\0\0\0\0\0\0\300\177' "$header" >nan.safetensors
works inspect nan.safetensors
has '^a  *F32  *2  *2  1 not finite$'
grep -q 'cairn: warning: .*not finite' err || fail "no warning: $(cat err)"
fails 3 "tensor 'a' has numbers that are not finite" inspect nan.safetensors --strict
head -c 30 $weights >cut.safetensors
fails 3 "cut.safetensors" inspect cut.safetensors
: >void.safetensors
fails 3 "void.safetensors" inspect void.safetensors
fails 4 "." inspect ''
finish
