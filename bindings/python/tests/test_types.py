"""What a type checker says of calls: of wrong ones that they are wrong, of right ones nothing."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("mypy")

# Where `wrong` is no error, mypy says that the comment is not used.
PROGRAM = """
    import numpy as np
    import centra
    import centra.dask
    from centra import KMeans

    x = np.zeros((6, 2))
    rows = [[1.0, 2.0], [3.0, 4.0]]
    centra.kmeans(x, 2, init=x)
    centra.kmeans(x, 2, init=rows)
    centra.kmeans(x, 2, init=[[1, 2], [3, 4.5]])
    centra.kmeans(x, 2, init=((1, 2), (3, 4)))
    centra.kmeans(x, 2, init=[x[0], x[1]])
    centra.kmeans(x, 2, init=np.zeros((2, 2), np.float32))
    centra.kmeans(x, 2, init="random", seed=None)
    centra.kmeans(rows, 2, seed=np.random.default_rng(0))
    centra.stream.fit([x], 2, init="k-means||", seed=np.random.RandomState(0))
    KMeans(2, init="k-means++", random_state=np.random.default_rng(0))
    KMeans(2, init=x, n_init=3)
    centra.dask.KMeans(2, init=x, random_state=None)

    centra.kmeans(x, 2, init="kmeans++")  # type: ignore[arg-type]
    centra.kmeans(x, 2, init=["random"])  # type: ignore[list-item]
    centra.kmeans(x, 2, empty="drop")  # type: ignore[arg-type]
    centra.kmeans(x, 2, seed="0")  # type: ignore[arg-type]
    centra.seed(x, 2, init="kmeans++")  # type: ignore[arg-type]
    centra.stream.fit([x], 2, init="k-means++")  # type: ignore[arg-type]
    KMeans(2, init="kmeans++")  # type: ignore[arg-type]
    KMeans(2, n_init="ten")  # type: ignore[arg-type]
    centra.dask.KMeans(2, init="random")  # type: ignore[arg-type]
"""


def test_misspelt_words_are_found(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    options = ["--strict", "--follow-imports=silent", "--ignore-missing-imports", f"--cache-dir={tmp_path}", "--config-file="]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
