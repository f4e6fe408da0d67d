"""Where the time goes: line by line by line_profiler, and by centra's own report."""

import inspect
import linecache
import time

import lloyd
import sklearn.cluster._kmeans as scikit_learn
from line_profiler import LineProfiler
from strategies import Centra, CentraOnDask, ScikitLearn

import centra._passes as passes


def shares(strategy):
    """Parts of the time of one fit, in percent: to assign, to update, in what takes the most of it in words."""
    strategy.fit()
    if isinstance(strategy, Centra):
        return _report(strategy)
    if isinstance(strategy, CentraOnDask):
        lines = _profile(strategy, [passes.fit])
        # Dask's threads assign and add in one pass.
        return _part(lines, "reduce(add"), "in the same pass", _hottest(lines)
    if isinstance(strategy, ScikitLearn):
        lines = _profile(strategy, [inspect.unwrap(scikit_learn._kmeans_single_lloyd)])
        # Its compiled loop assigns and updates in one pass.
        return _part(lines, "lloyd_iter("), "in the same pass", _hottest(lines)
    lines = _profile(strategy, [lloyd.lloyd])
    assigning, updating = _part(lines, "assign("), _part(lines, "update(")
    # Looked into apart, because that takes time itself.
    within = [function for function in (strategy.code.assign, strategy.code.update) if inspect.isfunction(function)]
    return assigning, updating, _hottest(_profile(strategy, within)) if within else "compiled: not seen"


def _report(strategy):
    """The same of centra's report, in the quickest of some fits."""
    fits = []
    for _ in range(20):
        begin = time.perf_counter()
        strategy.fit()
        fits.append((time.perf_counter() - begin, strategy.report))
    seconds, report = min(fits, key=lambda fit: fit[0])
    scan, assign, update = (
        f"{100 * part / seconds:.0f} %" for part in (report.seconds_scan, report.seconds_assign, report.seconds_update)
    )
    proven = 100 - 100 * report.rechecked / (report.iterations + 1) / len(strategy.work.points)
    return assign, update, f"looking for NaN {scan}; {proven:.2f} % of labels proven by a cheap test"


def _profile(strategy, functions):
    """Seconds of each line of the functions during one fit, by the line's text."""
    profiler = LineProfiler(*functions)
    with profiler:
        strategy.fit()
    statistics = profiler.get_stats()
    lines = {}
    for (file, _, _), timings in statistics.timings.items():
        for number, _, ticks in timings:
            text = linecache.getline(file, number).strip()
            lines[text] = lines.get(text, 0.0) + ticks * statistics.unit
    return lines


def _part(lines, call):
    seconds = sum(seconds for text, seconds in lines.items() if call in text)
    return f"{100 * seconds / sum(lines.values()):.0f} %"


def _hottest(lines):
    text = max(lines, key=lines.get)
    return f"`{text}` {100 * lines[text] / sum(lines.values()):.0f} %"
