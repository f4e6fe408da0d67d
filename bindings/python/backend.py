"""The build backend: maturin's, with the place of the C declarations.

maturin makes the declarations that cffi reads by running cbindgen over the whole crate, unless it finds them in the file
`header.h` of cargo's target folder. cbindgen over the whole crate meets types of the library that it cannot express and need
not know, so the committed header, which a test of the library compares with its source, is put there first.
"""

import json
import re
import subprocess
from pathlib import Path

import maturin
from maturin import *  # noqa: F403 - the hooks of PEP 517 that stay as they are


def _declare() -> None:
    """Writes include/centra.h as cffi reads it, without what only a preprocessor understands."""
    here = Path(__file__).resolve().parent
    manifest = re.search(r'^manifest-path = "(.*)"', (here / "pyproject.toml").read_text(), re.MULTILINE)
    crate = (here / manifest[1]).resolve().parent
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", crate / "Cargo.toml"]
    target = Path(json.loads(subprocess.check_output(command))["target_directory"])
    header = (crate / "include" / "centra.h").read_text()
    header = re.sub(r"#ifdef __cplusplus\n.*?#endif.*?\n", "", header, flags=re.DOTALL)
    header = re.sub(r"^ *#(?!define CENTRA_\w+ -?\d+$)(.*\\\n)*.*\n", "", header, flags=re.MULTILINE)
    target.mkdir(parents=True, exist_ok=True)
    (target / "header.h").write_text(header)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _declare()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _declare()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)
