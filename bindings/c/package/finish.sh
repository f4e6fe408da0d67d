#!/bin/sh
# finish.sh ARCHIVE FOLDER VERSION: from cargo's static library the two libraries that are installed, in FOLDER.
#
# Cargo's archive has Rust's standard library beside centra in hundreds of members, with bitcode and debug information. Here one object
# is made of what the functions of the header need; all other names in it become local. So libcentra.a shares a link with another
# Rust library without a clash, and libcentra.so, which is linked from the same object, exports the header and nothing else.
set -eu
archive=$1 folder=$2 version=$3
here=$(cd "$(dirname "$0")" && pwd)
made=$folder/made
rm -rf "$made"
mkdir -p "$made"
"$here/functions.sh" "$here/../../../include/centra.h" > "$made/functions"

case $(uname -s) in
Darwin)
    sed 's/^/_/' "$made/functions" > "$made/exported"
    "${LD:-ld}" -r $(sed 's/^/-u /' "$made/exported") -exported_symbols_list "$made/exported" "$archive" -o "$made/centra.o"
    shared=libcentra.$version.dylib soname=libcentra.${version%%.*}.dylib plain=libcentra.dylib
    "${CC:-cc}" -dynamiclib -install_name "@rpath/$soname" -current_version "$version" -Wl,-dead_strip "$made/centra.o" \
        -o "$made/$shared"
    ;;
*)
    needed=$(sed 's/^/-u /' "$made/functions")
    "${LD:-ld}" -r --gc-sections --force-group-allocation $needed "$archive" -o "$made/all.o"
    "${OBJCOPY:-objcopy}" --keep-global-symbols="$made/functions" --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd \
        "$made/all.o" "$made/local.o"
    # Now that names of the standard library are local, what nothing calls can go.
    "${LD:-ld}" -r --gc-sections --force-group-allocation $needed "$made/local.o" -o "$made/centra.o"
    shared=libcentra.so.$version soname=libcentra.so.${version%%.*} plain=libcentra.so
    "${CC:-cc}" -shared -Wl,-soname,"$soname" -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,--gc-sections -Wl,--strip-all "$made/centra.o" \
        -lpthread -lm -ldl -o "$made/$shared"
    ;;
esac
"${AR:-ar}" rcs "$made/libcentra.a" "$made/centra.o"
ln -s "$shared" "$made/$soname"
ln -s "$soname" "$made/$plain"
rm -f "$folder"/libcentra.*
mv "$made"/libcentra.* "$folder"
rm -r "$made"
