"""Pictures, by matplotlib: clusters in the plane, colors of an image, how many clusters.

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
from matplotlib.ticker import MaxNLocator

from . import _call
from ._functions import Clustering, kmeans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from ._sweep import Sweep
    from ._types import Seed

__all__ = ["clusters", "elbow", "quantization", "silhouette"]


def clusters(points: ArrayLike, found: Clustering, *, ax: Axes | None = None, size: float | None = None) -> Axes:
    """Draw points in the plane in the colors of their clusters, the centers, and the cell of each.

    A cell is where points would get the center's label: the Voronoi diagram of the centers.

    Parameters
    ----------
    points : array_like of shape (n, 2)
        The points.
    found : Clustering
        What `kmeans` returned for them.
    ax : matplotlib.axes.Axes, optional
        Where to draw. A new figure if omitted.
    size : float, optional
        Area of a point's marker, in points squared. If omitted, the smaller the more points there are.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.
    """
    x = _call.numbers(points, "points")
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"points: shape (n, 2) was expected, because cells are drawn in the plane, not {x.shape}")
    if ax is None:
        ax = plt.figure(layout="constrained").add_subplot()
    k = len(found.centers)
    colors = _colors(k)
    low, high = x.min(axis=0), x.max(axis=0)
    margin = 0.05 * np.where(high > low, high - low, 1.0)
    low, high = low - margin, high + margin
    cells = list(_cells(found.centers, low, high))
    ax.add_collection(PolyCollection(cells, facecolors=colors, alpha=0.2, edgecolors="none"))
    ax.add_collection(PolyCollection(cells, facecolors="none", edgecolors="white", linewidths=1.0))
    area = float(np.clip(20_000 / len(x), 0.5, 30)) if size is None else size
    # More than some ten thousand points would make a vector file too large for many viewers.
    ax.scatter(x[:, 0], x[:, 1], s=area, c=colors[found.labels], linewidths=0, rasterized=len(x) > 10_000)
    ax.scatter(found.centers[:, 0], found.centers[:, 1], s=60, c=colors, marker="X", edgecolors="black", linewidths=0.8, zorder=3)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
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
    for ax, shown, title in zip(axes, (image, quantized), ("before", f"{k} colors"), strict=True):
        ax.imshow(shown, cmap="gray" if image.ndim == 2 else None)
        ax.set(title=title, xticks=[], yticks=[])
    return quantized, axes


def elbow(found: Sweep, *, ax: Axes | None = None) -> Axes:
    """Draw the inertia over the number of clusters; the bend where it stops falling fast is called the elbow.

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
    ax = _curve(found, found.inertias, "inertia", ax)
    ax.set_ylim(bottom=0)
    return ax


def silhouette(found: Sweep, *, ax: Axes | None = None) -> Axes:
    """Draw the mean simplified silhouette over the number of clusters, and mark the best.

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
    if np.isfinite(found.silhouettes).any():
        best = found.ks[int(np.nanargmax(found.silhouettes))]
        ax.axvline(best, color="0.6", linestyle=":", zorder=0)
        ax.set_title(f"best: {best}")
    return ax


def _curve(found: Sweep, values: NDArray[np.float64], name: str, ax: Axes | None) -> Axes:
    if ax is None:
        ax = plt.figure(layout="constrained").add_subplot()
    ax.plot(found.ks, values, marker="o")
    ax.set(xlabel="clusters", ylabel=name)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def _colors(k: int) -> NDArray[np.float64]:
    """K colors that can be distinguished: matplotlib's ten, or as many as it takes around the wheel."""
    if k <= 10:
        return plt.get_cmap("tab10")(np.arange(k))
    # Steps of the golden section, so that successive colors lie far apart on the wheel.
    return plt.get_cmap("hsv")(np.arange(k) * 0.6180339887498949 % 1.0)


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
