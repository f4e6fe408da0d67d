#!/bin/sh
# functions.sh HEADER: the names of the functions that it declares, sorted.
grep -oE '^[a-z].*\bcentra_[a-z0-9_]+\(' "$1" | grep -oE 'centra_[a-z0-9_]+\($' | tr -d '(' | LC_ALL=C sort -u
