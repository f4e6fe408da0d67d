"""abi.py HEADER FOLDER [--write]: compares the ABI of the library in FOLDER with the record beside this script, or writes it.

The record has the functions as declared, the constants, and the place and size of each member of each struct. It is that of
64-bit machines. A line that goes or changes breaks programs that are compiled already, and takes a new SONAME; a line that comes
is an addition. Either way the record changes with it: make abi.
"""

import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

header, folder = Path(sys.argv[1]), Path(sys.argv[2])
record = Path(__file__).with_name("abi.txt")
text = re.sub(r"///.*|/\*.*?\*/", "", header.read_text())

functions = [" ".join(f.split()) for f in re.findall(r"^[a-z][^;{}#=]*?\bcentra_\w+\([^;{}]*\);", text, re.MULTILINE)]
functions = [f for f in functions if not f.startswith("typedef")]
# Macros of the header that were functions in the first version: programs that were linked with it find them still.
functions += [f"void centra_{s}_init(struct centra_{s} *{s});" for s in re.findall(r"^#define centra_(\w+)_init\(", text, re.MULTILINE)]
names = sorted(re.search(r"(centra_\w+)\(", f)[1] for f in functions)
constants = re.findall(r"^\s+(CENTRA_\w+) = [^,]*,?$", text, re.MULTILINE)
constants += re.findall(r"^#define (CENTRA_(?!VERSION)\w+) \(?-?\d\w*\)?$", text, re.MULTILINE)

prints = [f'printf("{name} = %lld\\n", (long long){name});' for name in constants]
for name, body in re.findall(r"^typedef struct (centra_\w+) \{(.*?)^\}", text, re.MULTILINE | re.DOTALL):
    prints.append(f'printf("{name}: %zu bytes\\n", sizeof({name}));')
    for member in re.findall(r"(\w+)(?:\[\w+\])?;", body):
        place = f"offsetof({name}, {member}), sizeof((({name} *)0)->{member})"
        prints.append(f'printf("{name}.{member}: at %zu, %zu bytes\\n", {place});')

with tempfile.TemporaryDirectory() as scratch:
    source = Path(scratch, "layout.c")
    includes = "#include <centra.h>\n#include <stddef.h>\n#include <stdio.h>\n"
    source.write_text(includes + "int main(void)\n{\n" + "\n".join(prints) + "\n}\n")
    subprocess.run(["cc", "-I", header.parent, source, "-o", source.with_suffix("")], check=True)
    layout = subprocess.run([source.with_suffix("")], check=True, capture_output=True, text=True).stdout.splitlines()


def exported(*command: str | Path) -> list[str]:
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(line.split()[-1] for line in lines if len(line.split()) == 3)


for command in [
    ("nm", "-D", "--defined-only", folder / "libcentra.so"),
    ("nm", "-g", "--defined-only", folder / "libcentra.a"),
]:
    found = exported(*command)
    if found != names:
        sys.exit(f"{command[-1]} and {header} differ in their names: {sorted(set(found) ^ set(names))}")

now = sorted(functions) + layout
if "--write" in sys.argv:
    record.write_text("\n".join(now) + "\n")
elif now != (before := record.read_text().splitlines()):
    print("\n".join(difflib.unified_diff(before, now, str(record), str(header), lineterm="", n=0)))
    sys.exit("the ABI is not the recorded one; if that is meant: make abi, and a new SONAME if programs break")
