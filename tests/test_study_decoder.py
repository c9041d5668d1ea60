"""The reference tables of the decoder: each laboratory by its dataset, and scores made once."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from recordings import small_worms
from tiny import tiny_worms
from wormgnn.paper.experiments import experiment_named
from wormgnn.paper.studies import decoder as study
from wormgnn.plan import profile_named
from wormgnn.recording import NO_STATE
from wormgnn.runner import Table


@pytest.fixture
def table() -> Table:
    """A run on two worms of one laboratory and one of another."""
    first, second, third = tiny_worms(3)
    worms = [first, second, replace(third, dataset="far")]
    experiment = experiment_named("decoder")
    return Table(pd.DataFrame(), None, experiment, "tiny", profile_named("smoke"), 7, worms)


def test_tables_are_of_every_laboratory_and_disturb_the_first(table, monkeypatch):
    calls = []

    def evaluate(laboratories, n_states):
        calls.append(({name: len(worms) for name, worms in laboratories.items()}, n_states))
        return pd.DataFrame({"n_states": [n_states]}), pd.DataFrame({"frames": [n_states]})

    monkeypatch.setattr(study, "evaluate", evaluate)
    monkeypatch.setattr(study, "robustness", lambda worms, seed: (len(worms), seed))
    monkeypatch.setattr(study, "choices", lambda laboratories: list(laboratories))
    monkeypatch.setattr(study, "third_laboratory", lambda folder: [])
    made = {name: make(table) for name, make in table.experiment.makers.items()}
    assert made["decoder_third"].empty
    assert calls == [({"tiny": 2, "far": 1}, 2), ({"tiny": 2, "far": 1}, 4)]  # once for two tables
    assert made["decoder_scores"]["n_states"].tolist() == [2, 4]
    assert made["decoder_reliability"]["frames"].tolist() == [2, 4]
    assert made["decoder_robustness"] == (2, 7) and made["decoder_choices"] == ["tiny", "far"]


def test_the_animal_is_decoded_by_all_others_and_keeps_its_labels(table):
    decoded = study.animal(table)
    worms = [name for lab in decoded.decoder.laboratories_.values() for name in lab.worms]
    last = list(study.laboratories(table).values())[-1]
    assert decoded.recording is last[0]
    assert sorted(worms) == sorted(w.worm for w in table.recordings if w is not last[0])
    frames = study.animal_frames(table)
    assert frames.columns.tolist()[:4] == ["worm", "time_s", "labelled", "state"]
    assert (frames["labelled"] == "").equals(pd.Series(decoded.labelled == NO_STATE))
    names = frames.filter(like="p_").idxmax(axis=1).str.removeprefix("p_")
    assert (names == frames["state"]).mean() > 0.99  # probabilities are rounded
    assert (frames["labelled"] != "").any()


def test_agreement_with_ava():
    mine = replace(small_worms(5, duration_s=100.0)[4], worm="mine").resample(4.3)
    table = study.against_ava([mine])
    assert table["worm"].tolist() == ["mine"] and (table["general"] > 0.5).all()
    assert table["picked"].item() == table[table["decoder"].item()].item()
    turned = study.against_ava([replace(mine, traces=-mine.traces, derivatives=None)])
    assert turned["local"].iloc[0] == pytest.approx(table["local"].iloc[0], abs=0.2)


def test_the_third_laboratory_is_read_at_ten_minutes(tmp_path):
    (tmp_path / "sjtu").mkdir()
    mine, path = tiny_worms(1)[0], tmp_path / "sjtu" / "1st.csv"
    pd.DataFrame(mine.traces, columns=mine.neurons).to_csv(path, index=False)
    (worm,) = study.third_laboratory(tmp_path)
    assert worm.fps == pytest.approx(mine.n_frames / 600)
    assert worm.times[-1] == pytest.approx(600, rel=0.01)
