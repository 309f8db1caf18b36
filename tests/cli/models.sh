# models: the zoo as a table, as JSON, and the story of one network.
. "${0%/*}/common.sh"

works models
has '^name  *family  *flavour  *year  *input  *classes  *params  *MACs  *paper$' \
    '^lenet5  *LeNet  *classic  *1998  *32x32x1  *10  *61.7 k  *417 k  LeCun' '^lenet5.paper ' '^lenet5.tutorial .* 520 k '
works models --json
json name family flavour year input classes params macs paper
has '"name": "lenet5", "family": "LeNet", .*"input": \[32, 32, 1\], "classes": 10, "params": 61706, "macs": 416520' \
    '"name": "lenet5.paper", .*"params": 60850, "macs": 326520' \
    '"name": "lenet5.tutorial", .*"params": 520082, "macs": 1285000'
works models --family lenet
[ "$(wc -l <out)" -ge 4 ] || fail "family lenet: $(cat out)"
works models lenet5.paper
has 'LeNet, 1998' '60,850 parameters' '\-\-set output=linear|rbf'
narrow out
works models resnet50
has '25,557,032 parameters and 53,120 statistics' '4,089,184,256 multiply-accumulates' 'cairn train resnet50 FOLDER' \
    '^--set shortcut=B|' 'Others of the family: resnet50.paper, resnet50.keras'
narrow out
works models resnet18v2
has '^resnetv2_18   ResNetV2, 2016, timm; also called resnet18v2$'
works models --family resnet --json
json name params
has '"name": "resnet152", .*"params": 60192808, "macs": 11513626624' '"name": "resnet50.keras", .*"flavour": "keras"'
works models lenet5 --json
json name params
has '^\[{"name": "lenet5", .*}\]$'

# Every story fits on a screen, says who published the network, and how to train it.
"$CAIRN" models | awk 'NR > 1 { print $1 }' >names
[ "$(wc -l <names)" -ge 76 ] || fail "only $(wc -l <names) networks"
while read -r name; do
    works models "$name"
    has "^$name   " ", [12][0-9][0-9][0-9]$" 'multiply-accumulates' "^.cairn train $name "
    narrow out
    grep -nE '[a-z]{4}\.([A-Z]|[0-9]+ )' out && fail "the story of $name has sentences without a space between"
    [ "$(wc -l <out)" -le 42 ] || fail "the story of $name takes $(wc -l <out) lines"
done <names
finish
