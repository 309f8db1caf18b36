# train, report: a run from its beginning to its end, its folder, and what is printed on the way.
. "${0%/*}/common.sh"
mkdir data
"$MAKE_IDX" data 1000 200

# The folder gets the first free number.
works train lenet5 data --epochs 2
has '^ *epoch ' '^ *1/2 ' '^ *2/2 ' '^best  *[0-9.]* % in epoch [12]$' '^report   runs/lenet5-data-1/report.html$'
grep -q '^lenet5, 61,706 parameters, on data, into runs/lenet5-data-1$' err || fail "no announcement: $(cat err)"
narrow out
for class in train/a train/b val/a val/b; do
    mkdir -p pictures/$class
    cp "$CAIRN_TEST_DATA/preprocess/small_40x30.png" pictures/$class
done
works train lenet5 pictures --epochs 1 --out two
grep -q '^lenet5, 61,326 parameters, on pictures, into two$' err || fail "not those of two classes: $(cat err)"
for file in args.json env.json labels.txt results.csv metrics.jsonl train.log report.html weights/best.safetensors \
    weights/last.safetensors checkpoints; do
    [ -e runs/lenet5-data-1/$file ] || fail "no $file"
done
works train lenet5 ./data/ --epochs 1 --quiet
[ -d runs/lenet5-data-2 ] || fail "second run: $(ls runs)"
[ ! -s err ] || fail "--quiet: $(cat err)"
[ "$(wc -l <out)" = 3 ] || fail "--quiet prints $(cat out)"

# JSON: an object an epoch, the same that metrics.jsonl holds, and one at the end.
works train lenet5 data --epochs 2 --json --out deep/er/run --seed 3
json
head -n 2 out >epochs
"$CHECK_JSON" epoch loss top1 val_loss val_top1 val_top5 lr seconds images_per_s <epochs || fail "epochs: $(cat epochs)"
tail -n 1 out >end
"$CHECK_JSON" run best_epoch best_top1 <end || fail "end: $(cat end)"
grep -q '"run": "deep/er/run"' end || fail "run: $(cat end)"
[ "$(wc -l <deep/er/run/metrics.jsonl)" = 2 ] || fail "metrics.jsonl has other lines"
"$CHECK_JSON" epoch loss top1 val_loss val_top1 val_top5 lr seconds images_per_s <deep/er/run/metrics.jsonl ||
    fail "metrics.jsonl"
fails 2 "deep/er/run" train lenet5 data --epochs 2 --out deep/er/run

fails 2 "both input and output" train lenet5 data --out ./data

# Same seed, same bits; another one, others.
works train lenet5 data --epochs 2 --quiet --out again --seed 3 --threads 1
cmp -s deep/er/run/weights/last.safetensors again/weights/last.safetensors || fail "the same seed gives other weights"
works train lenet5 data --epochs 2 --quiet --out other --seed 4
cmp -s again/weights/last.safetensors other/weights/last.safetensors && fail "another seed gives the same weights"

# Settings reach the run.
works train lenet5 data --epochs 1 --batch 50 --lr 0.01 --momentum 0.5 --weight-decay 1e-4 --nesterov --schedule step \
    --warmup 0.5 --label-smoothing 0.1 --val-split 0.2 --optimizer sgd --out set --quiet
for setting in '"batch": *50' '"lr": *0.01' '"momentum": *0.5' '"weight_decay": *0.0001' '"nesterov": *true' \
    '"schedule": *"step"' '"warmup": *0.5' '"label_smoothing": *0.1' '"val_split": *0.2'; do
    grep -q "$setting" set/args.json || fail "no $setting in $(cat set/args.json)"
done
works train lenet5 data --init again/weights/last.safetensors --epochs 1 --out init --json --quiet
works train lenet5.paper data --set output=rbf --epochs 1 --out rbf --quiet

# Recipes: every value with its origin, what is scaled is said, and mistakes are met with the nearest name.
works train resnet50 --recipe resnext --batch 32 --print-config
has '^lr  *0.0125  *recipe, scaled$' '^batch  *32  *given$' '^optimizer  *sgd  *recipe$' '^beta1  *0.9  *default$'
grep -q 'learning rate 0.1 is for batches of 256; for 32 it becomes 0.0125' err || fail "not said: $(cat err)"
works train --help
tr '\n' ' ' <out | tr -s ' ' >help
for recipe in "$CAIRN_TEST_DATA"/../../recipes/*.json; do
    name=${recipe##*/}
    grep -qe "[ (]${name%.json}[,.]" help || fail "--help does not name the recipe ${name%.json}"
