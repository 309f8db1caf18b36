# parity PARITY GOLDEN: numbers that are wrong must be a breach, files that are not as documented a clean error. The
# first network of the golden data serves for all, with one thing changed at a time.
set -u
parity=$1
golden=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-parity.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp -r "$golden/index.json" "$work"
mkdir "$work/nets"
failures=0
cases=0
export NETWORKS=paper_lenet5

# run SED-SCRIPT: the comparison with the network changed so; its output in `out`.
run() {
    cases=$((cases + 1))
    cp "$golden/nets"/paper_lenet5*.json "$work/nets"
    sed -i "$1" "$work/nets/paper_lenet5.json"
    "$parity" "$work" >"$work/out" 2>&1
    code=$?
}

# breach WORDS SED-SCRIPT: exit 1, and a line of that network holds the words.
breach() {
    run "$2"
    if [ $code != 1 ] || ! grep -q "^paper_lenet5 .*$1" "$work/out"; then
        echo "FAIL: $2: exit $code instead of 1 and '$1': $(head -c 600 "$work/out")"
        failures=$((failures + 1))
    fi
}

run ''
[ $code = 0 ] || { echo "FAIL: unchanged: $(head -c 600 "$work/out")"; failures=1; }
breach 'double.* BREACH' 's/"logits":\[/&\n[9,0,0,0,0,0,0,0,0,0],/; /^ *\[0.546015579/d'
breach 'single.* BREACH' 's/1.46197957/1.46697957/'
breach 'double.* BREACH' 's/1.46197957/1.46197959/; s/1.81770055/1.81770155/'
breach 'single.* BREACH' 's/"weight_decay":0.0001/"weight_decay":0.05/'
breach 'single.* BREACH' 's/"momentum":0.9/"momentum":0.5/'
breach 'params 61706 (wrong)' 's/"params_trainable":61706/"params_trainable":61707/'
breach 'eval.batch: expected an integer' 's/"batch":2/"batch":0/'
breach 'eval.logits: expected 3 rows' 's/"batch":2/"batch":3/'
breach 'train.labels: expected 4 classes from 0 to 9' 's/\[3,0,7,4\]/[3,0,7,10]/'
breach 'train.losses: expected 4 numbers' 's/"losses":/"lost":/'
breach 'train.grads: expected a table' 's/"grads":/"gradients":/'
breach 'params\[0\]: expected a name' 's/"conv1.weight",\[6,1,5,5\],"w"/"conv1.weight",[6,1,5,5],null/'
breach 'params\[0\]: expected a name' 's/"conv1.weight",\[6,1,5,5\]/null,[6,1,5,5]/'
breach "tensor 'conv1.weight' has the wrong shape" 's/"conv1.weight",\[6,1,5,5\]/"conv1.weight",[6,1,3,3]/'
breach 'nets/paper_lenet5.json: ' '1s/{/{{/'
sed -i 's/"zoo": "lenet5"/"zoo": "lenet55"/' "$work/index.json"
breach "no network 'lenet55'" ''
echo "$cases cases, $failures failures"
[ "$failures" = 0 ]
