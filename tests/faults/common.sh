# Sourced by the fault tests: a small data set, short trainings, and what must hold whatever was done to them.
# CAIRN is the command, MAKE_IDX makes the data. CAIRN_FAULTS=full runs every case instead of a share of them.
set -u
work=$(mktemp -d "$PWD/faults.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1
failures=0
cases=0
network=lenet5 # what is trained, and how
options="--batch 50"
full=$([ "${CAIRN_FAULTS:-}" = full ] && echo 1 || echo 0)

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# prepare IMAGES EPOCHS: data, and the undisturbed run that all others are compared with.
prepare() {
    epochs=$2
    mkdir data
    "$MAKE_IDX" data "$1" 200
    train "$work/reference" || { fail "the undisturbed run ended with $?"; finish; }
    expected=$(weights "$work/reference")
}

# train DIR [OPTION...]
train() {
    "$CAIRN" train $network "$work/data" --out "$@" --epochs "$epochs" $options --threads 2 --quiet \
        >/dev/null 2>>"$work/log"
}

# weights DIR: what identifies the result.
weights() {
    sha256sum <"$1/weights/last.safetensors"
}

# recovers DIR CASE: the run in DIR, whatever state it was left in, ends in the same bits as the undisturbed one and
# leaves no rubbish. A run that had not written its settings yet is begun anew.
recovers() {
    : >"$work/log"
    if [ -e "$1/args.json" ]; then
        "$CAIRN" train --resume "$1" --quiet >/dev/null 2>>"$work/log"
    else
        train "$1"
    fi
    code=$?
    if [ $code != 0 ]; then
        fail "$2: going on ended with $code: $(tail -n 1 "$work/log")"
    elif [ "$(weights "$1")" != "$expected" ]; then
        fail "$2: other weights than the undisturbed run"
    elif [ -n "$(find "$1" -name '*.tmp*')" ]; then
        fail "$2: left behind: $(find "$1" -name '*.tmp*')"
    fi
    cases=$((cases + 1))
    rm -rf "$1"
}

# calls_on_run CALL,...: the system calls of a training that touch its folder, a line each: name and how often the main
# thread had called it then, which is how strace counts.
calls_on_run() {
    strace -f -y -qq -s 0 -o trace -e "trace=$1" "$CAIRN" train $network "$work/data" --out "$work/traced" \
        --epochs "$epochs" $options --threads 2 --quiet >/dev/null 2>&1 || return 1
    awk -v folder="$work/traced" '
        NR == 1 { main = $1 }
        $1 == main && match($0, /^[0-9]+ +[a-z0-9_]+\(/) {
            call = $2
            sub(/\(.*/, "", call)
            count[call]++
            if (index($0, folder))
                print call, count[call]
        }' trace
    rm -rf traced trace
}

# disturbed DIR INJECTION: a training in which strace does something at one call.
disturbed() {
    (strace -f -qq -o /dev/null -e "trace=${2%%:*}" -e "inject=$2" "$CAIRN" train $network "$work/data" --out "$1" \
        --epochs "$epochs" $options --threads 2 --quiet >/dev/null 2>&1
        exit $?) 2>/dev/null # with the shell's own word about it
}

# every SHARE: lets every SHARE-th line through, all of them in a full run.
every() {
    awk -v share="$([ "$full" = 1 ] && echo 1 || echo "$1")" 'NR % share == 0 || NR == 1'
}

# begin SIGNAL SECONDS: a training that the signal meets after some time; the code it ended with.
begin() {
    timeout --foreground --preserve-status -s "$1" "$2" env --default-signal="$1" \
        "$CAIRN" train $network "$work/data" --out "$work/run" --epochs "$epochs" $options --threads 2 --quiet \
        >/dev/null 2>>"$work/log"
}

# interrupted COUNT SECONDS SIGNAL...: trainings that one of the signals meets at random moments; sets stopped, how many
# it met.
interrupted() {
    length=$2
    moments "$1" "$length" >chosen
    shift 2
    stopped=0
    while read -r moment; do
        signal=$1
        shift
        set -- "$@" "$signal"
        begin "$signal" "$moment"
        code=$?
        case $code in
        0) ;; # had ended before
        75) stopped=$((stopped + 1)) ;;
        *) [ ! -e run/args.json ] || fail "SIG$signal after $moment of $length s: ended with $code" ;;
        esac
        recovers "$work/run" "SIG$signal after $moment of $length s"
    done <chosen
}

# moments COUNT SECONDS: points in time, evenly spread with some chance, the same every time.
moments() {
    awk -v n="$1" -v seconds="$2" 'BEGIN { srand(1); for (i = 0; i < n; i++) printf "%.3f\n", (i + rand()) / n * seconds }'
}

# training_seconds: how long a training takes when little else runs: the least of three.
training_seconds() {
    for run in 1 2 3; do
        start=$(date +%s.%N)
        train "$work/timed$run"
        echo "$start $(date +%s.%N)"
        rm -rf "$work/timed$run"
    done | awk '{ s = $2 - $1; if (NR == 1 || s < least) least = s } END { printf "%.3f\n", least }'
}

need_strace() {
    if ! strace -qq -o /dev/null true 2>/dev/null; then
        echo "skipped: strace cannot trace here"
        exit 77
    fi
}

finish() {
    echo "$cases cases, $failures failures"
    [ "$failures" = 0 ] && [ "$cases" != 0 ]
    exit
}
