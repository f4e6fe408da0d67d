"""What is installed, and what its source distribution has."""

import importlib.metadata
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import centra

HERE = Path(__file__).parents[1]


def test_metadata_has_licences_and_addresses():
    metadata = importlib.metadata.metadata("centra")
    assert metadata["License-Expression"] == "MIT OR Apache-2.0"
    assert sorted(metadata.get_all("License-File")) == ["LICENSE-APACHE", "LICENSE-MIT"]
    texts = [str(file) for file in importlib.metadata.files("centra") if "licenses" in file.parts]
    assert sorted(Path(text).name for text in texts) == ["LICENSE-APACHE", "LICENSE-MIT"]
    names = [address.split(",")[0] for address in metadata.get_all("Project-URL")]
    assert sorted(names) == ["Changelog", "Homepage", "Issues", "Source"]
    assert metadata["Requires-Python"] == ">=3.9"
    assert metadata["Version"] == centra.__version__


def backend(code, folder, **environment):
    return subprocess.run(
        [sys.executable, "-B", "-c", f"import backend, sys; {code}", str(folder)],
        cwd=HERE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_source_distribution_has_what_is_built(tmp_path):
    pytest.importorskip("maturin")
    # maturin's program is beside this Python's.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = backend("backend.build_sdist(sys.argv[1])", tmp_path, PATH=path)
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.iterdir()
    with tarfile.open(archive) as members:
        names = [name.split("/", 1)[1] for name in members.getnames()]
    crate, package = HERE.parents[1], HERE / "python"
    expected = [str(file.relative_to(crate)) for file in (crate / "src").rglob("*.rs")]
    expected += [str(file.relative_to(HERE)) for file in package.rglob("*.py") if "_native" not in file.parts]
    expected += [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "PKG-INFO",
        "README.md",
        "backend.py",
        "pyproject.toml",
    ]
    expected += ["include/centra.h", "python/centra/py.typed"]
    # cargo reads no Cargo.toml whose packages are missing.
    expected += ["tests/native/library/Cargo.toml", "tests/native/library/lib.rs"]
    assert sorted(names) == sorted(expected)


def test_without_cargo_the_build_ends_in_one_line(tmp_path):
    pytest.importorskip("maturin")
    done = backend("", tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("centra is built by cargo 1.") and "here is none: " in done.stderr
    # The same of one that is too old.
    old = tmp_path / "cargo"
    old.write_text("#!/bin/sh\necho 'cargo 1.63.0 (fd9c4297c 2022-07-01)'\n")
    old.chmod(0o755)
    done = backend("", tmp_path, PATH=f"{tmp_path}:{os.defpath}")
    assert done.returncode == 1 and "here is cargo 1.63.0" in done.stderr, done.stderr
