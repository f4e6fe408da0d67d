#!/bin/sh
# The library on AArch64, which qemu runs: C programs that compare it with a naive implementation and with tests/data/golden.txt, and
# random calls, whose answers are those of the library of this machine to the bit. It is built with the assertions of the source on. All of it runs
# with each level: portable code, NEON of a processor without products of bytes, of one that has them, and of one that has those of matrices, too.
#
#     tests/aarch64.sh FOLDER LIBRARY
#
# FOLDER is where things are built, and where a compiler for AArch64 is fetched to if rustc has none: Debian's, without installing it.
# LIBRARY is this machine's libcentra.a, and what a program needs besides.
set -eu
folder=$1
shift
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
target=aarch64-unknown-linux-gnu

RUSTC=$(tests/rustc.sh $target "$folder")
export RUSTC

# Integers overflow here where they do on x86-64, where all tests look for it, and these checks are much work for the compiler.
CARGO_TARGET_DIR="$folder" CARGO_PROFILE_DEV_OVERFLOW_CHECKS=false CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    cargo rustc --quiet --lib --crate-type staticlib --target $target

flags='-std=c11 -O1 -ffp-contract=off -Iinclude -Itests/c'
# The instruction set and the processor, then the program.
emulate() {
    isa=$1 cpu=$2
    shift 2
    CENTRA_ISA=$isa qemu-aarch64-static -L /usr/aarch64-linux-gnu -cpu "$cpu" "$@"
}
levels='portable:max neon:cortex-a53 neon:neoverse-n1 neon:max'
# Whether these processors have products of bytes, and of matrices.
aarch64-linux-gnu-gcc -x c - -o "$folder/products" <<'EOF'
#include <stdio.h>
#include <sys/auxv.h>
int main(void) {
    int bytes = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0, matrices = (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
    printf("%d%d ", bytes, matrices);
}
EOF
products=$(for cpu in cortex-a53 neoverse-n1 max; do emulate neon $cpu "$folder/products"; done)
if test "$products" != '00 10 11 '; then
    echo "qemu's processors should have no products of bytes, these, and those of matrices, too: 00 10 11, not $products" >&2
    exit 1
fi
for name in answers coordinates golden many stream; do
    # shellcheck disable=SC2086 # flags are words
    aarch64-linux-gnu-gcc $flags tests/c/$name.c "$folder/$target/debug/libcentra.a" -lpthread -lm -ldl -o "$folder/$name"
    for level in $levels; do
        emulate "${level%:*}" "${level#*:}" "$folder/$name"
    done
done
# shellcheck disable=SC2086
aarch64-linux-gnu-gcc $flags tests/c/differential.c "$folder/$target/debug/libcentra.a" -lpthread -lm -ldl -o "$folder/differential"
# shellcheck disable=SC2086
${CC:-cc} $flags tests/c/differential.c "$@" -o "$folder/differential-here"
seed=$(date +%s)
"$folder/differential-here" "$seed" 200 >"$folder/here"
for level in $levels; do
    emulate "${level%:*}" "${level#*:}" "$folder/differential" "$seed" 200 >"$folder/there"
    diff "$folder/here" "$folder/there"
    echo "differential: 200 random calls from seed $seed have the same answers here and with $level"
done
