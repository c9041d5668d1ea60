"""Work that the store lacks, side by side in processes, and a line that says when it ends."""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

import torch
from joblib import Parallel, cpu_count, delayed, parallel_config
from tqdm import tqdm

from wormgnn.errors import ChoiceError, TrainingError

WORTH = 10_000
"""Members times epochs from which on processes pay: ten seconds of the fastest network (one
millisecond each; the GNN takes five), where processes take three to start."""

_QUIET_S, _PAUSE_S = 2.0, 60.0
"""Nothing is said before so many seconds; and, unless on a terminal, more often than that."""


@dataclass(frozen=True)
class Job:
    """A fold to compute: `size` is members times epochs, `compute` can be pickled and stores it.

    `line` and `model` say whose time it tells: folds of one line take equally long, lines of one
    model similarly.
    """

    line: str
    model: str
    size: int
    compute: Callable[[], object]


def processes(jobs: int | None, device: str = "auto") -> int:
    """How many: `jobs`, else `$WORMGNN_JOBS`, else one for each core, but one alone for a GPU.

    ChoiceError unless it is a whole number above 0.
    """
    wanted = os.environ.get("WORMGNN_JOBS") if jobs is None else str(jobs)
    if not wanted:
        on_gpu = device != "cpu" and torch.cuda.is_available()
        return 1 if on_gpu else cpu_count()
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ChoiceError("number of processes", wanted, ["1 or more"])
    return int(wanted)


def finish(name: str, jobs: Sequence[Job], n_processes: int, n_stored: int = 0) -> None:
    """Compute every job, the largest first, in as many processes at once where that pays.

    Two jobs or more, of `WORTH` together, go to processes, with one thread each; all others are
    computed here. The processes stay ready for further work for some minutes, and end with the
    program (however that ends), on an error and on Ctrl-C. The line of progress begins with `name`,
    and counts `n_stored` jobs that were done before.

    Any WormgnnError that a job raises; TrainingError where the system ended a process.
    """
    ordered = sorted(jobs, key=lambda job: job.size, reverse=True)
    apart = len(ordered) > 1 and sum(job.size for job in ordered) >= WORTH
    n_processes = min(n_processes, len(ordered)) if apart else 1
    with Progress(name, ordered, n_processes, n_stored) as progress:
        for place, seconds in _done(ordered, n_processes):
            progress.add(place, seconds)


def _done(jobs: Sequence[Job], n_processes: int) -> Iterator[tuple[int, float]]:
    """Places and seconds of jobs as they end."""
    # loky's processes do not import the user's script anew, as those of multiprocessing do.
    with parallel_config("loky", inner_max_num_threads=1):
        parallel = Parallel(
            n_processes, return_as="generator_unordered", batch_size=1, max_nbytes=None
        )
        try:
            yield from parallel(delayed(_timed)(i, job, os.getpid()) for i, job in enumerate(jobs))
        except BrokenProcessPool as error:
            raise TrainingError(
                "the system ended a process, perhaps for want of memory; what it had finished is "
                f"kept, so try again with fewer at once (--jobs, now {n_processes})"
            ) from error


def _timed(place: int, job: Job, parent: int) -> tuple[int, float]:
    """Place and seconds of a job, here or in a process of its own."""
    if os.getpid() != parent:  # a core has one thread, and the terminal one line of progress
        _end_with(parent)
        torch.set_num_threads(1)
        os.environ["TQDM_DISABLE"] = "1"
    start = time.perf_counter()
    job.compute()
    return place, time.perf_counter() - start


@functools.cache
def _end_with(parent: int) -> None:
    """Let this process end when its parent is no more: no fold goes on unseen."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    if os.name == "posix":
        threading.Thread(target=watch, daemon=True).start()


class Progress:
    """One line on stderr: what is done, what is left, and when it ends.

    A terminal shows it after two seconds; a file or a notebook gets a line a minute at most. Jobs
    are in the order in which they start, `n_processes` run at once, and `n_stored` more were done
    before.
    """

    def __init__(self, name: str, jobs: Sequence[Job], n_processes: int, n_stored: int = 0) -> None:
        self.name, self.jobs, self.n_processes = name, jobs, n_processes
        self.n_stored, self.waiting = n_stored, list(range(len(jobs)))
        self.taken: dict[int, float] = {}
        self.running: dict[int, float] = {}
        self.said = self.start = time.monotonic()
        self.bar = tqdm(bar_format="{desc}", disable=None, leave=False)
        self._begin()

    def __enter__(self) -> Progress:
        if self.n_processes > 1:
            self._say(f"{self.text()} on {self.n_processes} cores")
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def add(self, place: int, seconds: float) -> None:
        """A job ended, and took so long."""
        self.taken[place] = seconds
        del self.running[place]
        self._begin()
        since, pause = (self.said, _PAUSE_S) if self.bar.disable else (self.start, _QUIET_S)
        if self.running and time.monotonic() - since > pause:
            self._say(self.text())

    def text(self) -> str:
        """The line, such as `table1: 23 of 60 folds, 4 min left (ends 17:42)`."""
        done, total = self.n_stored + len(self.taken), self.n_stored + len(self.jobs)
        text = f"{self.name}: {done} of {total} folds"
        if not self.taken:
            return text
        left, now = self.seconds_left(), datetime.now()
        end = now + timedelta(seconds=left)
        clock = end.strftime("%H:%M" if end.date() == now.date() else "%a %H:%M")
        return f"{text}, {duration(left)} left (ends {clock})"

    def seconds_left(self) -> float:
        """Until all is done, once a job has ended."""
        now = time.monotonic()
        begun = [max(self._expected(p) - (now - at), 0.0) for p, at in self.running.items()]
        left = sum(map(self._expected, self.waiting)) + sum(begun)
        return max([left / self.n_processes, *begun])

    def _expected(self, place: int) -> float:
        """Mean seconds of jobs of the same line, else of the same model, else of all."""
        job, ended = self.jobs[place], [(self.jobs[p], s) for p, s in self.taken.items()]
        alike = [s for other, s in ended if other.line == job.line]
        alike = alike or [s for other, s in ended if other.model == job.model]
        return fmean(alike or self.taken.values())

    def _begin(self) -> None:
        """The next jobs start, as many as processes are free."""
        while self.waiting and len(self.running) < self.n_processes:
            self.running[self.waiting.pop(0)] = time.monotonic()

    def _say(self, text: str) -> None:
        self.said = time.monotonic()
        if self.bar.disable:
            print(text, file=sys.stderr, flush=True)
        else:
            self.bar.set_description_str(text)


def duration(seconds: float) -> str:
    """Seconds for a reader: `40 s`, `4 min`, `3 h 20 min`."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
