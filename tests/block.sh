#!/bin/sh
# block.sh PAGE LANGUAGE [NUMBER]: the code blocks of a language in a page of Markdown, or the one of that number, the first being 1.
awk -v fence="\`\`\`$2" -v number="${3:-}" '/^```/ { inside = $0 == fence && (++count == number || number == ""); next } inside' "$1"
