"""scikit-learn's own tests of KMeans, from the installed wheel, with centra's class in its place.

LEFT_OUT has the tests that are not run, each with the reason; a name there that scikit-learn no longer has is an error.
"""

import importlib.util

import numpy as np
import pytest

pytest.importorskip("sklearn")
import sklearn.cluster

import centra

_ELSEWHERE = "tests a helper of scikit-learn's implementation, not KMeans"
_OTHER = "tests another estimator or function of scikit-learn"
LEFT_OUT = {
    "test_relocate_empty_clusters": _ELSEWHERE,
    "test_euclidean_distance": _ELSEWHERE,
    "test_inertia": _ELSEWHERE,
    "test_is_same_clustering": _ELSEWHERE,
    "test_sample_weight_init": "calls the private _init_centroids; test_estimator.py has the promise",
    "test_sample_weight_zero": "calls the private _init_centroids; test_estimator.py has the promise",
    "test_k_means_function": _OTHER,
    "test_kmeans_plusplus_wrong_params": _OTHER,
    "test_kmeans_plusplus_output": _OTHER,
    "test_kmeans_plusplus_norms": _OTHER,
    "test_kmeans_plusplus_dataorder": _OTHER,
    "test_minibatch_update_consistency": _OTHER,
    "test_minibatch_kmeans_partial_fit_init": _OTHER,
    "test_minibatch_kmeans_verbose": _OTHER,
    "test_minibatch_kmeans_warning_init_size": _OTHER,
    "test_minibatch_sensible_reassign": _OTHER,
    "test_minibatch_reassign": _OTHER,
    "test_minibatch_with_many_reassignments": _OTHER,
    "test_minibatch_kmeans_init_size": _OTHER,
    "test_minibatch_declared_convergence": _OTHER,
    "test_minibatch_iter_steps": _OTHER,
    "test_kmeans_verbose": "expects scikit-learn's words on standard output; centra shows a progress bar",
    "test_warning_elkan_1_cluster": "elkan is the same as lloyd here, so there is no warning",
}


def _load():
    """A copy of the test module in which `sklearn.cluster.KMeans` is centra's class."""
    origin = importlib.util.find_spec("sklearn.cluster.tests.test_k_means")
    spec = importlib.util.spec_from_file_location("sklearn_test_k_means", origin.origin)
    module = importlib.util.module_from_spec(spec)
    theirs = sklearn.cluster.KMeans
    sklearn.cluster.KMeans = centra.KMeans
    try:
        spec.loader.exec_module(module)
    finally:
        sklearn.cluster.KMeans = theirs
    return module


_tests = {name: test for name, test in vars(_load()).items() if name.startswith("test_")}
globals().update({name: test for name, test in _tests.items() if name not in LEFT_OUT})


# Fixtures that scikit-learn's tests have in their conftest.
@pytest.fixture(params=[0, 42])
def global_random_seed(request):
    return request.param


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def global_dtype(request):
    return request.param


def test_all_that_is_left_out_exists():
    assert not LEFT_OUT.keys() - _tests.keys()
    assert len(_tests) - len(LEFT_OUT) > 30
