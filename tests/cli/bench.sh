# bench, doctor: figures of this machine.
. "${0%/*}/common.sh"

works bench lenet5 lenet5.tutorial --seconds 0.02
has 'peak measured [1-9]' '^lenet5  *infer  *1 ' '^lenet5.tutorial  *infer  *1 '
narrow out
works bench lenet5 --seconds 0.02 --layers --threads 1
has '^1 thread,' '^  conv1  *conv2d ' '^  step  *operator  *kernel  *cpu time' '^  7 steps ' 'A run took .* 1 thread worked' \
    'Reading, measured: L1 [1-9].* DRAM [1-9].* GB/s'
grep -q '/pack' out && fail "steps that only prepare weights are shown: $(cat out)"
works bench lenet5 --seconds 0.02 --layers --json
[ "$(wc -l <out)" = 2 ] || fail "not a line for the model and one for the layers: $(cat out)"
sed -n 2p out >line && mv line out
json model threads run_ms cpu_ms peak_gflops read_gb_per_s layers
has '"layers": \[{"name": "conv1", "op": "conv2d", "kernel": ".*"cpu_ms": .*"bytes": .*"roofline_share": '
for ending in svg pdf png; do
    works bench lenet5 --seconds 0.02 --picture "new.$ending"
    [ -s "new.$ending" ] || fail "no picture new.$ending"
done
grep -q 'lenet5, inference' new.svg || fail "no title in new.svg"
works bench lenet5 --train --batch 4 --seconds 0.02 --picture train.svg --quiet
[ ! -s err ] || grep -q '^cairn: warning: bench: ' err || fail "not quiet: $(cat err)"
grep -q 'lenet5, training' train.svg || fail "no title in train.svg"
fails 2 'new.dot (expected a name that ends in .svg, .pdf or .png)' bench lenet5 --seconds 0.02 --picture new.dot
fails 2 '--picture: expected one model, found 2' bench lenet5 lenet5.paper --seconds 0.02 --picture new.svg
"$CAIRN" bench lenet5 --seconds 0.02 --picture nowhere/new.svg >out 2>err # its results stand before it
[ $? = 4 ] && grep -q 'cairn: error: .*nowhere/new.svg' err || fail "not an error of the file: $(cat err)"
works bench lenet5 lenet5.paper --train --batch 8 --json --seconds 0.02 --precision f32 --threads 2
json model mode batch precision threads median_ms min_ms images_per_s gflops peak_gflops
[ "$(wc -l <out)" = 2 ] || fail "not a line a model: $(cat out)"
has '"mode": "train", "batch": 8, "precision": "f32", "threads": 2'
CAIRN_ISA=scalar works bench lenet5 --seconds 0.02
has 'scalar kernels'

# Kernels are chosen by measuring only when that is asked for; what was measured is kept.
[ ! -e cache/cairn ] || fail "something is kept without --tune"
works bench resnet20 --seconds 0.02 --tune
has '^tuned: [1-9][0-9]* choices* of kernels measured, 0 read, [0-9]* other' "^  *$work/cache/cairn/tune-[0-9a-f]*.json\$"
works bench resnet20 lenet5 --seconds 0.02 --tune --json
json model tune
sed -n 1p out >line
grep -q '"tune": {"file": "/.*json", "measured": 0, "read": [1-9][0-9]*, "differ": [0-9]*}}$' line || fail "$(cat line)"
for file in cache/cairn/tune-*.json; do
    cp "$file" out
    has '^"cairn": "' '^"cpu": "' '^"isa": "' '^"choices": {' '^"conv2d 3x3, .* batch 1: 32x32x16/16 .*": "[a-z0-9_]*",*$'
    echo '{"choices": []}' >"$file"
done
works bench resnet20 --seconds 0.02 --tune
has '^tuned: [1-9][0-9]* choices* of kernels measured, 0 read'
grep -q 'cairn: warning: .*/tune-.*.json: .*ignored' err || fail "a wrong file is not told: $(cat err)"
echo >plain
XDG_CACHE_HOME=$work/plain works bench resnet20 --seconds 0.02 --tune
has '^tuned: [1-9]'
grep -q 'cairn: warning: --tune: .*not kept: .*/plain' err || fail "an unusable folder is not told: $(cat err)"
XDG_CACHE_HOME=relative HOME=$work/home works bench resnet20 --seconds 0.02 --tune
has "$work/home/.cache/cairn/tune-"
XDG_CACHE_HOME='' HOME='' works bench resnet20 --seconds 0.02 --tune --json
has '"tune": {"file": null, "measured": [1-9]'
grep -q 'no folder for a cache' err || fail "no warning: $(cat err)"
[ ! -e relative ] || fail "a relative XDG_CACHE_HOME is used"
CAIRN_ISA=scalar works bench lenet5 --seconds 0.02 --tune
has '^tuned: 0 choices of kernels measured, 0 read, 0 other'

works doctor
has '^processor ' '^kernels ' '^threads ' '^peak ' '^read  *L1 .*DRAM .*measured' '^data ' '^GPU '
CAIRN_ISA=scalar works doctor
has 'scalar, since CAIRN_ISA is scalar'
CAIRN_ISA=pentium works doctor
has "CAIRN_ISA is not understood: 'pentium'"
CAIRN_THREADS=1 works doctor
has '^threads  *1, as CAIRN_THREADS says'
finish
