"""Seven ways to do k-means from Python, and centra: the same answer, and how long each takes.

`make strategies` runs it. All take turns in one run: in every round each fits once (repeatedly, where a fit is short), and each
round starts with another. Before anything is timed, labels are compared, and must be the same to the last one.
"""

import argparse
import importlib.metadata
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import report
from profiles import shares
from strategies import CENTRA, STRATEGIES
from work import Work

import centra

PACKAGES = ["cython", "dask", "numba", "numpy", "pandas", "scikit-learn", "scipy"]
# Short fits are repeated for so many seconds a round.
LEAST = 0.1


class Table:
    def __init__(self, work, rounds):
        self.work, self.rounds = work, rounds
        self.takers = [s for s in STRATEGIES if work.n <= s.most]
        self.seconds = {s.name: [] for s in self.takers}

    def check(self):
        """The same labels and the same number of iterations; compiles what compiles late."""
        answers = {}
        for strategy in self.takers:
            strategy.prepare(self.work)
            labels, _, iterations = strategy.fit()
            answers[strategy.name] = np.asarray(labels), iterations
        labels, self.iterations = answers[CENTRA]
        for name, (theirs, iterations) in answers.items():
            different = np.count_nonzero(theirs != labels)
            if different or iterations != self.iterations:
                sys.exit(
                    f"{self.work.name}: {name} has {different} other labels after {iterations} iterations, not {self.iterations}"
                )

    def run(self):
        self.check()
        repeats = {s.name: 1 for s in self.takers}
        for strategy in self.takers:
            begin = time.perf_counter()
            strategy.fit()
            repeats[strategy.name] = max(1, int(LEAST / (time.perf_counter() - begin)))
        for number in range(self.rounds):
            first = number % len(self.takers)
            for strategy in self.takers[first:] + self.takers[:first]:
                begin = time.perf_counter()
                for _ in range(repeats[strategy.name]):
                    strategy.fit()
                self.seconds[strategy.name].append((time.perf_counter() - begin) / repeats[strategy.name])
            print(f"{self.work.name}: round {number + 1} of {self.rounds}", file=sys.stderr, flush=True)
        self.shares = {s.name: shares(s) for s in self.takers}

    def over(self, name, base=CENTRA):
        """Median, least and most of the ratios of each round."""
        ratios = [a / b for a, b in zip(self.seconds[name], self.seconds[base], strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)

    def fastest_other(self):
        others = [s.name for s in self.takers if not s.name.startswith(CENTRA)]
        return min(others, key=lambda name: statistics.median(self.seconds[name]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True, help="the folder for strategies.md and strategies.svg")
    arguments.add_argument("--rounds", type=int, default=5, help="how often each takes its turn")
    arguments.add_argument("--test", action="store_true", help="small data, one round: does it still run?")
    choice = arguments.parse_args()
    works = [Work(5_000, 2, 10, None), Work(1_000_000, 2, 10, 20)]
    if choice.test:
        works, choice.rounds = [Work(500, 2, 10, None), Work(30_000, 2, 10, 3)], 1
    tables = [Table(work, choice.rounds) for work in works]
    for table in tables:
        table.run()
    choice.out.mkdir(parents=True, exist_ok=True)
    versions = {"Python": platform.python_version(), "centra": f"{centra.__version__}, {centra.isa()}"}
    versions |= {name: importlib.metadata.version(name) for name in PACKAGES}
    (choice.out / "strategies.md").write_text(report.page(tables, versions))
    report.chart(tables, choice.out / "strategies.svg")


if __name__ == "__main__":
    main()
