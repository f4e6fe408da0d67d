"""Whole processes: import, Ctrl-C, threads from the environment, fork, pickles."""

import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import centra


def python(code, *options, **environment):
    """Runs a program, and returns what it prints."""
    done = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_needs_numpy_and_cffi_only():
    """Nothing optional is imported before its first use, except threadpoolctl, which is small."""
    loaded = python("import centra, sys; print(*sys.modules)").split()
    for heavy in ["sklearn", "scipy", "matplotlib", "pandas", "polars", "tqdm", "skimage", "numba", "dask"]:
        assert heavy not in loaded
    code = """
        import sys
        for name in ["sklearn", "scipy", "matplotlib", "tqdm", "threadpoolctl", "pandas"]:
            sys.modules[name] = None
        import centra
        print(centra.kmeans([[0.0], [1.0]], 1).centers)
        try:
            centra.KMeans
        except ModuleNotFoundError as error:
            print(error)
    """
    assert "pip install 'centra[sklearn]'" in python(code)


@pytest.mark.parametrize("names", [[], ["LibController"]])
def test_import_beside_an_old_threadpoolctl(names):
    """Before version 3.2 it has no function to register with; before 3.0 no class to derive from, either."""
    code = f"""
        import sys, types
        old = sys.modules["threadpoolctl"] = types.ModuleType("threadpoolctl")
        for name in {names}:
            setattr(old, name, object)
        import centra
        print(centra.kmeans([[0.0], [1.0]], 1).inertia)
    """
    assert python(code) == "0.5"


@pytest.mark.parametrize("name, value", [("CENTRA_NUM_THREADS", "many"), ("CENTRA_NUM_THREADS", "-2"), ("CENTRA_ISA", "sse9")])
def test_nonsense_in_the_environment_is_warned_of_once(name, value):
    code = """
        import warnings
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import centra
            for _ in range(3):
                centra.kmeans([[0.0], [1.0]], 1)
        print(*(f"{w.category.__name__}: {w.message}" for w in caught), sep="|")
    """
    warned = python(code, **{"CENTRA_NUM_THREADS": "", "OMP_NUM_THREADS": "nonsense", "CENTRA_ISA": "", name: value})
    assert warned.startswith(f"RuntimeWarning: {name}='{value}' is not ") and "|" not in warned
    numbers = [{"CENTRA_NUM_THREADS": text} for text in ["2", "2,1"]]
    sets = [{"CENTRA_ISA": name} for name in ["portable", "neon", "avx512", "amx"]]
    for good in [*numbers, *sets]:
        assert python(code, **{"CENTRA_NUM_THREADS": "", "CENTRA_ISA": "", **good}) == ""


NO_NEW_CODE = """
    import ctypes, sys
    PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
    if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
        print("not here")
        sys.exit()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux can refuse new executable memory")
def test_where_memory_may_not_be_writable_and_executable():
    """No callback is made at run time, whether or not progress is shown, by functions, estimator and streams."""
    code = (
        textwrap.dedent(NO_NEW_CODE)
        + """
import numpy, centra
from centra import _progress, KMeans
_progress._SHORT = 0  # as if the points were many
X = numpy.random.default_rng(0).uniform(size=(500, 3))
for verbose in 0, 1:
    found = centra.kmeans(X, 4, verbose=verbose)
    KMeans(4, verbose=verbose, random_state=0).fit(X)
    centra.stream.fit([X], 4, verbose=verbose)