done
works train lenet5 --print-config --json
json model lr schedule freeze
fails 2 "did you mean 'torchvision-v2'" train lenet5 data --recipe torchvison-v2
fails 2 "did you mean 'paper'" train lenet5 data --recipe ppaer
fails 2 "did you mean 'weight_decay'" train lenet5 data --setting weight-decay=1
fails 2 "expected one of sgd" train lenet5 data --setting optimizer=adamax
fails 2 "no layer 'c9'" train lenet5 data --freeze c9 --out never
[ ! -e never ] || fail "a folder was left"
works train lenet5 data --epochs 2 --recipe small --optimizer adamw --lr 0.002 --ema 0.9 --clip-norm 1 --keep 1 \
    --tensorboard --setting milestones=3,4,patience=9 --out recipe --quiet
for setting in '"recipe": *"small"' '"optimizer": *"adamw"' '"ema": *0.9' '"milestones": *"3,4"' '"patience": *9' \
    '"tensorboard": *true'; do
    grep -q "$setting" recipe/args.json || fail "no $setting in $(cat recipe/args.json)"
done
[ "$(ls recipe/weights/top | wc -l)" = 1 ] || fail "kept: $(ls recipe/weights/top)"
ls recipe/events.out.tfevents.* >/dev/null || fail "no event file"
works train lenet5 data --epochs 1 --init again/weights/last.safetensors --freeze body --out tuned
grep -q '^it begins from weights: recipe finetune' err || fail "the recipe is not said: $(cat err)"
grep -q '"recipe": *"finetune"' tuned/args.json || fail "weights to begin from do not ask for fine-tuning"
works train lenet5 data --epochs 1 --init again/weights/last.safetensors --recipe none --out plain --quiet
grep -q '"recipe": *null' plain/args.json || fail "--recipe none"

# The search for a learning rate draws a curve and trains nothing.
works train lenet5 data --find-lr -o rates.svg
has '^learning rate  [0-9.e-]*, a tenth of that at which' '^curve  *rates.svg$'
grep -q '<svg' rates.svg || fail "rates.svg is no picture"
fails 2 "svg, .pdf or .png" train lenet5 data --find-lr -o rates.txt

# A finished run prints its result again; what it was made with cannot be changed.
works train --resume again --json
json run best_epoch best_top1
fails 2 "takes --epochs from the run" train --resume again --epochs 9
fails 2 "takes model and data" train lenet5 data --resume again
grep -v '"accumulate"\|"recompute"' again/args.json >args && cp args again/args.json
works train --resume again --json
works report again
has '^again/report.html$'

# Several runs are compared, in what differs between them.
works report again plain tuned -o both.html
has '^both.html$'
for word in '<h1>3 runs</h1>' '<td>recipe' '<td>finetune' 'Okabe\|stroke'; do
    grep -q "$word" both.html || fail "both.html has no $word"
done
grep -q '<td>optimizer' both.html && fail "both.html tells a setting that is the same in all"
works report again plain
has '^comparison.html$'
fails 2 "goes with several runs" report again -o one.html

# Less memory: the same result, or gradients of parts.
works train lenet5 data --epochs 1 --batch 16 --recompute --out less --quiet
works train lenet5 data --epochs 1 --batch 16 --out more --quiet
cmp less/weights/last.safetensors more/weights/last.safetensors || fail "--recompute changes the weights"
works train lenet5 data --epochs 1 --batch 16 --accumulate 4 --out parts --quiet
fails 2 "accumulate: expected a divisor of the batch of 16, found 3" train lenet5 data --batch 16 --accumulate 3

# A signal ends it at the next step with a checkpoint.
timeout --preserve-status -s TERM 3 "$CAIRN" train lenet5 data --epochs 100000 --out stopped >out 2>err
code=$?
[ $code = 75 ] || fail "SIGTERM: ended with $code: $(cat err)"
grep -q 'cairn train --resume stopped$' err || fail "not said how to go on: $(cat err)"

# Two signals at once: the second leaves without waiting, and the run is still there.
"$CAIRN" train lenet5 data --epochs 100000 --out twice >out 2>err &
child=$!
sleep 3
kill -STOP $child
kill -TERM $child
kill -INT $child
kill -CONT $child
wait $child
code=$?
[ $code = 143 ] || [ $code = 130 ] || fail "two signals: ended with $code: $(cat err)"
timeout --preserve-status -s TERM 3 "$CAIRN" train --resume twice --quiet >out 2>err
[ $? = 75 ] || fail "resumed after two signals: $(cat err)"

# Diverging is a numeric failure.
"$CAIRN" train lenet5.tutorial data --epochs 50 --lr 1000000 --quiet --out diverged >out 2>err
[ $? = 6 ] || fail "diverged: $(cat err)"
finish
