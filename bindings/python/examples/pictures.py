"""The pictures that centra.plot draws: clusters, colors of an image, curves.

Cells between `# %%` lines run one by one in Jupyter, VS Code or Spyder; `python pictures.py FOLDER` runs all and writes the
pictures. It needs scikit-image and scikit-learn for their data.
"""

# %% The package, and where pictures go
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut
from sklearn.datasets import load_digits

import centra

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
folder.mkdir(parents=True, exist_ok=True)

# %% Nine clusters in the plane: points in the color of their cluster, over the Voronoi cells
rng = np.random.default_rng(8)
means = rng.uniform(0, 20, (9, 2))
points = means[rng.integers(0, 9, 3000)] + rng.standard_normal((3000, 2))
found = centra.kmeans(points, 9)
ax = centra.plot.clusters(points, found)
ax.set_title(f"inertia {found.inertia:.1f} after {found.report.iterations} iterations")
ax.figure.savefig(folder / "clusters.svg")

# %% How well each point fits its cluster
ax = centra.plot.silhouette_samples(points, found)
ax.figure.savefig(folder / "silhouettes.svg")

# %% The number of clusters: each k from 1 to 20, from one seeding
curves, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
sweep = centra.sweep(points, range(1, 21))
centra.plot.elbow(sweep, ax=axes[0])
centra.plot.silhouette(sweep, ax=axes[1])
curves.savefig(folder / "curves.svg")

# %% 262,144 pixels, 16 colors
quantized, axes = centra.plot.quantization(astronaut(), 16)
axes[0].figure.savefig(folder / "astronaut.png", dpi=100)
print("colors left:", len(np.unique(quantized.reshape(-1, 3), axis=0)))

# %% Handwritten digits in 64 dimensions: the centers are pictures themselves
digits = load_digits().data
found = centra.kmeans(digits, 10, n_init=20)
pictures, axes = plt.subplots(1, 10, figsize=(10, 1.3), layout="constrained")
for ax, center in zip(axes, found.centers):
    ax.imshow(center.reshape(8, 8), cmap="gray_r")
    ax.set(xticks=[], yticks=[])
pictures.savefig(folder / "digits.svg")
