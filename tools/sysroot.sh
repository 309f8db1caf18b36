#!/bin/sh
# sysroot.sh FOLDER   unpacks the AArch64 libraries that the library and its tests need into FOLDER, to compile
# against and to run with qemu-user. Debian's packages are only unpacked: the system stays as it is, and nobody needs
# to be root. Does nothing when FOLDER is there.
set -eu
folder=$1
[ ! -d "$folder" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "sysroot.sh: needs a Debian system" >&2
    exit 1
fi
mkdir -p "$folder.apt/lists/partial" "$folder.apt/cache/archives/partial"
state=$(cd "$folder.apt" && pwd)
: >"$state/status"

apt() {
    apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Install-Recommends=false \
        -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o APT::Sandbox::User= -o Debug::NoLocking=true "$@" >>"$state/log" 2>&1 ||
        { tail -n 15 "$state/log" >&2; exit 1; }
}
echo "Fetching AArch64 libraries into $folder"
apt update
apt install --download-only -y libc6-dev libcairo2-dev libcmocka-dev libjansson-dev libjpeg-dev libpng-dev libpopt-dev \
    libpthreadpool-dev libzip-dev zlib1g-dev

# Libraries lie in /usr/lib alone, so that absolute links between the two places become needless.
mkdir -p "$state/root/usr/lib"
ln -s usr/lib "$state/root/lib"
for package in "$state"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$state/root"
done
find "$state/root/usr/lib" -type l -lname '/*' | while read -r link; do
    ln -sfr "$state/root$(readlink "$link")" "$link"
done
mv "$state/root" "$folder"
rm -rf "$state"
