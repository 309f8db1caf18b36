# A full disk and a failing one at each system call by which a training writes its folder: it goes on, or ends with 4,
# and loses nothing that it had.
. "${0%/*}/common.sh"
need_strace
prepare 100 2

# disturb CALL COUNT ERROR
disturb() {
    disturbed "$work/run" "$1:error=$3:when=$2"
    code=$?
    case $code in
    0) [ "$(weights "$work/run")" = "$expected" ] || fail "$3 at $1 $2: other weights" ;;
    4) ;;
    *) fail "$3 at $1 $2: ended with $code" ;;
    esac
    if [ -n "$(find run -name '*.tmp*' 2>/dev/null)" ]; then
        fail "$3 at $1 $2: left behind: $(find run -name '*.tmp*')"
    fi
    recovers "$work/run" "$3 at $1 $2"
}

calls_on_run openat,write,fsync,close,rename,mkdir >points || fail "the traced run failed"
every 12 <points >chosen
while read -r call count; do
    case $call in
    close) disturb "$call" "$count" EIO ;;
    fsync | rename) disturb "$call" "$count" EIO && disturb "$call" "$count" ENOSPC ;;
    *) disturb "$call" "$count" ENOSPC ;;
    esac
done <chosen

# From some write on, all of them.
grep '^write' points | every 15 >chosen
while read -r call count; do
    disturb "$call" "$count+" ENOSPC
done <chosen
finish
