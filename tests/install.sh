#!/bin/sh
# install.sh BUILD ROOT: installs into a temporary folder, builds examples/recognise.c against it through pkg-config, with
# the shared and with the static library, and runs it.
echo 1..3
build=$1 root=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
result() { if [ "$1" = 0 ]; then echo "ok $2"; else echo "not ok $2"; sed 's/^/# /' "$folder/log"; fi; }

DESTDIR=$folder/to meson install -C "$build" --no-rebuild >"$folder/log" 2>&1
status=$?
config=$(find "$folder/to" -name tenfold.pc | head -n 1)
[ $status = 0 ] && [ -n "$config" ] && [ -n "$(find "$folder/to" -name tenfold.h)" ] && [ -n "$(find "$folder/to" -name tenfold -type f)" ]
result $? "1 - meson install puts header, libraries, program and pkg-config file"

export PKG_CONFIG_PATH="${config%/*}" PKG_CONFIG_SYSROOT_DIR="$folder/to"
libraries=$(dirname "${config%/*}")
number=2
for kind in "" --static; do
    if [ -n "$kind" ]; then rm -f "$libraries"/libtenfold.so*; fi
    # shellcheck disable=SC2046 # a list of words
    ${CC:-cc} -Wall -Werror "$root/examples/recognise.c" $(pkg-config --cflags --libs $kind tenfold) -o "$folder/recognise" \
        >"$folder/log" 2>&1 && LD_LIBRARY_PATH=$libraries "$folder/recognise" "$folder/none.safetensors" x.png >"$folder/log" 2>&1
    # it runs, and says that there is no such model
    [ $? = 1 ] && grep -q 'none.safetensors: No such file' "$folder/log"
    result $? "$number - an embedding program builds and runs (pkg-config $kind)"
    number=$((number + 1))
done
