"""Folds side by side give what they give one after another; a line says when they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from tiny import NEURONS, count_folds, tiny_worms
from wormgnn import parallel
from wormgnn.errors import ChoiceError, SourceError, TrainingError
from wormgnn.parallel import Job, Progress, duration, finish, processes
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.runner import run
from wormgnn.store import Store
from wormgnn.tasks import states

SCALE = Profile("tiny", subsets_per_size=2, folds=(0, 1), epochs=2, hidden=4)
PLANS = [Plan("svm"), Plan("gnn"), Plan("mlp", task="traces", sizes=(1,))]


@pytest.fixture
def eager(monkeypatch):
    """Whatever there is to do goes to processes."""
    monkeypatch.setattr(parallel, "WORTH", 0)


def ran(folder, jobs, plans=PLANS, scale=SCALE):
    lines = tuple(Line(f"{plan.model}, {plan.task}", plan, neurons=NEURONS) for plan in plans)
    twice = (*lines, replace(lines[0], label="the same again"))
    worms = tiny_worms(3)
    return run(Experiment("tiny", "", twice), worms, scale, Store(folder), 0, "cpu", jobs)


def stored(folder):
    """Arrays of each fold, by its file."""
    found = {}
    for path in sorted(folder.rglob("*.npz")):
        with np.load(path) as arrays:
            found[path.name] = {k: arrays[k].tobytes() for k in arrays.files if k != "manifest"}
    return found


@pytest.mark.usefixtures("eager")
def test_side_by_side_or_one_after_another_is_the_same_to_the_bit(tmp_path, monkeypatch):
    folds = count_folds(monkeypatch, states, "run_fold")
    one = ran(tmp_path / "one", jobs=1)
    assert folds == [("svm", 0), ("svm", 1), ("gnn", 0), ("gnn", 1)]
    resumed = tmp_path / "resumed"  # as a run that was killed leaves it
    ran(resumed, jobs=1, plans=PLANS[1:2], scale=replace(SCALE, folds=(1,)))
    kept = {path: path.stat().st_mtime_ns for path in resumed.rglob("*.npz")}
    del folds[:]
    two = ran(resumed, jobs=2)
    assert folds == []  # none of them here
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())
    pd.testing.assert_frame_equal(one.rows, two.rows)
    pd.testing.assert_frame_equal(one.confusion, two.confusion)
    assert len(stored(resumed)) == 6 and stored(resumed) == stored(tmp_path / "one")


def write_threads(path):
    path.write_text(f"{torch.get_num_threads()} {os.environ['TQDM_DISABLE']}")


def refused():
    raise SourceError("a.mat", "IDs", "expected names")


def pair(compute):
    return [Job("a", "a", 1, compute)] * 2


@pytest.mark.usefixtures("eager")
def test_in_a_process_there_is_one_thread_no_bar_and_errors_come_back_as_they_were(tmp_path):
    finish("threads", pair(partial(write_threads, tmp_path / "threads")), 2)
    assert (tmp_path / "threads").read_text() == "1 1" and "TQDM_DISABLE" not in os.environ
    with pytest.raises(SourceError, match=r"a\.mat.*IDs.*expected names"):
        finish("refused", pair(refused), 2)
    wild = Plan("mlp", learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"validation loss of members .* is not finite"):
        ran(tmp_path, jobs=2, plans=[wild])
    with pytest.raises(TrainingError, match=r"the system ended a process, .* now 2"):
        finish("killed", pair(partial(os._exit, 9)), 2)


def test_what_is_little_is_done_here(tmp_path, monkeypatch):
    folds = count_folds(monkeypatch, states, "run_fold")
    ran(tmp_path / "little", jobs=2)
    assert len(folds) == 4
    monkeypatch.setattr(parallel, "WORTH", 0)
    ran(tmp_path / "single", jobs=2, plans=[Plan("mlp")], scale=replace(SCALE, folds=(0,)))
    assert len(folds) == 5


def test_how_many_processes(monkeypatch):
    monkeypatch.delenv("WORMGNN_JOBS", raising=False)
    assert processes(None, "cpu") == parallel.cpu_count() and processes(3, "cpu") == 3
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert processes(None, "auto") == 1 and processes(2, "auto") == 2
    monkeypatch.setenv("WORMGNN_JOBS", "5")
    assert processes(None) == 5 and processes(1) == 1
    monkeypatch.setenv("WORMGNN_JOBS", "many")
    with pytest.raises(ChoiceError, match="number of processes 'many': choose one of 1 or more"):
        processes(None)


SCRIPT = """
import os, sys, time
from functools import partial
from pathlib import Path
from wormgnn import parallel

def work(folder):
    (folder / str(os.getpid())).touch()
    time.sleep(600)

parallel.WORTH = 0
parallel.finish("long", [parallel.Job("a", "a", 1, partial(work, Path(sys.argv[1])))] * 2, 2)
"""
"""Has no `if __name__ == "__main__"`: notebooks and short scripts have none."""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_the_processes_end_with_their_parent(sent, tmp_path):
    script, folder, log = tmp_path / "script.py", tmp_path / "pids", tmp_path / "log"
    folder.mkdir()
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder)]
    with log.open("w") as stderr:
        process = subprocess.Popen(command, stderr=stderr, start_new_session=True)
        assert until(lambda: len(list(folder.iterdir())) == 2)
        if sent == signal.SIGINT:
            os.killpg(process.pid, sent)  # as a terminal does on Ctrl-C
        else:
            process.kill()
        process.wait(timeout=300)
    pids = [int(path.name) for path in folder.iterdir()]
    assert len(pids) == 2 and until(lambda: not any(map(alive, pids)))
    said = log.read_text()
    assert said.splitlines()[0] == "long: 0 of 2 folds on 2 cores"
    assert said.rstrip().endswith("KeyboardInterrupt") == (sent == signal.SIGINT)


def until(reached):
    end = time.monotonic() + 300
    while not (done := reached()) and time.monotonic() < end:
        time.sleep(0.05)
    return done


def alive(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_the_line_weighs_what_is_left_by_its_own_kind(monkeypatch, capsys):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(parallel.time, "monotonic", lambda: clock.now)
    kinds = [("GNN", "GNN"), ("GNN", "GNN"), ("GNN: 4 states", "GNN"), ("MLP", "MLP")]
    with Progress("table1", [Job(*kind, 1, int) for kind in kinds], 1, n_stored=6) as progress:
        for place, seconds, left in (
            (0, 50, 150),  # one alike, one of its model, one of no kind seen
            (1, 70, 120),
            (2, 10, (50 + 70 + 10) / 3),
            (3, 100, 0),
        ):
            clock.now += seconds
            progress.add(place, seconds)
            assert progress.seconds_left() == pytest.approx(left)
            clock.now += 20
            assert progress.seconds_left() == pytest.approx(max(left - 20, 0))
    (said,) = capsys.readouterr().err.splitlines()  # not within the first minute
    assert said.startswith("table1: 8 of 10 folds, 2 min left (ends ")
    with Progress("p", [Job("a", "a", 1, int)] * 5, n_processes=2) as progress:
        for now, ended, left in ((30, [0], 45), (30, [1], 45), (60, [2, 3], 30)):
            clock.now = progress.start + now
            for place in ended:
                progress.add(place, 30.0)
            assert progress.seconds_left() == left  # the last has no company
    assert list(map(duration, (0.4, 61, 12000))) == ["0 s", "1 min", "3 h 20 min"]
