#!/bin/sh
# Run in the source tree: makes ../centra_VERSION.orig-vendor.tar.xz of the crates that the library is built from.
set -eu
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r Cargo.lock src "$scratch"
sed '/^\[dev-dependencies\]/,/^$/d; /^\[\[bench\]\]/,$d' Cargo.toml >"$scratch/Cargo.toml"
(cd "$scratch" && cargo vendor --quiet >/dev/null)
tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner -cJf "../centra_$version.orig-vendor.tar.xz" vendor
