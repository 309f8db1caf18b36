# The same with everything on that has a state of its own: augmentation, mixing, moving averages, clipping, AdamW,
# several runs a step, dropped activations and loader threads.
. "${0%/*}/common.sh"
network=resnet20
options="--batch 40 --accumulate 2 --recompute --optimizer adamw --lr 0.002 --ema 0.95 --clip-norm 1 --loaders 2
    --augment pad=2,flip,jitter=0.3,erase=0.3,mixup=0.4,cutmix=1 --label-smoothing 0.1 --schedule one-cycle
    --setting norm_weight_decay=false,keep=2"
prepare 320 2
length=$(training_seconds)
interrupted "$([ "$full" = 1 ] && echo 20 || echo 4)" "$length" INT TERM
if [ $stopped = 0 ]; then
    fail "no signal met a training"
fi
finish
