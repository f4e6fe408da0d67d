"""The table in Markdown, and the chart."""

import math
import os
import statistics
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from strategies import CENTRA, STRATEGIES

# What centra is to reach: times the fastest other strategy, for each table.
WANTED = [5.0, 8.0]
# Okabe and Ito's colours, which are told apart by the colour-blind too.
OURS, THEIRS = "#0072b2", "#009e73"


def number(x):
    """Three digits that say something."""
    return f"{x:.0f}" if x >= 99.95 else f"{x:.3g}" if x >= 0.01 else f"{x:.2g}"


def duration(milliseconds):
    return f"{number(milliseconds)} ms" if milliseconds < 999.5 else f"{number(milliseconds / 1e3)} s"


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def page(tables, versions):
    lines = [
        "# Seven strategies, and centra",
        "",
        "Written by `make strategies`; [benches/README.md](../README.md) tells what is compared. All have the same data and the",
        "same start, took turns in one run, and found the same labels, to the last one.",
        "",
        "![Time over centra's, by strategy](strategies.svg)",
        "",
        "| strategy | what it is |",
        "| --- | --- |",
        *(row(s.name, s.what) for s in STRATEGIES),
        "",
        "## Wanted and reached",
        "",
        "| work | fastest other strategy |  | wanted | reached: median | least to most |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    for table, wanted in zip(tables, WANTED, strict=True):
        fastest = table.fastest_other()
        median, least, most = table.over(fastest)
        verdict = "met" if median >= wanted else "**missed**"
        spread = f"{number(least)} to {number(most)}"
        lines.append(row(table.work.name, fastest, verdict, f"{number(wanted)} ×", f"{number(median)} ×", spread))
    for table in tables:
        lines += [
            "",
            f"## {table.work.name}",
            "",
            f"{table.iterations} iterations, {len(table.seconds[CENTRA])} rounds.",
            "",
            "| | ms a fit: median | least to most | over centra: median | least to most | to assign | to update | most of it |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        ]
        for strategy in table.takers:
            milliseconds = [1e3 * s for s in table.seconds[strategy.name]]
            median, least, most = table.over(strategy.name)
            lines.append(
                row(
                    strategy.name,
                    number(statistics.median(milliseconds)),
                    f"{number(min(milliseconds))} to {number(max(milliseconds))}",
                    f"{number(median)} ×",
                    f"{number(least)} to {number(most)}",
                    *table.shares[strategy.name],
                )
            )
        left = [s.name for s in STRATEGIES if s not in table.takers]
        if left:
            lines += ["", f"Left out, because it would take minutes a fit: {', '.join(left)}."]
    lines += [
        "",
        "The last three columns are line_profiler's, in fits of their own: parts of the loop's time, and the line of `assign`",
        "and `update` that takes the most of theirs. Profiling slows plain Python's lines down more than calls into libraries.",
        "centra's rows are its own report, over the time of the whole call; on Dask they are line_profiler's.",
        "",
        "## The machine",
        "",
        "| | |",
        "| --- | --- |",
        row("processor", processor()),
        row("cores", len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        *(row(name, version) for name, version in versions.items()),
        "",
    ]
    return "\n".join(lines)


def processor():
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown"


def chart(tables, file):
    # Text as text: it is sharp at any size, can be searched, and takes the reader's own sans-serif.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "centra", "font.family": "sans-serif", "font.size": 11})
    heights = [len(table.takers) for table in tables]
    figure = Figure(figsize=(9, 1.2 + 0.42 * sum(heights)), layout="constrained")
    axes = figure.subplots(len(tables), 1, height_ratios=heights, sharex=True)
    figure.suptitle("k-means from Python: time of a fit, and times that of centra (logarithmic)", x=0.01, ha="left", fontsize=14)
    milliseconds = {(table, s.name): 1e3 * statistics.median(table.seconds[s.name]) for table in tables for s in table.takers}
    # Decades around all bars; the words beside the longest need another two.
    low = 10.0 ** math.floor(math.log10(min(milliseconds.values()) / 1.5))
    high = 10.0 ** math.ceil(math.log10(max(milliseconds.values())))
    for ax, table in zip(axes, tables, strict=True):
        names = sorted((s.name for s in table.takers), key=lambda name: milliseconds[table, name])
        for at, name in enumerate(names):
            took = milliseconds[table, name]
            ours = name.startswith(CENTRA)
            ax.barh(at, took - low, left=low, color=OURS if ours else THEIRS, height=0.7)
            ratio = "" if name == CENTRA else f", {number(table.over(name)[0])} ×"
            ax.text(took * 1.15, at, f"{duration(took)}{ratio}", va="center", fontsize=10)
        ax.set(xscale="log", xlim=(low, high * 100), title=table.work.name)
        ax.set_yticks(range(len(names)), names)
        ax.title.set(fontsize=12, ha="left", x=0.0)
        ax.set_xticks(10.0 ** np.arange(math.log10(low), math.log10(high) + 1))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(lambda x, _: duration(x))
        ax.grid(axis="x", color="#d8d8d8")
        ax.set_axisbelow(True)
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.tick_params(length=0)
    figure.savefig(file, metadata={"Date": None})
