#!/usr/bin/env bash
# wheels.sh FOLDER [PYTHON ..]: installs the wheels in FOLDER, which `make wheels` has made, without cargo: this machine's for every
# PYTHON (or what is on the PATH: python3.9 and later, pypy3) in a bare environment, that of AArch64 for a Python that qemu runs.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(cd "$1" && pwd)
shift
. "$tree/tests/debian.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
is() { printf 'wheels: %s\n' "$*"; }
left_out() {
    echo "$1" >&2
    [[ -z ${CI:-} ]] || exit 1
}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
here=$(echo "$folder"/centra-*-py3-none-*manylinux_2_17_x86_64*.whl)
there=$(echo "$folder"/centra-*-py3-none-*manylinux_2_17_aarch64*.whl)
for wheel in "$here" "$there"; do
    test -e "$wheel"
    is "$(basename "$wheel"): $(stat -c %s "$wheel") bytes; it names no folder of this machine"
    unzip -q -o "$wheel" -d "$scratch/unpacked"
    if grep -rlF -e "$HOME" -e "$tree" -e "$folder" "$scratch/unpacked"; then exit 1; fi
    rm -r "$scratch/unpacked"
done
# Outside of the tree, so that what is imported is what is installed.
mkdir "$scratch/tests"
cp -r "$tree"/bindings/python/tests/{conftest,reference,test_functions,test_golden,test_many,test_package,test_pairs,test_refused}.py "$scratch/tests"
sed "s|Path(__file__).parents\[3\]|Path('$tree')|" -i "$scratch/tests/test_golden.py"
"$tree/tests/block.sh" "$tree/bindings/python/README.md" python 1 >"$scratch/tests/first.txt"

pythons=("$@")
if ((${#pythons[@]} == 0)); then
    for name in python3.{9..19} pypy3; do
        if "$name" -c '' 2>/dev/null; then pythons+=("$name"); fi
    done
fi
for python in "${pythons[@]}"; do
    # Programs of the system, if cargo is not among them.
    without=$(dirname "$(command -v "$python")"):/usr/bin:/bin
    if PATH=$without command -v cargo; then without=/nonexistent; fi
    is "$("$python" -c 'import platform; print(platform.python_implementation(), platform.python_version())')"
    rm -rf "$scratch/venv"
    "$python" -m venv "$scratch/venv"
    (
        PATH=$without
        cd "$scratch/tests"
        "$scratch/venv/bin/python" -m pip install --quiet --only-binary=:all: "$here"
        "$scratch/venv/bin/python" -m pip check
        "$scratch/venv/bin/python" -c 'import centra, sys; assert centra.__file__.startswith(sys.prefix); print(centra.isa())'
        "$scratch/venv/bin/python" -m pip install --quiet pytest
        "$scratch/venv/bin/python" -m pytest --quiet -p no:cacheprovider first.txt --doctest-glob='*.txt' -W error::DeprecationWarning:centra test_*.py
    )
done

is 'without cargo a build ends in one line'
mkdir "$scratch/bin"
for name in sh uname; do ln -s "$(command -v $name)" "$scratch/bin"; done
for source in "$tree/bindings/python" "$(echo "$folder"/centra-*.tar.gz)"; do
    if PATH=$scratch/bin "$folder/tools/bin/python" -m pip install --no-deps --target "$scratch/target" "$source" >"$scratch/log" 2>&1; then exit 1; fi
    grep -F '[1 lines of output]' "$scratch/log"
    grep -A 1 -F '[1 lines of output]' "$scratch/log" | grep 'centra is built by cargo [0-9.]* or later, and here is none: '
done

if ! command -v qemu-aarch64-static >/dev/null || ! command -v dpkg >/dev/null; then
    left_out 'qemu-aarch64-static is missing, so the wheel for AArch64 is not run (Debian: apt-get install qemu-user-static)'
    exit 0
fi
is 'AArch64, in an emulator, with the Python of Debian, which is fetched, not installed'
debian=$folder/arm64
if ! test -e "$debian/made"; then
    rm -rf "$debian"
    mkdir -p "$debian"
    (
        cd "$debian"
        lists_of_arm64
        version=$(apt-cache depends python3 | sed -n 's/ *Depends: python\(3\..*\)/\1/p' | head -n 1)
        unpack python"$version"-minimal:arm64 libpython"$version"-minimal:arm64 libpython"$version"-stdlib:arm64 \
            libc6:arm64 zlib1g:arm64 libexpat1:arm64 libffi8:arm64 libssl3:arm64 libbz2-1.0:arm64 liblzma5:arm64 libgcc-s1:arm64 libstdc++6:arm64
        echo "$version" >made
    )
fi
version=$(cat "$debian/made")
"$folder/tools/bin/pip" install --quiet --target "$scratch/aarch64" --python-version "$version" --implementation cp --only-binary=:all: \
    --platform manylinux2014_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux_2_28_aarch64 "$there" pytest
(
    cd "$scratch/tests"
    PYTHONPATH=$scratch/aarch64 PYTHONHOME=$debian/usr qemu-aarch64-static -L "$debian" "$debian/usr/bin/python$version" \
        -m pytest --quiet -p no:cacheprovider --doctest-glob='*.txt' first.txt test_golden.py test_package.py
)
