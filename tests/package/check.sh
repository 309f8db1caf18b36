# check.sh WAY STAGE LIBDIR BUILD CC   builds the project beside this file against the library installed in STAGE, the
# WAY being cmake-shared, cmake-static or pkg-config, and runs it.
set -eu
way=$1
stage=$2
libdir=$3
build=$4/$way
cc=$5
source=$(dirname "$0")
program=$build/lenet5

rm -rf "$build"
mkdir -p "$build"
case $way in
cmake-*)
    cmake -S "$source" -B "$build" -G Ninja -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$stage" \
        -DKIND="${way#cmake-}" >"$build/log"
    cmake --build "$build" >>"$build/log"
    ;;
pkg-config)
    PKG_CONFIG_PATH=$stage/$libdir/pkgconfig
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046 # words
    "$cc" -std=c11 -Wall -Wextra -Werror "$source/lenet5.c" -o "$program" $(pkg-config --cflags --libs cairn) \
        -Wl,-rpath,"$stage/$libdir"
    ;;
esac
case $way in
cmake-static) wanted=0 ;;
*) wanted=1 ;;
esac
if [ "$(ldd "$program" | grep -c libcairn || true)" != "$wanted" ]; then
    echo "$program does not use the library that was asked for"
    exit 1
fi

output=$("$program")
echo "$output"
case $output in
*" 61706 parameters, first score 0") ;;
*)
    echo "expected 61706 parameters and a score of 0 for an empty picture"
    exit 1
    ;;
esac

# What else an installation has.
for file in bin/cairn share/man/man1/cairn.1 share/bash-completion/completions/cairn \
    share/zsh/site-functions/_cairn share/doc/cairn/LICENSE include/cairn/cairn.h; do
    if [ ! -s "$stage/$file" ]; then
        echo "not installed: $file"
        exit 1
    fi
done
"$stage/bin/cairn" --version
