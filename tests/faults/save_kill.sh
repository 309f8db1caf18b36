# SIGKILL at each system call by which a training writes its folder: what is left goes on to the same bits.
. "${0%/*}/common.sh"
need_strace
prepare 100 2

calls=openat,write,pwrite64,fsync,fdatasync,close,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,ftruncate
calls_on_run $calls >points || fail "the traced run failed"
every 8 <points >chosen
while read -r call count; do
    disturbed "$work/run" "$call:signal=KILL:when=$count"
    code=$?
    if [ $code != 137 ]; then
        fail "killed at $call $count: ended with $code"
    fi
    recovers "$work/run" "killed at $call $count"
done <chosen
finish
