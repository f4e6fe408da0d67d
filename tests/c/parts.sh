#!/bin/sh
# parts.sh: k-means by processes, files and the integers of a shell.
#
#     parts.sh PARTS POINTS D K TOTAL CHUNK
#
# PARTS is the program of parts.c; POINTS holds TOTAL points of D raw doubles, of which the first K are the start. Every CHUNK of them is
# a process of its own, and writes a file. What joins the files knows of maxima and sums alone. All is done in the current directory.
set -eu
parts=$1 points=$2 d=$3 k=$4 total=$5 chunk=$6

maximum() {
    paste -d ' ' "$@" | while read -r numbers; do
        largest=0 # no element of a range is negative
        for number in $numbers; do
            if [ "$number" -gt "$largest" ]; then largest=$number; fi
        done
        echo "$largest"
    done
}

sum() {
    paste -d + "$@" | while read -r terms; do
        echo $(($terms))
    done
}

# Calls "parts COMMAND POINTS D FIRST N ..." for every chunk; what one prints is in COMMAND.FIRST.
each_chunk() {
    command=$1
    shift
    first=0
    while [ "$first" -lt "$total" ]; do
        n=$((total - first < chunk ? total - first : chunk))
        "$parts" "$command" "$points" "$d" "$first" "$n" "$@" > "$command.$first"
        first=$((first + n))
    done
}

rm -f state range.* sums.*
head -c $((8 * d * k)) "$points" > centers
each_chunk range
maximum range.* > range
said=again
while [ "$said" = again ]; do
    each_chunk sums "$k" "$total" range centers
    sum sums.* > sums
    said=$("$parts" step "$d" "$k" "$total" range sums centers state)
done
echo "$said"
