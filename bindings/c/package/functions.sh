#!/bin/sh
# functions.sh HEADER: the names that the library exports, sorted. They are those of the functions that the header declares, and those of
# its macros with arguments: these were functions in the first version, and programs that were linked with it find them.
grep -oE '^([a-z].*\b|#define )centra_[a-z0-9_]+\(' "$1" | grep -oE 'centra_[a-z0-9_]+\($' | tr -d '(' | LC_ALL=C sort -u
