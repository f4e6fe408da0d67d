#!/usr/bin/env bash
# Installs the library into scratch directories, one with a space in its name, and builds programs there as others would; run by
# `make check-packages`.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$tree/Cargo.toml" | head -n 1)
cd "$scratch"
unset PKG_CONFIG_PATH LD_LIBRARY_PATH LIBDIR INCLUDEDIR DESTDIR
need() {
    command -v "$1" >/dev/null && return
    echo "$1 is missing, so what needs it was left out (Debian: apt-get install $2)" >&2
    [[ -z ${CI:-} ]] || exit 1
    return 1
}
# make, without cargo: what is built is copied.
in_tree() { "${MAKE:-make}" --no-print-directory -s -C "$tree" CARGO=false "$@"; }
# Output is read to its end: a program that writes into a closed pipe fails.
answers() {
    "$@" > "$scratch/printed"
    grep -qx 'inertia 2.66667 after 1 iterations' "$scratch/printed" || { cat "$scratch/printed"; exit 1; }
}
is() { printf 'packages: %s\n' "$*"; }

is 'installs below DESTDIR, as packagers do, and uninstalls the same'
in_tree install PREFIX=/usr DESTDIR="$scratch/root" LIBDIR=/usr/lib/x86_64-linux-gnu
test -e "$scratch/root/usr/lib/x86_64-linux-gnu/libcentra.so.0"
test "$(readlink "$scratch/root/usr/lib/x86_64-linux-gnu/libcentra.so")" = libcentra.so.0
include=$(PKG_CONFIG_PATH="$scratch/root/usr/lib/x86_64-linux-gnu/pkgconfig" pkg-config --variable=includedir centra)
test -e "$include/centra.h"
if grep -rI "$scratch" "$scratch/root"; then echo 'an installed file names DESTDIR'; exit 1; fi
in_tree uninstall PREFIX=/usr DESTDIR="$scratch/root" LIBDIR=/usr/lib/x86_64-linux-gnu
test -z "$(find "$scratch/root" ! -type d)"
test ! -e "$scratch/root/usr/share/centra"

is 'what is not built is not installed without a word'
if in_tree install PREFIX="$scratch/nothing" TARGET="$scratch/none" > printed 2>&1; then exit 1; fi
grep -qx 'the library is not built yet: make' printed
test ! -e "$scratch/nothing"

is 'a prefix with a space, moved after it was installed'
in_tree install PREFIX="$scratch/first place"
mv "$scratch/first place" "$scratch/my place"
prefix="$scratch/my place"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
test "$(pkg-config --modversion centra)" = "$version"
# The gate makes the manual pages before this.
test -e "$prefix/share/man/man3/centra_fit.3" || test -z "${CI:-}"
cp "$tree/bindings/c/minimal.c" .
for flags in '' '-flto'; do
    for compiler in "${CC:-cc}" clang; do
        need "${compiler%% *}" clang || continue
        is "$compiler $flags: shared, and static"
        eval "$compiler -std=c11 $flags minimal.c $(pkg-config --cflags --libs centra) -o shared"
        answers env LD_LIBRARY_PATH="$prefix/lib" ./shared
        readelf -d shared | grep 'NEEDED.*\[libcentra\.so\.0\]' >/dev/null
        static=$(pkg-config --cflags --libs --static centra)
        eval "$compiler -std=c11 $flags minimal.c ${static/-lcentra/-l:libcentra.a} -o part"
        answers ./part
    done
done
eval "${CC:-cc} -std=c11 minimal.c $(pkg-config --cflags --libs centra) -Wl,-rpath,'$prefix/lib' -o found"
answers ./found
test "$(pkg-config --define-variable=prefix=/else --cflags --libs centra | xargs)" = '-I/else/include -L/else/lib -lcentra'
is 'a program without shared libraries'
eval "${CC:-cc} -std=c11 -static -Wl,--fatal-warnings minimal.c $(pkg-config --cflags --libs --static centra) -o whole"
answers ./whole
if readelf -d whole | grep NEEDED; then exit 1; fi

