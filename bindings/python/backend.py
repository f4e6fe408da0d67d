"""The build backend: maturin's, with the place of the C declarations, and without what it fetches when there is no cargo.

maturin makes the declarations that cffi reads by running cbindgen over the whole crate, unless it finds them in the file
`header.h` of cargo's target folder. cbindgen over the whole crate meets types of the library that it cannot express and need
not know, so the committed header, which a test of the library compares with its source, is put there first.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import maturin
from maturin import *  # noqa: F403 - the hooks of PEP 517 that stay as they are

_HERE = Path(__file__).resolve().parent
_CRATE = (_HERE / re.search(r'^manifest-path = "(.*)"', (_HERE / "pyproject.toml").read_text(), re.MULTILINE)[1]).parent.resolve()


def _need_cargo() -> None:
    """Ends the build in one line where cargo is missing or too old; maturin would install another one, from the network."""
    wanted = re.search(r'^rust-version = "(.*)"', (_CRATE / "Cargo.toml").read_text(), re.MULTILINE)[1]
    cargo = shutil.which("cargo")
    found = subprocess.run([cargo, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip() if cargo else ""
    numbers = re.match(r"cargo (\d+)\.(\d+)", found)
    if not numbers or tuple(map(int, numbers.groups())) < tuple(map(int, wanted.split("."))):
        sys.exit(
            f"centra is built by cargo {wanted} or later, and here is {found or 'none'}: "
            "install Rust (https://rustup.rs), or a wheel of centra, which needs no cargo"
        )


# Every hook of this backend runs cargo.
_need_cargo()


def _declare() -> None:
    """Writes include/centra.h as cffi reads it, without what only a preprocessor understands."""
    command = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", _CRATE / "Cargo.toml"]
    # A folder of its own: `cargo build --release` writes files of the same names, and each would undo what the other has built.
    target = Path(json.loads(subprocess.check_output(command))["target_directory"], "python")
    os.environ["CARGO_TARGET_DIR"] = str(target)
    header = (_CRATE / "include" / "centra.h").read_text()
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
