"""What happens while the library works: Ctrl-C, callbacks, the progress bar."""

from __future__ import annotations

import _thread
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from ._native import ffi, lib

T = TypeVar("T")
# Seconds between two looks at a running call: signals are handled, and the bar is drawn, that often.
_INTERVAL = 0.1
# A call that computes no more products than these ends by itself within about such an interval.
_SHORT = 1 << 26


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
    """Calls back, shows progress and lets Python handle signals while a fit in its block runs.

    Python handles signals on the main thread, between two instructions of Python. So a call of the library that may take long
    runs on a thread of its own, and the thread that asked for it waits, looks at the progress and runs the callback. The
    progress comes from a callback that the library has ready made, since not every system lets a program make one at run
    time; one is made only for the caller's own callback.

    The bar counts `unit`, and shows the members of the last progress that `shown` names.
    """

    def __init__(
        self,
        callback: Callable[[Progress], Any] | None = None,
        verbose: int = 0,
        unit: str = "iterations",
        shown: tuple[str, ...] = ("restart", "moved"),
    ) -> None:
        self.callback = callback
        self.shown = shown
        self.bar = _bar(unit) if verbose else None
        self.drawn = time.monotonic()
        self.count = 0
        self.last: Progress | None = None
        """The progress of the last iteration that was looked at; of a fit that has ended, of its last one."""

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.bar is not None:
            self.bar.close(self.count, self._values())

    def advance(self) -> None:
        """One of the units is done."""
        self._show(self.count + 1, self.last)

    def tell(self, progress: Progress) -> bool:
        """Shows what an iteration did; returns whether the callback wants the fit to stop."""
        self._show(self.count, progress)
        return bool(self.callback is not None and self.callback(progress))

    def run(self, call: Callable[[], T], work: int, options: Any = None, kept: Any = None) -> T:
        """Returns what `call` returns, or raises what it raises.

        `work` is about how many products the call computes. With `options` it is a fit under these, whose progress is watched.
        `kept` is memory that the call reads without a reference to it.

        After KeyboardInterrupt, or an exception of the callback, a fit ends with the running iteration, and a call without
        iterations at its own end. Where that takes longer than half an interval nobody waits for it; it holds its memory until
        then.
        """
        shared, handle = ffi.new("centra_watch *"), None
        if self.callback is None and self.bar is None and (work <= _SHORT or not _handles_signals()):
            # Restarts that nobody watches can run side by side.
            if options is not None and options.n_init == 1:
                options.progress, options.progress_data = lib.centra_watch_progress, shared
            result = call()
            self._look(shared)
            return result
        events: SimpleQueue[Any] = SimpleQueue()
        answers: SimpleQueue[bool] = SimpleQueue()
        if options is not None:
            options.progress, options.progress_data = lib.centra_watch_progress, shared
            if self.callback is not None:
                options.progress = handle = _asking(events, answers)
        try:
            try:
                _thread.start_new_thread(_work, (call, events, (shared, handle, kept)))
            except RuntimeError:
                # No thread can be started, at the end of the interpreter for one.
                if handle is None:
                    return call()
                raise
            while True:
                try:
                    event = events.get(timeout=_INTERVAL)
                except Empty:
                    self._look(shared)
                    continue
                if isinstance(event, _Outcome):
                    break
                self.count = event.iteration
                answers.put(self.tell(event))
        except BaseException:
            shared.stop = 1
            answers.put(True)
            with suppress(Empty):
                events.get(timeout=_INTERVAL / 2)
            raise
        self._look(shared)
        if event.error is not None:
            raise event.error
        return event.result

    def _look(self, shared: Any) -> None:
        """Shows how far a fit without a callback of the caller's has come."""
        if shared.iteration > 0:
            self._show(shared.iteration, Progress(shared.restart, shared.iteration, shared.moved, shared.shift))

    def _show(self, count: int, progress: Progress | None) -> None:
        self.count, self.last = count, progress
        if self.bar is not None and time.monotonic() - self.drawn >= _INTERVAL:
            self.bar.draw(count, self._values())
            self.drawn = time.monotonic()

    def _values(self) -> dict[str, Any]:
        return {} if self.last is None else {name: getattr(self.last, name) for name in self.shown}


class _Outcome(NamedTuple):
    """How a call ended."""

    result: Any = None
    error: BaseException | None = None


def _work(call: Callable[[], Any], events: SimpleQueue[Any], _kept: Any) -> None:
    """What a thread does that is started for a call; `_kept` is memory that the library reads and writes until then."""
    try:
        outcome = _Outcome(call())
    except BaseException as error:
        outcome = _Outcome(error=error)
    events.put(outcome)


def _asking(events: SimpleQueue[Any], answers: SimpleQueue[bool]) -> Any:
    """A callback of the library that sends the progress to the waiting thread, and returns what that answers."""

    def ask(raw: Any, _user: Any) -> int:
        events.put(Progress(raw.restart, raw.iteration, raw.moved, raw.shift))
        return int(answers.get())

    return ffi.callback("centra_progress_fn", ask, error=1)


def _handles_signals() -> bool:
    return threading.current_thread() is threading.main_thread()


class _Lines:
    """A progress bar for who has no tqdm."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def draw(self, count: int, values: dict[str, Any]) -> None:
        words = [f"kmeans: {count} {self.unit}", *(f"{name}={value}" for name, value in values.items())]
        print(", ".join(words), file=sys.stderr)

    def close(self, count: int, values: dict[str, Any]) -> None:
        self.draw(count, values)


class _Bar:
    """A progress bar of tqdm, which draws when it is told to, and when it is made and closed."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar

    def draw(self, count: int, values: dict[str, Any]) -> None:
        self._set(count, values)
        self.bar.refresh()

    def close(self, count: int, values: dict[str, Any]) -> None:
        self._set(count, values)
        self.bar.close()

    def _set(self, count: int, values: dict[str, Any]) -> None:
        self.bar.n = count
        self.bar.set_postfix(values, refresh=False)


def _bar(unit: str) -> _Lines | _Bar:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _Lines(unit)
    return _Bar(tqdm(desc="kmeans", unit=f" {unit}"))
