"""What happens between the iterations of a fit: callbacks, the progress bar, Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from ._native import ffi


class Progress(NamedTuple):
    """What a callback receives after every iteration."""

    restart: int
    """Restart, from 0."""
    iteration: int
    """Iteration, from 1."""
    moved: int
    """Labels that changed in this iteration."""
    shift: float
    """Sum over the centers of the squared distance between where they are and where they were."""


class Watch:
    """Between the iterations of the fit in its block calls back, shows progress, and lets Python see signals.

    The bar counts `unit`, and shows these members of the last progress. The library calls on the thread that called it,
    and cffi takes the interpreter's lock for as long. Running any Python there runs the handlers of signals that have
    arrived, so KeyboardInterrupt comes up in `_tell`. It cannot unwind the library: it stops the fit, and `reraise`
    raises it again when the fit is over.
    """

    def __init__(
        self,
        callback: Callable[[Progress], Any] | None,
        verbose: int,
        unit: str = "iterations",
        shown: tuple[str, ...] = ("restart", "moved"),
    ) -> None:
        self.callback = callback
        self.shown = shown
        self.bar = _bar(unit) if verbose else None
        self.error: BaseException | None = None
        self.handle: Any = ffi.callback("centra_progress_fn", self._tell, error=1, onerror=self._failed)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exception: object) -> None:
        # It refers back to this object: without the circle the two go at once, and not when the collector comes by.
        self.handle = None
        if self.bar is not None:
            self.bar.close()

    def reraise(self) -> None:
        """Raises what ended the fit."""
        if self.error is not None:
            raise self.error

    def advance(self) -> None:
        """One of the units is done."""
        if self.bar is not None:
            self.bar.update(1)

    def tell(self, progress: Progress) -> bool:
        """Shows what an iteration did; whether the callback wants the fit to stop."""
        if self.bar is not None:
            self.bar.set_postfix({name: getattr(progress, name) for name in self.shown})
        return bool(self.callback is not None and self.callback(progress))

    def _tell(self, progress: Any, _user: Any) -> int:
        if self.bar is None and self.callback is None:
            return 0
        self.advance()
        return int(self.tell(Progress(progress.restart, progress.iteration, progress.moved, progress.shift)))

    def _failed(self, _kind: object, error: BaseException, _traceback: object) -> None:
        self.error = error


class _Lines:
    """A progress bar for who has no tqdm."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.done = 0

    def update(self, count: int) -> None:
        self.done += count

    def set_postfix(self, values: dict[str, Any]) -> None:
        words = ", ".join(f"{name}={value}" for name, value in values.items())
        print(f"kmeans: {self.done} {self.unit}, {words}", file=sys.stderr)

    def close(self) -> None:
        pass


def _bar(unit: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Lines(unit)
    return tqdm(desc="kmeans", unit=f" {unit}")
