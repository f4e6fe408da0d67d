#!/bin/sh
# page.sh PAGE PROGRAM: does what a page of docs/from says. Its code becomes the file PROGRAM in an empty directory, the commands below it
# (the second block of them, as the first one installs) build and run it there, and what is printed is what the page shows.
#
# The library is the one that pkg-config finds.
set -eu
page=$1 program=$2
block() { "$(dirname "$0")/block.sh" "$page" "$@"; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

language=${program##*.}
case $language in
f90) language=fortran ;;
R) language=r ;;
py) language=python ;;
esac
block $language 1 >"$scratch/$program"
block sh 2 >"$scratch/commands"
block text 1 >"$scratch/shown"
test -s "$scratch/$program" && test -s "$scratch/commands" && test -s "$scratch/shown"

if library=$(pkg-config --variable=libdir centra 2>/dev/null); then
    export LD_LIBRARY_PATH="$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
cd "$scratch"
sh -eu commands >printed
diff -u shown printed
