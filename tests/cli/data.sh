# data check, data pack: findings and their exit codes, packed folders as DATA, what is left behind; training with
# augmentation and broken pictures.
. "${0%/*}/common.sh"
photos=$CAIRN_TEST_DATA/augment
for class in a b; do
    mkdir -p set/train/$class set/val/$class
done
cp "$photos/photo-420.jpg" set/train/a/1.jpg
cp "$photos/photo-444.jpg" set/train/b/1.jpg
cp "$photos/photo-grey.jpg" set/val/a/1.jpg
cp "$photos/photo-progressive.jpg" set/val/b/1.jpg

works data check set
has '^4 pictures, all sound, no two alike$'
works data check set --json
json data pictures findings broken truncated damaged misnamed duplicate conflict leak
[ ! -s err ] || fail "said $(cat err)"

# What is wrong is named, and the exit code tells.
cp set/train/a/1.jpg set/val/a/copy.jpg
cp set/train/a/1.jpg set/train/b/2.png
head -c 3000 set/train/b/1.jpg >set/train/b/3.jpg
"$CAIRN" data check set >out 2>err
[ $? = 8 ] || fail "findings: not 8"
has '^truncated  .*/set/train/b/3.jpg: JPEG: is cut short$' '^misnamed   .*/set/train/b/2.png: is JPEG$' \
    '^conflict   .*/set/train/b/2.png: .*/set/train/a/1.jpg$' '^leak       .*/set/val/a/copy.jpg: .*/train/a/1.jpg$' \
    '^7 pictures, 1 truncated, 1 misnamed, 1 conflict, 1 leak$'
"$CAIRN" data check set --json >out 2>err
[ $? = 8 ] || fail "findings in JSON: not 8"
json data findings leak
fails 4 nowhere data check ./nowhere
fails 2 "expected 'check' or 'pack', found 'look'" data look set
fails 2 "goes with pack" data check set --raw
mkdir nothing
fails 3 "holds no data set" data check nothing

# Packing: as JPEG and as pixels; a broken picture is named.
for form in "" --raw; do
    "$CAIRN" data pack set -o packed$form --side 64 $form >out 2>err
    [ $? = 8 ] || fail "pack $form: not 8: $(cat err)"
    has "^packed$form  6 pictures, "
    grep -q 'set/train/b/3.jpg: JPEG: is cut short' err || fail "not named: $(cat err)"
    [ "$(ls packed$form | tr '\n' ' ')" = "pack.index test-00000.shard train-00000.shard " ] || fail "$(ls packed$form)"
done
rm set/train/b/3.jpg
works data pack set -o again --json
json packed pictures skipped bytes
cmp -s again/pack.index packed/pack.index && fail "sizes made no difference"
works data pack set -o twice --threads 1 --json
for file in pack.index train-00000.shard test-00000.shard; do
    cmp again/$file twice/$file || fail "$file depends on threads"
done
fails 2 "is there already" data pack set -o again
fails 2 "expected -o OUT" data pack set
fails 4 "no/such" data pack ./no/such -o new
ls | grep partial && fail "something was left behind"
[ ! -e new ] || fail "a folder of nothing"

# A packed folder is as good as the folder; names within it are those of the set.
works train lenet5 again --epochs 1 --quiet --out one --batch 2
works train lenet5 set --epochs 1 --quiet --out two --batch 2
cmp -s one/weights/last.safetensors two/weights/last.safetensors || fail "packed pictures train otherwise"
"$CAIRN" data check packed >out 2>err
[ $? = 8 ] || fail "the same findings in a packed set: not 8"
has '^conflict   train/b/2.png: train/a/1.jpg$' '^6 pictures, 1 conflict, 2 leak$' # the progressive one has the same pixels
works eval one/weights/last.safetensors again --quiet

# Augmentation: the usual one is in args.json; another one is taken, in its one form; threads change nothing.
grep -q '"augment": "rrc=0.08:1,flip=0.5"' two/args.json || fail "$(cat two/args.json)"
works train lenet5 set --epochs 2 --quiet --out three --batch 2 --augment strong --loaders 3
works train lenet5 set --epochs 2 --quiet --out four --batch 2 --augment cutmix,mixup,erase=0.1,trivial,flip,rrc --threads 1
cmp -s three/weights/last.safetensors four/weights/last.safetensors || fail "the order of the words matters, or threads"
fails 2 "did you mean 'flip'" train lenet5 set --augment flop
fails 2 "expected one of rrc, scale, window, pad" train lenet5 set --augment rrc,pad

# Broken pictures: named once, replaced; none allowed: the end.
head -c 3000 "$photos/photo-444.jpg" >set/train/b/3.jpg
works train lenet5 set --epochs 3 --out five --batch 2
[ "$(grep -c 'set/train/b/3.jpg: JPEG: is cut short' err)" = 1 ] || fail "named $(cat err)"
"$CAIRN" train lenet5 set --epochs 1 --out six --batch 2 --max-bad 0 >out 2>err
[ $? = 3 ] || fail "--max-bad 0: not 3"
grep -q '1 of 4 pictures could not be read so far; at most 0 may be broken' err || fail "$(cat err)"

# One folder without parts: a fifth of each class validates, which is said once and stays so.
for i in 1 2 3 4 5; do
    for class in x y; do
        mkdir -p one-folder/$class
        cp "$photos/photo-444.jpg" one-folder/$class/$i.jpg
    done
done
works train lenet5 one-folder --epochs 1 --out whole
grep -q '2 of 10 pictures, the same share of each class, are kept for validation' err || fail "not said: $(cat err)"
grep -q '"val_split": 0.2' whole/args.json || fail "$(cat whole/args.json)"

# Tar shards.
mkdir shards tar
cp "$photos/photo-420.jpg" tar/1.jpg && echo 0 >tar/1.cls
cp "$photos/photo-444.jpg" tar/2.jpg && echo 1 >tar/2.cls
tar -C tar -cf shards/train-0.tar 1.jpg 1.cls 2.jpg 2.cls
tar -C tar --format=pax -cf shards/val-0.tar ./1.jpg ./1.cls
works train lenet5 shards --epochs 1 --quiet --out seven
"$CAIRN" data check shards >out 2>err
[ $? = 8 ] || fail "not 8"
has '^leak       .*/shards/val-0.tar/./1.jpg: .*/shards/train-0.tar/1.jpg$'
finish
