#!/usr/bin/env bash
# What `cargo package` makes of the crate, unpacked: a program that depends on it, as docs/from/rust.md says, also with the oldest Rust that
# is promised, and the demo; run by `make check-crate`.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset CARGO_TARGET_DIR "${!CARGO_PROFILE_@}"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$tree/Cargo.toml" | head -n 1)
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$tree/Cargo.toml")
page=$tree/docs/from/rust.md
is() { printf 'crate: %s\n' "$*"; }
block() { "$tree/tests/block.sh" "$page" "$@"; }

(cd "$tree" && cargo package --quiet --allow-dirty --no-verify --target-dir "$scratch/package")
crate=$scratch/package/package/centra-$version.crate
is "the package has $(($(wc -c <"$crate") / 1024)) KiB"
tar -xzf "$crate" -C "$scratch"
mv "$scratch/centra-$version" "$scratch/centra"

is 'a program that depends on it'
mkdir -p "$scratch/program/src"
cd "$scratch/program"
{
    printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2021"\n\n'
    block toml 1
} >Cargo.toml
block rust 1 >src/main.rs
block sh 1 >commands
sh -eu commands 2>said >printed || { cat said; exit 1; }
diff -u <(block text 1) printed
if grep -i 'warning' said; then exit 1; fi
if find target \( -name 'libcentra*.a' -o -name 'libcentra*.so' \) | grep .; then
    echo 'a dependent builds libraries of C'
    exit 1
fi

if rustup run "$oldest" cargo --version >/dev/null 2>&1; then
    is "Rust $oldest, with and without the feature"
    rustup run "$oldest" cargo check --quiet --target-dir oldest
    sed -i 's|^centra = { path = "../centra" }|centra = { path = "../centra", features = ["ndarray"] }|' Cargo.toml
    rustup run "$oldest" cargo check --quiet --target-dir oldest
else
    echo "Rust $oldest is missing, so it is not tried (rustup toolchain install $oldest); \`make lint\` knows what its standard library has" >&2
    test -z "${CI:-}"
fi

is 'make demo'
cd "$scratch/centra"
make demo >"$scratch/said" 2>&1 || { cat "$scratch/said"; exit 1; }
