"""Pictures, by matplotlib: clusters in the plane, colors of an image, how many clusters, how well points fit them.

Each function draws into the axes it is given, or into new ones, and returns them, so that the caller can change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(f"centra.plot needs {error.name}: pip install 'centra[plot]'") from error
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba_array
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import _call
from ._functions import Clustering, kmeans
from ._sweep import silhouettes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import KMeans
    from ._sweep import Sweep
    from ._types import Seed

    Fitted = Clustering | KMeans

__all__ = ["clusters", "elbow", "quantization", "silhouette", "silhouette_samples"]

# More points than this are drawn as an image inside a vector file, which would be too large for many viewers otherwise.
_MANY = 10_000


def clusters(points: ArrayLike, found: Fitted, *, ax: Axes | None = None, size: float | None = None) -> Axes:
    """Draw points in the plane in the colors of their clusters, the numbered centers, and the cell of each.

    A cell is where points would get the center's label: the Voronoi diagram of the centers. Both axes have the same scale, so
    that the nearest center is the nearest one in the picture, too.

    Parameters
    ----------
    points : array_like or data frame of shape (n, 2)
        The points. The columns of a frame name the axes.
    found : Clustering or KMeans
        What `kmeans` returned for them, or an estimator that was fitted to them, of this package or of scikit-learn.
    ax : matplotlib.axes.Axes, optional
        Where to draw. A new figure if omitted.
    size : float, optional
        Area of a point's marker, in points squared. If omitted, the smaller the more points there are.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Notes
    -----
    Up to ten clusters have ten colors that stay apart for readers with any of the common color deficiencies, and a legend with
    the number of points of each. More clusters repeat the colors where centers are far apart, and only their numbers name them.
    """
    x = _call.numbers(points, "points")
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"points: shape (n, 2) was expected, because cells are drawn in the plane, not {x.shape}")
    centers, labels = _fitted(found, x)
    if ax is None:
        ax = plt.figure(layout="constrained").add_subplot()
    k = len(centers)
    colors = _colors(centers)
    low, high = x.min(axis=0), x.max(axis=0)
    # The same margin on all sides, as both axes have the same scale; centers may lie beyond the points.
    low, high = np.minimum(low, centers.min(axis=0)), np.maximum(high, centers.max(axis=0))
    margin = 0.05 * ((high - low).max() or 1.0)
    low, high = low - margin, high + margin
    # The limits are widened to the shape of the axes when these are drawn, so cells reach far beyond them.
    far = 50 * (high - low).max()
    cells = list(_cells(centers, low - far, high + far))
    ax.add_collection(PolyCollection(cells, facecolors=colors, alpha=0.2, edgecolors="none"), autolim=False)
    ax.add_collection(PolyCollection(cells, facecolors="none", edgecolors="white", linewidths=1.5), autolim=False)
    area = float(np.clip(20_000 / len(x), 0.5, 20)) if size is None else size
    ax.scatter(x[:, 0], x[:, 1], s=area, c=colors[labels], linewidths=0, rasterized=len(x) > _MANY)
    # A disc that holds the number: wider for more digits.
    disc = 110 + 50 * len(str(k - 1))
    ax.scatter(centers[:, 0], centers[:, 1], s=disc, c="white", edgecolors="black", linewidths=1.0, zorder=3)
    for j, center in enumerate(centers):
        ax.text(center[0], center[1], str(j), ha="center", va="center_baseline", size=8, weight="bold", color="black", zorder=4)
    if k <= len(_PALETTE):
        sizes = np.bincount(labels, minlength=k)
        entries = [Line2D([], [], linestyle="", marker="o", color=colors[j], label=f"{j}: {sizes[j]:,}") for j in range(k)]
        ax.legend(handles=entries, title="cluster: points", loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    names = _names(points, found)
    if names is not None:
        ax.set(xlabel=names[0], ylabel=names[1])
    ax.update_datalim([low, high])
    ax.margins(0)
    # Where both axes are shared with others, matplotlib cannot widen the limits, and makes the box narrower.
    shared = all(len(axes.get_siblings(ax)) > 1 for axes in (ax.get_shared_x_axes(), ax.get_shared_y_axes()))
    ax.set_aspect("equal", adjustable="box" if shared else "datalim")
    return ax


def quantization(
    image: ArrayLike, k: int, *, seed: Seed = 0, threads: int | None = None, axes: Any = None
) -> tuple[NDArray[Any], Any]:
    """Reduce an image to k colors, and draw it before and after.

    The colors are the means of the clusters of its pixels.

    Parameters
    ----------
    image : array_like of shape (height, width) or (height, width, channels)
        The image, of integers or of floats from 0 to 1.
    k : int
        Number of colors.
    seed, threads
        As for `kmeans`.
    axes : sequence of two matplotlib.axes.Axes, optional
        Where to draw. A new figure if omitted.

    Returns
    -------
    quantized : ndarray
        The image with k colors, of the shape and type of `image`.
    axes : sequence of two matplotlib.axes.Axes
        Where it was drawn.
    """
    image = np.asarray(image)
    if image.ndim not in (2, 3):
        raise ValueError(f"image: shape (height, width) or (height, width, channels) was expected, not {image.shape}")
    pixels = image.reshape(image.shape[0] * image.shape[1], -1)
    found = kmeans(pixels, k, seed=seed, threads=threads)
    palette = found.centers.round() if image.dtype.kind in "iu" else found.centers
    quantized = palette.astype(image.dtype)[found.labels].reshape(image.shape)
    if axes is None:
        _, axes = plt.subplots(1, 2, figsize=(10, 10 / 2 * image.shape[0] / image.shape[1] + 0.5), layout="constrained")
    for ax, shown, title in zip(axes, (image, quantized), ("before", f"{k} colors")):
        ax.imshow(shown, cmap="gray" if image.ndim == 2 else None)
        ax.set(title=title, xticks=[], yticks=[])
    return quantized, axes


def elbow(found: Sweep, *, ax: Axes | None = None) -> Axes:
    """Draw the inertia over the number of clusters, and mark the elbow, where it stops falling fast.

    Parameters
    ----------
    found : Sweep
        What `sweep` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw. A new figure if omitted.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Notes
    -----
    The elbow is the point that lies farthest below the straight line from the first point of the curve to the last, which is
    drawn, too (Satopaa et al. 2011). It depends on the numbers of clusters that were tried. A curve that is nowhere below
    that line has none.
    """
    ax = _curve(found, found.inertias, "inertia", ax)
    ks, inertias = np.array(found.ks), found.inertias
    if len(ks) > 2:
        line = np.interp(ks, ks[[0, -1]], inertias[[0, -1]])
        best = int(np.argmax(line - inertias))
        if line[best] > inertias[best]:
            _mark(ax, ks[best], inertias[best], f"elbow: {ks[best]} clusters")
            ax.plot(ks[[0, -1]], inertias[[0, -1]], color="0.6", linestyle="--", linewidth=1.0, label="from first to last")
            ax.plot([ks[best]] * 2, [inertias[best], line[best]], color="0.6", linestyle=":", label="largest gap")
            ax.legend()
    ax.set_ylim(bottom=0)
    return ax


def silhouette(found: Sweep, *, ax: Axes | None = None) -> Axes:
    """Draw the mean simplified silhouette over the number of clusters, mark its peak, and name the next best.

    Parameters
    ----------
    found : Sweep
        What `sweep` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw. A new figure if omitted.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.
    """
    ax = _curve(found, found.silhouettes, "mean simplified silhouette", ax)
    # Best first; of equal ones the fewest clusters. NaN, of one cluster, comes last.
    order = [i for i in np.argsort(-found.silhouettes, kind="stable") if np.isfinite(found.silhouettes[i])]
    if order:
        best, height = found.ks[order[0]], found.silhouettes[order[0]]
        ax.axvline(best, color="0.6", linestyle=":", zorder=0)
        _mark(ax, best, height, f"best: {best} clusters, {height:.3f}")
        for i in order[1:2]:
            ax.plot(
                found.ks[i], found.silhouettes[i], linestyle="", label=f"next: {found.ks[i]} clusters, {found.silhouettes[i]:.3f}"
            )
        ax.legend()
    return ax


def silhouette_samples(points: ArrayLike, found: Fitted, *, ax: Axes | None = None, threads: int | None = None) -> Axes:
    """Draw the simplified silhouette of each point, sorted within its cluster, and their mean.

    A wide and blunt shape is a cluster that stands apart; what lies left of 0 would be nearer to another center.

    Parameters
    ----------
    points : array_like of shape (n, d)
        The points, in any number of dimensions.
    found : Clustering or KMeans
        What `kmeans` returned for them, or an estimator that was fitted to them, of this package or of scikit-learn.
    ax : matplotlib.axes.Axes, optional
        Where to draw. A new figure if omitted.
    threads : int, optional
        As for `kmeans`.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.
    """
    x = _call.matrix(points).array
    centers, labels = _fitted(found, x)
    if len(centers) == 1:
        raise ValueError("found: one cluster has no silhouette; at least two were expected")
    values = silhouettes(x, centers, labels, threads)
    if ax is None:
        ax = plt.figure(layout="constrained").add_subplot()
    gap = max(len(x) / 100, 1.0)
    middles, bottom = [], gap
    for j, color in enumerate(_colors(centers)):
        own = np.sort(values[labels == j])[::-1]
        # A step for each point, from the lower edge of the first to the upper edge of the last.
        edges, steps = bottom + np.arange(len(own) + 1), np.append(own, own[-1:])
        ax.fill_betweenx(edges, 0, steps, step="post", color=color, linewidth=0, rasterized=len(x) > _MANY)
        middles.append(bottom + len(own) / 2)
        bottom += len(own) + gap
    mean = values.mean()
    ax.axvline(mean, color="black", linestyle="--", linewidth=1.0, label=f"mean: {mean:.3f}")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, borderaxespad=0.2)
    ax.set_yticks(middles, [str(j) for j in range(len(centers))])
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(min(values.min(), 0.0), 1.0), ylim=(bottom, 0), xlabel="simplified silhouette", ylabel="cluster")
    return ax


def _fitted(found: Fitted, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """The centers and labels of a clustering or of an estimator, which must be those of `x`."""
    if isinstance(found, Clustering):
        centers, labels = found.centers, found.labels
    elif hasattr(found, "cluster_centers_") and hasattr(found, "labels_"):
        centers, labels = np.asarray(found.cluster_centers_, dtype=np.float64), np.asarray(found.labels_)
    else:
        raise ValueError(f"found: a Clustering or a fitted KMeans was expected, not {found!r}")
    if centers.shape[1] != x.shape[1]:
        raise ValueError(f"found: its centers have {centers.shape[1]} dimensions, and the points {x.shape[1]}")
    if len(labels) != len(x):
        raise ValueError(f"found: it has {len(labels)} labels, and there are {len(x)} points")
    return centers, labels


def _names(points: Any, found: Any) -> list[str] | None:
    """Names of the columns: of the frame, or of the frame that the estimator was fitted to."""
    names = getattr(points, "columns", getattr(found, "feature_names_in_", None))
    return None if names is None else [str(name) for name in names]


def _curve(found: Sweep, values: NDArray[np.float64], name: str, ax: Axes | None) -> Axes:
    if ax is None:
        ax = plt.figure(layout="constrained").add_subplot()
    ax.plot(found.ks, values, color=_PALETTE[0], marker="o", markersize=4)
    ax.set(xlabel="clusters", ylabel=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def _mark(ax: Axes, k: int, value: float, text: str) -> None:
    """A ring around a point of a curve, and what it means."""
    ax.plot(
        k,
        value,
        linestyle="",
        marker="o",
        markersize=11,
        markerfacecolor="none",
        markeredgecolor=_PALETTE[2],
        markeredgewidth=2,
        label=text,
    )


# Ten colors whose least difference is large for every reader, also for those with protanopia, deuteranopia or tritanopia (Petroff
# 2021, arXiv:2107.02270). matplotlib has them only from 3.10 on.
_PALETTE = ["#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"]


def _colors(centers: NDArray[np.float64]) -> NDArray[np.float64]:
    """A color for each center: from the eleventh on the one whose other centers are the farthest, so that neighbors differ."""
    chosen = list(range(min(len(centers), len(_PALETTE))))
    for j in range(len(_PALETTE), len(centers)):
        apart = np.linalg.norm(centers[:j] - centers[j], axis=1)
        nearest = [apart[np.equal(chosen, color)].min() for color in range(len(_PALETTE))]
        chosen.append(int(np.argmax(nearest)))
    return to_rgba_array(_PALETTE)[chosen]


def _cells(centers: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """The part of the box that is nearest to each center: the box, cut along the bisectors with all others."""
    box = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    for center in centers:
        cell = box
        for other in centers[(centers != center).any(axis=1)]:
            # Positive on the side of the other center.
            beyond = (cell - (center + other) / 2) @ (other - center)
            cell = _cut(cell, beyond)
            if not len(cell):
                break
        yield cell


def _cut(polygon: NDArray[np.float64], beyond: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a convex polygon where a linear function, given at its corners, is not positive."""
    corners = []
    for i in range(len(polygon)):
        here, there = beyond[i - 1], beyond[i]
        if (here > 0) != (there > 0):
            corners.append(polygon[i - 1] + (polygon[i] - polygon[i - 1]) * (here / (here - there)))
        if there <= 0:
            corners.append(polygon[i])
    return np.array(corners).reshape(-1, 2)
