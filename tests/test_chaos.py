"""Work that is killed at random moments gives the same files when it is done again.

`make chaos N=50` kills more often.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import time

import numpy as np
import pandas as pd
import pytest
import torch

from tiny import NEURONS, tiny_worm, tiny_worms
from wormgnn import decoding, report, results
from wormgnn.decoder import BehaviourDecoder
from wormgnn.plan import Experiment, Line, Plan, Profile
from wormgnn.runner import run
from wormgnn.store import Store

ROUNDS = int(os.environ.get("CHAOS", "3"))
SCALE = Profile("tiny", subsets_per_size=None, folds=(0, 1, 2), epochs=12, hidden=4)
PLANS = [Plan("mlp"), Plan("gnn"), Plan("svm"), Plan("mlp", task="traces", sizes=(1, 2))]
LINES = tuple(Line(f"{plan.model}, {plan.task}", plan, neurons=NEURONS) for plan in PLANS)


def work(folder):
    """Train, store, write a reference table, decode a worm, write its page."""
    torch.set_num_threads(1)
    worms, store = tiny_worms(3), Store(folder / "store")
    for lines in (LINES[:3], LINES[3:]):
        table = run(Experiment("chaos", "Killed", lines), worms, SCALE, store, device="cpu")
        about, name = {"command": "a command"}, f"{lines[0].label}.tiny"
        results.write(name, table.rows, about, folder=folder / "results")
    decoder = BehaviourDecoder().fit(worms)
    decoder.save(folder / "decoder.npz")
    jobs, formats = decoding.jobs([folder / "mine.csv"], decoder), ("csv", "json", "html")
    report.check_outputs(jobs, folder / "decoded", formats, force=True)
    done = [
        report.write(job, decoding.decode(job.recording, decoder), folder / "decoded", formats)
        for job in jobs
    ]
    report.write_overview(done, folder / "decoded", formats)


def contents(folder):
    """Every file by name: its bytes, or its arrays, without the time when it was written."""
    found: dict[str, object] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                found[name] = {k: arrays[k].tobytes() for k in arrays.files if k != "manifest"}
        elif path.suffix == ".json":
            found[name] = json.loads(path.read_text()) | {"written": None}
        else:
            found[name] = path.read_bytes()
    return found


def new_folder(folder):
    folder.mkdir()
    worm = tiny_worm("mine", seed=9)
    columns = dict(zip(worm.neurons, worm.traces.T, strict=True))
    pd.DataFrame({"time_s": worm.times, **columns}).to_csv(folder / "mine.csv", index=False)
    return folder


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_is_killed_ends_as_if_it_had_not_been(tmp_path):
    fork, rng = multiprocessing.get_context("fork"), random.Random(0)
    whole = new_folder(tmp_path / "whole")
    process, start = fork.Process(target=work, args=(whole,)), time.perf_counter()
    process.start()
    process.join()
    seconds, expected = time.perf_counter() - start, contents(whole)
    assert process.exitcode == 0 and len(expected) > 15
    killed, hidden = 0, 0
    for number in range(5 * ROUNDS):  # some end before they are killed
        if killed == ROUNDS:
            break
        folder = new_folder(tmp_path / str(number))
        filled = number % 2 == 1  # then most of the time goes into tables and figures
        if filled:
            shutil.copytree(whole / "store", folder / "store")
        process = fork.Process(target=work, args=(folder,))
        process.start()
        time.sleep(rng.uniform(0.02, 0.4 if filled else seconds))
        process.kill()
        process.join()
        killed += process.exitcode == -9
        hidden += len([path for path in folder.rglob(".*") if path.is_file()])
        again, start = fork.Process(target=work, args=(folder,)), time.perf_counter()
        again.start()
        again.join()
        assert again.exitcode == 0
        assert contents(folder) == expected
        if not filled:
            seconds = min(seconds, time.perf_counter() - start)
        shutil.rmtree(folder)
    print(f"{killed} kills, {hidden} files were left half written")
    assert killed == ROUNDS
