#!/usr/bin/env bash
# recipes.sh FOLDER: builds by the recipes of bindings/recipes, from an archive of the tree in FOLDER, and a program with each result. What
# stands in for conda-build, vcpkg and Spack is in the files beside this one; Debian's packages are built by its own tools, and lintian reads them.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
here=$tree/tests/packages
recipes=$tree/bindings/recipes
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$tree/Cargo.toml" | head -n 1)
is() { printf 'recipes: %s\n' "$*"; }
need() {
    command -v "$1" >/dev/null && return
    echo "$1 is missing, so what needs it was left out (Debian: apt-get install $2)" >&2
    [[ -z ${CI:-} ]] || exit 1
    return 1
}
answers() {
    "$@" >"$folder/printed"
    grep -qx 'inertia 2.66667 after 1 iterations' "$folder/printed" || { cat "$folder/printed"; exit 1; }
}
# What is tracked, as an archive of a release has it.
archive() {
    rm -rf "$1"
    mkdir -p "$1"
    git -C "$tree" ls-files -z | tar -C "$tree" --null -T - -c | tar -x -C "$1"
}
# Programs with the library that pkg-config finds.
program() {
    eval "${CC:-cc} '$tree/bindings/c/minimal.c' $(pkg-config --cflags --libs centra) -Wl,-rpath,$(pkg-config --variable=libdir centra) -o '$folder/shared'"
    answers "$folder/shared"
    eval "${CC:-cc} -static '$tree/bindings/c/minimal.c' $(pkg-config --cflags --libs --static centra) -o '$folder/static'"
    answers "$folder/static"
}
unset DESTDIR PREFIX LIBDIR INCLUDEDIR MAKEFLAGS MFLAGS TARGET
export CARGO_TARGET_DIR="$folder/cargo"
source=$folder/source
archive "$source"
tools=$folder/tools
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.8,<2' 'cffi>=1.16' 'numpy>=1.24' jinja2 pyyaml

is 'conda: the script of libcentra into an empty prefix'
rm -rf "$folder/conda"
mkdir "$folder/conda"
if ! command -v cargo-bundle-licenses >/dev/null; then
    is 'cargo-bundle-licenses is missing (cargo install cargo-bundle-licenses), so a file in its name has the licences'
    mkdir -p "$folder/bin"
    printf '#!/bin/sh\ntest "$*" = "--format yaml --output THIRDPARTY.yml"\ntouch THIRDPARTY.yml\n' >"$folder/bin/cargo-bundle-licenses"
    chmod +x "$folder/bin/cargo-bundle-licenses"
    PATH=$PATH:$folder/bin
fi
script() { "$tools/bin/python" -B "$here/conda.py" "$recipes/conda/meta.yaml" "$1"; }
script libcentra >"$folder/script"
(cd "$source" && PREFIX=$folder/conda bash -euo pipefail "$folder/script")
test -e "$source/THIRDPARTY.yml"
PKG_CONFIG_PATH=$folder/conda/lib/pkgconfig program

is 'vcpkg: the portfile, and a project that finds the package in share'
if need cmake cmake; then
    rm -rf "$folder/vcpkg"
    cmake -DPORT_DIR="$recipes/vcpkg" -DSOURCE="$source" -DPACKAGES="$folder/vcpkg/packages" -P "$here/vcpkg.cmake"
    test -s "$folder/vcpkg/packages/share/centra/copyright"
    cmake -S "$tree/bindings/cpp/example" -B "$folder/vcpkg/example" -Dcentra_DIR="$folder/vcpkg/packages/share/centra" >/dev/null
    cmake --build "$folder/vcpkg/example" >/dev/null
    "$tree/tests/block.sh" "$tree/bindings/cpp/README.md" text | diff - <("$folder/vcpkg/example/example")
fi

is 'Spack: build, install and the test after it'
rm -rf "$folder/spack"
python3 -B "$here/spack.py" "$recipes/spack/package.py" "$source" "$folder/spack"
PKG_CONFIG_PATH=$folder/spack/lib/pkgconfig program

if need dpkg-buildpackage dpkg-dev && need dh debhelper && need lintian lintian && need doxygen doxygen && need groff groff-base; then
    is 'Debian: source and binary packages, lintian, and programs with what is in them'
    rm -rf "$folder/debian"
    archive "$folder/debian/centra-$version"
    (
        cd "$folder/debian"
        tar --sort=name --owner=0 --group=0 -cJf "centra_$version.orig.tar.xz" "centra-$version"
        cp -r "$recipes/debian" "centra-$version"
        # The number of the bug that asks for the package is not known before there is one.
        sed -i 's/#nnnn/#1000000/' "centra-$version/debian/changelog"
        cd "centra-$version"
        debian/vendor.sh
        tar -xJf "../centra_$version.orig-vendor.tar.xz"
        unset CARGO_TARGET_DIR
        # -d: cargo and rustc may be here without being packages of Debian.
        dpkg-buildpackage -d -us -uc
        cd ..
        lintian --fail-on error,warning --info --display-info ./*.changes
        for package in ./*.deb; do dpkg -x "$package" root; done
    )
    export PKG_CONFIG_PATH=$(echo "$folder"/debian/root/usr/lib/*/pkgconfig)
    program
    test -e "$folder/debian/root/usr/share/man/man3/centra_fit.3.gz"
fi

is 'conda: the script of the Python package'
rm -rf "$folder/installed"
"$tools/bin/pip" uninstall --quiet --yes centra 2>/dev/null
script centra >"$folder/script"
(cd "$source" && PATH=$tools/bin:$PATH PREFIX=$tools PYTHON=$tools/bin/python bash -euo pipefail "$folder/script")
(cd "$folder" && "$tools/bin/python" -c 'import centra; print(centra.kmeans([[0.0], [1.0], [9.0]], 2).inertia)' | grep -x 0.5)
