# eval: trained weights on data sets, in memory and in folders.
. "${0%/*}/common.sh"
mkdir data
"$MAKE_IDX" data 1000 200
works train lenet5 data --epochs 1 --out run --quiet
pictures=$CAIRN_TEST_DATA/preprocess

works eval run data
has '^top-1 ' '^top-5 ' '^loss ' '^class ' '^truth, answer'
grep -q '^preprocessing: {' err || fail "the chain is not told: $(cat err)"
works eval run data --json --quiet
json model data images failed top1 top5 loss seconds
has '"model": "lenet5", "data": "data", "images": 200, "failed": 0'
[ ! -s err ] || fail "noise: $(cat err)"
works eval lenet5 data --weights run/weights/last.safetensors --batch 7
fails 3 "." eval lenet5.tutorial data --weights run/weights/last.safetensors
works eval run data --preprocess '{"mean":[0.5]}'
grep -q 'preprocess overrides' err || fail "the override is not told: $(cat err)"

# Folders of pictures, named by the labels of the weights.
mkdir -p set/3 set/7/deep
cp "$pictures/gray_233x311.jpg" set/3/b.JPG
cp "$pictures/rgb_317x243.png" set/7/deep/a.PNG
works eval run set --json
has '"data": "set", "images": 2, "failed": 0'
grep -q 'classes are those of the weights' err || fail "the mapping is not told: $(cat err)"
for views in single ten-crop; do
    works eval run set --json --quiet --views $views --preprocess '{"resize":36,"crop":32,"pad":0}'
    has '"images": 2, "failed": 0'
done
works eval run set --json --quiet --views multi-scale --scales 40,36 --preprocess '{"pad":0}'
fails 2 "scale" eval run set --views multi-scale --scales 16
fails 2 "scales" eval run set --views multi-scale --scales 40,x
fails 2 "multi-scale" eval run set --scales 40
fails 2 "ten-crop" eval run set --views five-crop

mkdir set/9
works eval run set --json --quiet
grep -q '^cairn: warning: .*set/9: no pictures in this class$' err || fail "the empty class is not told: $(cat err)"
rmdir set/9

# EXIF: as the weights say, or as the option does.
for exif in on:apply off:ignore; do
    works eval run set --exif ${exif%:*}
    grep -q "preprocessing: .*\"exif\":\"${exif#*:}\"" err || fail "--exif ${exif%:*}: $(cat err)"
done
fails 2 "exif" eval run set --exif maybe
works eval run set --class-order natural --json --quiet
fails 2 "class-order" eval run set --class-order random

# Pictures that cannot be read are named once and counted.
head -c 300 set/3/b.JPG >set/3/cut.jpg
"$CAIRN" eval run set --json --quiet >out 2>err
[ $? = 8 ] || fail "some failed: $(cat err)"
has '"images": 2, "failed": 1'
[ "$(grep -c 'cut.jpg' err)" = 1 ] || fail "the broken picture is not named once: $(cat err)"
mkdir -p bad/3
cp set/3/cut.jpg bad/3
"$CAIRN" eval run bad --json --quiet >out 2>err
[ $? = 3 ] && [ ! -s out ] || fail "all failed: $(cat out err)"
mkdir set/eleven
cp "$pictures/small_40x30.png" set/eleven
fails 3 "3 classes (expected 10" eval run set
mkdir -p flat/nothing
cp "$pictures/small_40x30.png" flat/x.png
fails 3 "x.png: its class is not known" eval run flat
echo 'x.png 4' >flat/val.txt
works eval run flat --json --quiet
has '"images": 1, "failed": 0'

works eval run data --tune
has '^tuned: '
works eval run data --tune --json --quiet
json top1 tune

fails 4 "." eval run nothere/set
fails 2 "unknown data set" eval run nosuchset
fails 3 "holds no data set" eval run run/weights
mkdir cifar
head -c 3072 /dev/zero >cifar/test_batch.bin
fails 3 "multiple of 3073" eval run cifar
head -c 6146 /dev/zero >cifar/test_batch.bin
works eval run cifar --json --quiet
has '"data": "cifar", "images": 2, "failed": 0'
printf '\012' | dd of=cifar/test_batch.bin bs=1 seek=3073 conv=notrunc 2>/dev/null
fails 3 "test_batch.bin: label 1: expected a class below 10, found 10" eval run cifar
head -c 6146 /dev/zero >cifar/test_batch.bin
printf '\357\273\277' >cifar/batches.meta.txt
printf '%s\r\n' 0 1 2 3 4 5 6 7 8 9 >>cifar/batches.meta.txt
works eval run cifar --json --quiet
printf '%s\n' 0 1 2 3 4 5 6 7 8 >cifar/batches.meta.txt
fails 3 "batches.meta.txt: 9 names (expected 10)" eval run cifar
printf '0\0001\n' >cifar/batches.meta.txt
fails 3 "batches.meta.txt: NUL at byte 1" eval run cifar
head -c 100000 /dev/zero | tr '\0' x >cifar/batches.meta.txt
fails 3 "batches.meta.txt: is too large" eval run cifar
finish
