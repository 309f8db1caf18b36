# Sourced at the top of the tree: what programs keep for themselves (indexes of fonts, temporary files) goes into build/,
# not into the home directory or the system's caches.
mkdir -p build/cache build/tmp
XDG_CACHE_HOME=$PWD/build/cache
FONTCONFIG_FILE=$PWD/tools/fonts.conf
TMPDIR=$PWD/build/tmp
export XDG_CACHE_HOME FONTCONFIG_FILE TMPDIR
