#!/bin/sh
# setup.sh GROUP...   installs the Debian packages of the named groups, if any of them is missing.
#   build  compiler and libraries      data   Fashion-MNIST and a font for pictures
#   test   what the tests add          bench  what the comparison with peers adds
#   aarch64  cross-compiler and emulator of 64-bit ARM
# As root, or through sudo. Does nothing, and asks for nothing, when all are there.
set -eu

packages() {
    case $1 in
    build) echo gcc libc6-dev cmake ninja-build pkg-config libcairo2-dev libjansson-dev libjpeg-dev libpng-dev \
        libpopt-dev libpthreadpool-dev libzip-dev zlib1g-dev ;;
    data) echo dataset-fashion-mnist fonts-dejavu-core ;;
    test) echo g++ libcmocka-dev strace ;;
    bench) echo python3-venv ;;
    aarch64) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user ;;
    *) echo "setup.sh: no group '$1' (build, data, test, bench, aarch64)" >&2; exit 2 ;;
    esac
}

if ! command -v dpkg-query >/dev/null; then
    echo "setup.sh: not a Debian system; going on with what is installed" >&2
    exit 0
fi
missing=
for group; do
    for package in $(packages "$group"); do
        case $(dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null || true) in
        *"install ok installed"*) ;;
        *) missing="$missing $package" ;;
        esac
    done
done
[ -n "$missing" ] || exit 0

give_up() {
    printf '%s\nInstall these packages, then try again:\n  apt-get install%s\n' "$1" "$missing" >&2
    exit 1
}
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    give_up "Packages are missing, and this is neither root nor is there sudo."
fi

cd "$(dirname "$0")/.."
mkdir -p build
log=build/setup.log
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 ||
        { tail -n 15 "$log" >&2; give_up "apt-get failed (no network?); all of its output: $log"; }
}
echo "Installing Debian packages:$missing"
: >"$log"
apt update
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $missing