is 'the ABI is the recorded one, and the versions agree'
python3 -B "$tree/tests/packages/abi.py" "$prefix/include/centra.h" "$prefix/lib"
cat > version.c <<'END'
#include <centra.h>
#include <stdio.h>
int main(void)
{
    printf("%s %s %d.%d.%d\n", centra_version(), CENTRA_VERSION, CENTRA_VERSION_MAJOR, CENTRA_VERSION_MINOR, CENTRA_VERSION_PATCH);
}
END
eval "${CC:-cc} version.c $(pkg-config --cflags centra) '$prefix/lib/libcentra.a' -lm -o version"
test "$(./version)" = "$version $version $version"

if need cmake cmake; then
    is 'CMake, both targets'
    mkdir project
    cp minimal.c project
    cat > project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.16)
project(flowers LANGUAGES C)
find_package(centra 0.1 CONFIG REQUIRED)
add_executable(shared minimal.c)
target_link_libraries(shared PRIVATE centra::centra)
add_executable(static minimal.c)
target_link_libraries(static PRIVATE centra::static)
find_package(centra 99 CONFIG QUIET)
if(centra_FOUND)
  message(FATAL_ERROR "a version that does not exist is found")
endif()
END
    cmake -S project -B build -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    cmake --build build >/dev/null
    answers build/shared
    answers build/static
    readelf -d build/shared | grep 'NEEDED.*\[libcentra\.so\.0\]' >/dev/null
    cmake -S "$tree/bindings/cpp/example" -B example -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    cmake --build example >/dev/null
    "$tree/tests/block.sh" "$tree/bindings/cpp/README.md" text | diff - <(example/example)
fi

if need "${FC:-gfortran}" gfortran; then
    is "Fortran: the module's source and the demo"
    eval "${FC:-gfortran} '$prefix/share/centra/centra.f90' '$tree/bindings/fortran/demo.f90' $(pkg-config --libs centra)" -o fortran
    LD_LIBRARY_PATH="$prefix/lib" ./fortran "$tree/tests/data/iris.csv" | grep 'iris: 150 flowers' >/dev/null
fi

if need rustc rustc; then
    is 'beside another static library of Rust'
    cat > other.rs <<'END'
#[unsafe(no_mangle)]
pub extern "C" fn other() -> i32 {
    std::panic::catch_unwind(|| vec![1, 2, 3].len() as i32).unwrap_or(0)
}
END
    rustc --edition 2024 --crate-type staticlib -O other.rs
    {
        echo 'int other(void), run(void);'
        sed 's/int main(void)/int main(void) { return other() == 3 ? run() : 1; }\nint run(void)/' minimal.c
    } > two.c
    for order in "libother.a '$prefix/lib/libcentra.a'" "'$prefix/lib/libcentra.a' libother.a"; do
        eval "${CC:-cc} two.c $(pkg-config --cflags centra) $order -lpthread -lm -ldl -o two"
        answers ./two
    done

    is 'what finish.sh makes of a library of Rust catches its panics'
    mkdir -p small/bindings/c small/include
    cp -r "$tree/bindings/c/package" small/bindings/c
    echo 'int32_t centra_caught(int32_t index);' > small/include/centra.h
    cat > small/caught.rs <<'END'
#[unsafe(no_mangle)]
pub extern "C" fn centra_caught(index: i32) -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    std::panic::catch_unwind(|| [1, 2, 3][index as usize]).unwrap_or(-12)
}
END
    rustc --edition 2024 --crate-type staticlib -O small/caught.rs -o small/libcaught.a
    CC="${CC:-cc}" small/bindings/c/package/finish.sh small/libcaught.a small/lib 0.1.0
    echo '#include <stdint.h>' | cat - small/include/centra.h > caught.c
    echo 'int main(void) { return centra_caught(2) != 3 || centra_caught(3) != -12; }' >> caught.c
    for link in '-static small/lib/libcentra.a' '-Lsmall/lib -lcentra -Wl,-rpath,small/lib'; do
        eval "${CC:-cc} caught.c $link -o caught"
        ./caught
    done
fi

is 'uninstall leaves nothing, and nothing of others goes'
touch "$prefix/lib/of-others"
in_tree uninstall PREFIX="$prefix"
test "$(find "$prefix" ! -type d)" = "$prefix/lib/of-others"
