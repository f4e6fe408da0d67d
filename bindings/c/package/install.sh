#!/bin/sh
# install.sh install|uninstall BUILT VERSION MANUAL SYSTEM_LIBRARIES: copies the libraries in BUILT, the header and what build tools look
# for, or removes exactly that. PREFIX, LIBDIR, INCLUDEDIR and DESTDIR say where; MANUAL is a folder of pages of section 3, if it exists.
set -eu
what=$1 built=$2 version=$3 manual=$4 system_libraries=$5
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
share=$PREFIX/share

case $(uname -s) in
Darwin) shared=libcentra.$version.dylib soname=libcentra.${version%%.*}.dylib plain=libcentra.dylib ;;
*) shared=libcentra.so.$version soname=libcentra.so.${version%%.*} plain=libcentra.so ;;
esac

# The way from a folder to the prefix, "../..", or nothing if it lies elsewhere.
up() {
    case $1/ in
    "$PREFIX"/*) printf '%s' "${1#"$PREFIX"}" | sed 's,//*,/,g; s,/$,,; s,/[^/]*,/..,g; s,^/,,' ;;
    esac
}

# A folder in terms of the prefix, whose place $2 names.
below() {
    case $1/ in
    "$PREFIX"/*) printf '%s%s' "$2" "${1#"$PREFIX"}" ;;
    *) printf '%s' "$1" ;;
    esac
}

fill() {
    sed -e "s|@prefix@|$prefix|" -e "s|@libdir@|$libdir|" -e "s|@includedir@|$includedir|" -e "s|@version@|$version|" \
        -e "s|@shared@|$shared|" -e "s|@soname@|$soname|" -e "s|@system_libraries@|$libraries|" "$1"
}

# put MODE SOURCE FOLDER NAME
put() {
    if test "$what" = install; then
        mkdir -p "$DESTDIR$3"
        install -m "$1" "$2" "$DESTDIR$3/$4"
    else
        rm -f "$DESTDIR$3/$4"
    fi
}

# name LINK FOLDER FILE
name() {
    rm -f "$DESTDIR$2/$1"
    test "$what" = uninstall || ln -s "$3" "$DESTDIR$2/$1"
}

put 644 "$root/include/centra.h" "$INCLUDEDIR" centra.h
put 644 "$root/bindings/cpp/centra.hpp" "$INCLUDEDIR" centra.hpp
put 644 "$built/libcentra.a" "$LIBDIR" libcentra.a
put 755 "$built/$shared" "$LIBDIR" "$shared"
name "$soname" "$LIBDIR" "$shared"
name "$plain" "$LIBDIR" "$soname"

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
climb=$(up "$LIBDIR/pkgconfig")
prefix=${climb:+\$\{pcfiledir\}/$climb}
prefix=${prefix:-$PREFIX}
libdir=$(below "$LIBDIR" '${prefix}') includedir=$(below "$INCLUDEDIR" '${prefix}') libraries=$system_libraries
fill "$here/centra.pc.in" > "$made/centra.pc"
put 644 "$made/centra.pc" "$LIBDIR/pkgconfig" centra.pc

climb=$(up "$LIBDIR/cmake/centra")
includedir=$INCLUDEDIR
test -z "$climb" || includedir=$(below "$INCLUDEDIR" "\${CMAKE_CURRENT_LIST_DIR}/$climb")
libraries=$(printf '%s' "$system_libraries" | tr ' ' ';')
for file in centra-config centra-config-version; do
    fill "$here/$file.cmake.in" > "$made/$file.cmake"
    put 644 "$made/$file.cmake" "$LIBDIR/cmake/centra" "$file.cmake"
done

# Compilers of Fortran do not share modules, so the module is installed as source, to be compiled with the program.
put 644 "$root/bindings/fortran/centra.f90" "$share/centra" centra.f90
put 644 "$root/LICENSE-MIT" "$share/doc/centra" LICENSE-MIT
put 644 "$root/LICENSE-APACHE" "$share/doc/centra" LICENSE-APACHE
if test "$what" = install; then
    for page in "$manual"/*.3; do
        test ! -e "$page" || put 644 "$page" "$share/man/man3" "$(basename "$page")"
    done
else
    rm -f "$DESTDIR$share"/man/man3/centra.3 "$DESTDIR$share"/man/man3/centra_*.3
    for folder in "$LIBDIR/cmake/centra" "$share/centra" "$share/doc/centra"; do
        test ! -d "$DESTDIR$folder" || rmdir "$DESTDIR$folder" 2>/dev/null || true
    done
fi
