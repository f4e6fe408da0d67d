#!/bin/sh
# rustc.sh TARGET FOLDER: names a rustc that compiles for TARGET. If the one on the PATH has no standard library for it, Debian's is fetched
# into FOLDER, without installing it; Debian has one for AArch64.
set -eu
target=$1
. "$(dirname "$0")/debian.sh"
mkdir -p "$2"
folder=$(cd "$2" && pwd)

if ls "$(rustc --print target-libdir --target "$target")"/libstd-* >/dev/null 2>&1; then
    command -v rustc
    exit
fi
case $target in
aarch64-unknown-linux-gnu) ;;
*)
    echo "rustc has no standard library for $target: rustup target add $target" >&2
    exit 1
    ;;
esac
debian=$folder/debian
if ! test -e "$debian/made"; then
    rm -rf "$debian"
    mkdir -p "$debian"
    cd "$debian"
    {
        # Packages of this architecture, and the standard library for the other.
        lists_of_arm64
        version=$(apt-cache policy rustc-web | sed -n 's/ *Candidate: //p')
        library=libstd-rust-web-$(echo "$version" | cut -d. -f1-2)
        llvm=$(apt-cache depends "$library=$version" | sed -n 's/ *Depends: \(libllvm.*\)/\1/p')
        unpack "rustc-web=$version" "$library=$version" "$llvm" libz3-4 "libstd-rust-web-dev=$version" "libstd-rust-web-dev:arm64=$version"
        touch made
    } >&2
fi
printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" --sysroot "%s" "$@"\n' \
    "$debian/usr/lib/$(uname -m)-linux-gnu" "$debian/usr/bin/rustc" "$debian/usr" >"$folder/rustc"
chmod +x "$folder/rustc"
echo "$folder/rustc"
