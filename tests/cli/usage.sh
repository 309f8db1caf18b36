# What is typed wrong is said in one line with what was expected and what was found, exit 2; paths that are not there 4.
. "${0%/*}/common.sh"
mkdir data
"$MAKE_IDX" data 200 50

fails 2 "unknown verb 'trian' (did you mean 'cairn train'?)" trian
fails 2 "unknown verb 'xyzzyxyzzy' (cairn --help" xyzzyxyzzy
for verb in export explain study; do
    fails 2 "unknown verb '$verb'" $verb
done
fails 2 "unknown option '--frobnicate'" --frobnicate
fails 2 "unknown option '--epohcs' (did you mean '--epochs'?)" train lenet5 data --epohcs 3
fails 2 "unknown option '--frobnicate'" summary lenet5 --frobnicate
fails 2 "unknown option" bench lenet5 --tuned
fails 2 "unknown option" summary lenet5 -x
fails 2 "unknown model 'lenet-5' (did you mean 'lenet5'?)" summary lenet-5
fails 2 "unknown model 'lenet' (did you mean 'lenet5'?)" train lenet data
fails 4 "missing.safetensors: cannot open" predict missing.safetensors x.jpg
fails 4 "missing.pth: cannot open" inspect missing.pth
fails 2 "unknown model 'quux_quux_quux'" models quux_quux_quux
fails 2 "unknown data set 'fashon-mnist' (did you mean 'fashion-mnist'?)" train lenet5 fashon-mnist
fails 2 "did you mean 'LeNet'" models --family lenets
fails 2 "expected cairn summary MODEL" summary
fails 2 "expected cairn train MODEL DATA" train lenet5
fails 2 "one argument too many" summary lenet5 lenet5
fails 2 "one argument too many" doctor now
fails 2 "without weights" predict lenet5 shoe.png
fails 2 "goes with the name of a network" eval data data --weights w.safetensors

# Numbers are whole texts, in range.
for value in 0 -1 99999999999999999999 8x "" " 8" 1e3 0x10 +5 8.0; do
    fails 2 "\-\-batch: expected a whole number from 1 to 65536, found '$value'" train lenet5 data --batch "$value"
done
for value in nan inf -inf 1e999 0 -0.1 0,1 1e 1x "" 0x1p3 " 1"; do
    fails 2 "\-\-lr: expected a number from 1e-12 to 1000000, found '$value'" train lenet5 data --lr "$value"
done
fails 2 "\-\-threads: expected" bench lenet5 --threads 0
fails 2 "\-\-threads: expected" bench lenet5 --threads 1025
fails 2 "\-\-seed: expected" train lenet5 data --seed -1
fails 2 "\-\-momentum: expected" train lenet5 data --momentum 1
fails 2 "\-\-val-split: expected" train lenet5 data --val-split 1
fails 2 "\-\-schedule: expected constant|step|multistep|cosine|polynomial|one-cycle|plateau, found 'linear'" train lenet5 data --schedule linear
fails 2 "\-\-precision: expected f32|bf16, found 'f16'" bench lenet5 --precision f16
for value in 28 x28 28x 28x28x1 0x28 28X28 -1x5 100000x1; do
    fails 2 "\-\-input: expected HxW" summary lenet5 --input $value
done
fails 2 "window" summary lenet5 --input 8x8
fails 2 "window" bench lenet5 --input 8x8
fails 2 "a value is missing" train lenet5 data --batch
fails 2 "a value is missing" draw lenet5 -o
fails 2 "takes no value" summary lenet5 --json=yes
fails 2 "\-o FILE is missing" draw lenet5
fails 2 "squash" summary lenet5.paper --set squash=relu
fails 2 "nosuch" summary lenet5 --set nosuch=1
fails 2 "no switch 'nosuch' (expected one of squash|output)" summary lenet5.paper --set nosuch=1
fails 2 "did you mean 'inception_v1'" summary inception_v11
fails 2 "did you mean 'resnet50v2.tutorial'" summary resnet50v2.tutorail
# A picture that is too small: the layer, and the least size, of each side for itself.
fails 2 "conv3: window height .*; lenet5 takes pictures of 32x32 and more$" summary lenet5 --input 31x99
fails 2 "conv3: window width .*; lenet5 takes pictures of 32x32 and more$" summary lenet5 --input 99x31
fails 2 "features.18.*; inception_v4 takes pictures of 75x75 and more$" summary inception_v4 --input 74x75
fails 2 "AuxLogits.*; inception_v3 takes pictures of 299x299 and more, smaller ones without its auxiliary heads (aux=off)$" \
    summary inception_v3 --json --input 298x299
works summary inception_v3 --json --input 75x75 --set aux=off
CAIRN_THREADS=8x fails 2 "CAIRN_THREADS: expected" bench lenet5

# Names that are more than names.
fails 2 "%s%n%s%n" summary '%s%n%s%n'
fails 2 '\\x1b\[31m' summary "$(printf '\033[31mred')"
fails 2 '\\xff' summary "$(printf '\377')"
long=$(printf '%05000d' 0)
fails 2 "unknown model '0000" summary "$long"
fails 4 "." summary "/$long"
fails 4 "." predict "./$long" shoe.png
fails 2 "unknown data set" train lenet5 "$long"
fails 4 "." train lenet5 "/$long"
fails 2 "unknown verb" "$long"
fails 2 "unknown option" summary "--$long"
fails 2 "expected" bench lenet5 --batch "$long"

# Paths.
fails 4 "nowhere/run" eval nowhere/run data
fails 4 "nowhere" inspect nowhere
fails 4 "nowhere/data" train lenet5 nowhere/data
fails 4 "nowhere" train --resume nowhere
fails 4 "nowhere" report nowhere
mkdir no_run
fails 3 "no_run: is no run folder (expected args.json in it)" report no_run
fails 3 "no_run: is no run folder (expected args.json in it)" inspect no_run
fails 4 "not found (searched .*data/mnist" train lenet5 mnist --out run
[ ! -e run ] || fail "a training that did not begin left a folder"
[ ! -e runs ] || fail "trainings that did not begin left folders: $(ls runs)"
mkdir empty
fails 3 "empty" train lenet5 empty
fails 3 "empty" inspect empty
echo text >text
fails 3 "text" inspect text
fails 3 "text" train lenet5 text

# No verb at all: the overview, as an error.
"$CAIRN" >out 2>err
[ $? = 2 ] && [ ! -s out ] && grep -q '  train MODEL DATA' err || fail "cairn alone"
finish
