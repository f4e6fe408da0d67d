"""The examples run without a screen, and make the files that they name."""

import runpy
import sys
from pathlib import Path

import pytest

pytest.importorskip("skimage")
pytest.importorskip("sklearn")
matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture
def run(monkeypatch, capsys):
    def script(name, *words):
        file = Path(__file__).parents[1] / "examples" / name
        monkeypatch.setattr(sys, "argv", [str(file), *words])
        runpy.run_path(str(file), run_name="__main__")
        return capsys.readouterr().out

    return script


def test_pictures(run, tmp_path):
    printed = run("pictures.py", str(tmp_path))
    assert sorted(x.name for x in tmp_path.iterdir()) == [
        "astronaut.png",
        "clusters.svg",
        "curves.svg",
        "digits.svg",
        "silhouettes.svg",
    ]
    assert "colors left: 16" in printed


def test_long_runs(run):
    rows = run("long_runs.py", "--quick").splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["astronaut", "digits", "patches"]