centra.seed(X, 4)
centra.sweep(X, [2, 3])
print(found.report.stopped_by)
"""
    )
    assert python(code) in ("converged", "not here")


def test_no_callback_is_made_unless_there_is_one(monkeypatch):
    from centra import _progress

    def refuse(*arguments):
        raise AssertionError("a callback was made")

    points = np.random.default_rng(0).uniform(size=(500, 3))
    expected = centra.kmeans(points, 4)
    monkeypatch.setattr(_progress, "_asking", refuse)
    for short in 0, 1 << 60:
        monkeypatch.setattr(_progress, "_SHORT", short)
        for verbose in 0, 1:
            assert centra.kmeans(points, 4, verbose=verbose).inertia == expected.inertia
    with pytest.raises(AssertionError, match="a callback was made"):
        centra.kmeans(points, 4, callback=print)


def test_import_is_quick():
    """The least of several times that it takes after NumPy's import, compared with that of NumPy."""
    code = """
        import time
        a = time.perf_counter()
        import numpy
        b = time.perf_counter()
        import centra
        c = time.perf_counter()
        print(b - a, c - b)
    """
    times = np.array([python(code).split() for _ in range(5)], float)
    numpy, ours = times.min(axis=0)
    print(f"numpy {1e3 * numpy:.0f} ms, centra {1e3 * ours:.0f} ms more")
    assert ours < numpy


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize(
    "call",
    [
        "kmeans(X, 30, threads=1, n_init=2**31 - 1)",
        "kmeans(X, 30, threads=2, n_init=2**31 - 1, callback=lambda progress: None)",
        "KMeans(30, n_init=2**31 - 1).fit(X)",
    ],
)
def test_control_c_ends_a_fit_that_would_never_end(call):
    code = f"""
        import numpy, centra
        centra.KMeans  # imported before the interrupt can come
        X = numpy.random.default_rng(0).uniform(size=(20_000, 8))
        print("ready", flush=True)
        try:
            centra.{call}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
            print(centra.kmeans([[0.0], [1.0]], 1).inertia)
    """
    program = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.send_signal(signal.SIGINT)
            # A fit that is not ended goes on for years, so the length of this waiting does not matter.
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (out, err) == ("interrupted\n0.5\n", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize(
    "call",
    [
        "kmeans(X, 20_000)",
        "kmeans(X, 20_000, callback=print, verbose=1)",
        "seed(X, 20_000, threads=1)",
        "KMeans(20_000).fit(X)",
        "sweep(X, [20_000])",
    ],
)
def test_control_c_while_centers_are_drawn(call):
    """The time from signal to exception, both seen by the process itself: 0.1 s on a quiet machine. Drawing takes minutes."""
    code = f"""
        import centra, numpy, os, signal, threading, time
        centra.KMeans
        X = numpy.random.default_rng(0).uniform(size=(200_000, 8))
        sent = []
        def interrupt():
            time.sleep(0.5)
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            centra.{call}
        except KeyboardInterrupt:
            print(time.perf_counter() - sent[0], flush=True)
        os._exit(0)
    """
    seconds = float(python(code))
    print(f"{1e3 * seconds:.0f} ms")
    # Whoever waits for the drawing to end waits far longer; how much less this is, is a matter of the machine.
    assert seconds < 20


@pytest.mark.parametrize(
    "environment, argument, expected",
    [
        ({"CENTRA_NUM_THREADS": "1"}, "", 1),
        ({"OMP_NUM_THREADS": "1"}, "", 1),
        ({"OMP_NUM_THREADS": "2,1"}, "", 2),
        ({"CENTRA_NUM_THREADS": "2", "OMP_NUM_THREADS": "1"}, "", 2),
        ({"CENTRA_NUM_THREADS": "1"}, ", threads=2", 2),
        ({"CENTRA_NUM_THREADS": "many", "OMP_NUM_THREADS": ""}, ", threads=2", 2),
    ],
)
def test_threads_from_the_environment(environment, argument, expected):
    code = f"""
        import centra, numpy
        X = numpy.random.default_rng(0).uniform(size=(100_000, 8))
        print(centra.kmeans(X, 20, max_iter=1{argument}).report.threads)
    """
    blank = {"CENTRA_NUM_THREADS": "", "OMP_NUM_THREADS": ""}
    assert python(code, **{**blank, **environment}) == str(expected)


def test_threadpoolctl_limits_centra(monkeypatch):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    monkeypatch.delenv("CENTRA_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    points = np.random.default_rng(0).uniform(size=(100_000, 8))

    def threads():
        return centra.kmeans(points, 20, max_iter=1).report.threads

    assert [x["version"] for x in threadpoolctl.threadpool_info() if x["user_api"] == "centra"] == [centra.__version__]
    before = threads()
    for limits in 1, {"centra": 1}:
        with threadpoolctl.threadpool_limits(limits):
            assert threads() == 1
            with threadpoolctl.threadpool_limits({"centra": 3}):
                assert threads() == 3
            assert threads() == 1
        assert threads() == before
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert threads() == before
    # After restoring, the environment decides again.
    monkeypatch.setenv("CENTRA_NUM_THREADS", "1")
    assert threads() == 1


def test_instruction_set():
    assert python("import centra; print(centra.isa())", CENTRA_ISA="portable") == "portable"
    assert centra.isa() in {"amx", "avx512", "avx2", "neon", "portable"}


def test_answer_does_not_depend_on_the_instruction_set():
    code = """
        import centra, hashlib, numpy
        X = numpy.random.default_rng(0).standard_normal((3000, 5))
        found = centra.kmeans(X, 9, seed=3)
        print(hashlib.sha256(found.centers.tobytes() + found.labels.tobytes()).hexdigest(), found.inertia)
    """
    assert len({python(code, CENTRA_ISA=isa) for isa in ["portable", "neon", "avx2", "avx512", "amx"]}) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_after_fork():
    code = """
        import centra, numpy, os
        X = numpy.random.default_rng(0).standard_normal((50_000, 4))
        expected = centra.kmeans(X, 20, threads=2).inertia
        child = os.fork()
        if child == 0:
            os._exit(centra.kmeans(X, 20, threads=2).inertia != expected)
        print(os.waitpid(child, 0)[1])
    """
    assert python(code, "-Wignore") == "0"


def test_results_are_pickled():
    found = centra.kmeans([[0.0], [1.0], [5.0]], 2)
    again = pickle.loads(pickle.dumps(found))
    assert again.report == found.report and again.inertia == found.inertia
    assert again.centers.tobytes() == found.centers.tobytes()


def test_all_symbols_of_the_header_are_there():
    """The library in the wheel has every function that include/centra.h declares."""
    from pathlib import Path

    from centra._native import lib

    header = Path(__file__).parents[3] / "include" / "centra.h"
    declared = set(re.findall(r"^\w.*\b(centra_\w+)\(", header.read_text(), re.MULTILINE))
    assert {"centra_fit", "centra_assign", "centra_error_detail"} < declared
    for name in declared:
        assert callable(getattr(lib, name))
