#!/bin/sh
# wheels.sh FOLDER: the source distribution and, made from it, a wheel for x86_64 and one for AArch64, in FOLDER. Each serves all CPythons
# from 3.9 on, PyPy, and Linux with glibc 2.17 or later (manylinux2014): zig links against the libraries of that one, and auditwheel agrees.
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
tools=$folder/tools
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.8,<2' 'cffi>=1.16' ziglang auditwheel twine
PATH=$tools/bin:$PATH
rm -rf "$folder"/*.whl "$folder"/*.tar.gz "$folder/source"

export CARGO_TARGET_DIR="$folder/cargo"
(cd "$tree/bindings/python" && python -B -c 'import backend, sys; backend.build_sdist(sys.argv[1])' "$folder")
# Always in the same folder, so that what depends on no change is not built again; -m, because cargo looks at the time of files.
mkdir "$folder/source"
tar -xzmf "$folder"/centra-*.tar.gz -C "$folder/source" --strip-components=1

# Panics name their source: without this, by the folders of whoever has built the wheel.
export RUSTFLAGS="--remap-path-prefix=$folder/source=centra --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
for architecture in x86_64 aarch64; do
    target=$architecture-unknown-linux-gnu
    RUSTC=$("$tree/tests/rustc.sh" $target "$folder/rustc")
    export RUSTC
    pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$folder" \
        --config-settings=build-args="--zig --target $target --compatibility manylinux2014" "$folder/source"
done
for wheel in "$folder"/*.whl; do
    auditwheel show "$wheel"
done
twine check --strict "$folder"/*.whl "$folder"/*.tar.gz
