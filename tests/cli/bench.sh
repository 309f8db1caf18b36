# bench, doctor: figures of this machine.
. "${0%/*}/common.sh"

works bench lenet5 lenet5.tutorial --seconds 0.02
has 'peak measured [1-9]' '^lenet5  *infer  *1 ' '^lenet5.tutorial  *infer  *1 '
narrow out
works bench lenet5 --seconds 0.02 --layers --threads 1
has '^1 thread,' '^  conv1  *conv2d '
works bench lenet5 lenet5.paper --train --batch 8 --json --seconds 0.02 --precision f32 --threads 2
json model mode batch precision threads median_ms min_ms images_per_s gflops peak_gflops
[ "$(wc -l <out)" = 2 ] || fail "not a line a model: $(cat out)"
has '"mode": "train", "batch": 8, "precision": "f32", "threads": 2'
CAIRN_ISA=scalar works bench lenet5 --seconds 0.02
has 'scalar kernels'

works doctor
has '^processor ' '^kernels ' '^threads ' '^peak ' '^data ' '^GPU '
CAIRN_ISA=scalar works doctor
has 'scalar, since CAIRN_ISA is scalar'
CAIRN_ISA=pentium works doctor
has "CAIRN_ISA is not understood: 'pentium'"
CAIRN_THREADS=1 works doctor
has '^threads  *1, as CAIRN_THREADS says'
finish
