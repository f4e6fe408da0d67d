import numpy as np
import pytest


@pytest.fixture
def data():
    """A function of n, d and k that returns points around k means, and starting centers."""

    def make(n, d, k, seed=0):
        rng = np.random.default_rng([seed, n, d, k])
        means = rng.uniform(0, 8 / d**0.5, (k, d))
        points = means[rng.integers(0, k, n)] + rng.standard_normal((n, d))
        return points, points[-k:].copy()

    return make


def pytest_collection_modifyitems(items):
    """Of scikit-learn's tests that are parametrized over estimators only those of KMeans are run."""
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
