import numpy as np
import pytest


@pytest.fixture
def data():
    """A function of n, d and k: points around k middles, and a start."""

    def make(n, d, k, seed=0):
        rng = np.random.default_rng([seed, n, d, k])
        middles = rng.uniform(0, 8 / d**0.5, (k, d))
        points = middles[rng.integers(0, k, n)] + rng.standard_normal((n, d))
        return points, points[-k:].copy()

    return make


def pytest_collection_modifyitems(items):
    """Of scikit-learn's tests over several estimators only those of KMeans are ours."""
    items[:] = [item for item in items if not _of_another_estimator(item)]


def _of_another_estimator(item):
    arguments = getattr(item, "callspec", None)
    estimators = [a for a in arguments.params.values() if isinstance(a, type)] if arguments else []
    return any(e.__module__.startswith("sklearn.") for e in estimators)


@pytest.fixture(autouse=True)
def close_figures():
    import sys

    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
