"""conda.py META OUTPUT: the build script of an output of a conda recipe, as conda-build would read it on Linux.

conda-build itself is not on PyPI: selectors, Jinja and YAML are done here, and every key has to be one that is documented.
"""

import re
import sys
from pathlib import Path

import jinja2
import yaml

KEYS = {
    "": {"package", "source", "build", "requirements", "outputs", "about", "extra"},
    "output": {"name", "build", "requirements", "test", "about"},
    "build": {"number", "skip", "script", "run_exports"},
    "requirements": {"build", "host", "run"},
    "test": {"requires", "source_files", "commands", "imports"},
    "about": {"home", "summary", "license", "license_file"},
}


def keys(of: dict, kind: str) -> None:
    if of.keys() - KEYS[kind]:
        sys.exit(f"{kind or 'the recipe'}: unknown keys {of.keys() - KEYS[kind]}")


lines = []
for line in Path(sys.argv[1]).read_text().splitlines():
    selector = re.search(r"# \[(\w+)\]$", line)
    if not selector or selector[1] in ("linux", "unix"):
        lines.append(line)
functions = {
    "compiler": lambda language: f"{language}_linux-64",
    "stdlib": lambda language: f"{language}_stdlib",
    "pin_subpackage": lambda name, max_pin: f"{name} {max_pin}",
}
recipe = yaml.safe_load(jinja2.Template("\n".join(lines), undefined=jinja2.StrictUndefined).render(functions))
keys(recipe, "")
outputs = {output["name"]: output for output in recipe["outputs"]}
for output in outputs.values():
    keys(output, "output")
    for kind in ("build", "requirements", "test", "about"):
        keys(output[kind], kind)
print("\n".join(outputs[sys.argv[2]]["build"]["script"]))
