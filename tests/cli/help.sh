# help, manual page and completions, all from the same tables.
. "${0%/*}/common.sh"

works --version
has '^cairn [0-9][0-9.]*$'
works --help
verbs=$(sed -n 's/^  \([a-z]*\) .*/\1/p' out | grep -v cairn)
for verb in models summary draw train eval predict inspect convert bench report doctor help; do
    echo "$verbs" | grep -qx $verb || fail "$verb is not in the overview"
done
works help
works help --man
cp out man
works help --bash-completion
cp out bash
works help --zsh-completion
cp out zsh
for verb in $verbs; do
    works "$verb" --help
    has "^cairn $verb: " "^  cairn " "^usage: cairn $verb" '^  -h, --help'
    cp out long
    works help "$verb"
    cmp -s out long || fail "help $verb differs from $verb --help"
    works "$verb" -h
    grep -q "^\.SS cairn $verb" man || fail "$verb is not in the manual page"
    for option in $(sed -n 's/^  .*  *--\([a-z-]*\).*/\1/p' long); do
        grep -q -e "--$option" bash && grep -q -e "--$option" zsh || fail "$option has no completion"
    done
    narrow long
done
fails 2 "unknown verb 'xyzzy'" help xyzzy
if command -v bash >/dev/null; then
    bash -n bash || fail "completions for bash"
    bash -c '. ./bash; COMP_WORDS=(cairn trai); COMP_CWORD=1; _cairn; [ "${COMPREPLY[*]}" = train ]' || fail "verb"
    bash -c '. ./bash; COMP_WORDS=(cairn train lenet5.t); COMP_CWORD=2; _cairn
             [ "${COMPREPLY[*]}" = lenet5.tutorial ]' || fail "model"
    bash -c '. ./bash; COMP_WORDS=(cairn train x --schedule cos); COMP_CWORD=4; _cairn
             [ "${COMPREPLY[*]}" = cosine ]' || fail "choice"
fi
if command -v zsh >/dev/null; then
    zsh -n zsh || fail "completions for zsh"
fi
if command -v groff >/dev/null; then
    [ -z "$(groff -man -Tutf8 -ww -z man 2>&1)" ] || fail "manual page: $(groff -man -Tutf8 -ww -z man 2>&1)"
fi
finish
