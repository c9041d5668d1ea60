"""Claims on the recordings and the protocol, judged by the table of facts."""

from __future__ import annotations

import pandas as pd

from wormgnn.claims.claim import (
    FAILS,
    HOLDS,
    NICHOLS,
    Claim,
    Evidence,
    Finding,
    Judge,
    NotComputed,
    cannot,
)
from wormgnn.claims.reported import said
from wormgnn.claims.rules import Gap, Maker, above, below, compared, over_worms
from wormgnn.pages import paper_reported
from wormgnn.recording import PAPER_NEURONS

DATA = "Data"
RARE = 5.0
"""Percent of the frames under which a state counts as a very small share; ours."""

_TEXT = paper_reported()["text"]
_FRAMES = _TEXT["recording_frames"]
_NEURONS = said("recorded_neurons")
_CONSISTENT, _OF = _TEXT["consistent_neurons"]
_DAYS = _TEXT["compute_days"]


def fact(evidence: Evidence, name: str) -> pd.Series:
    """Values of a fact by worm or neuron."""
    table = evidence.table("recordings")
    rows = table[table["fact"] == name]
    if rows.empty:
        raise NotComputed(name, "recordings")
    return rows.set_index("unit")["value"]


def within(name: str, low: float, high: float, unit: str) -> Judge:
    """A judge: every worm's value lies between two ends."""

    def judge(evidence: Evidence) -> Finding:
        values = fact(evidence, name)
        inside = int(values.between(low, high).sum())
        ours = f"{values.min():.4g} to {values.max():.4g} {unit} ({len(values)} worms)"
        return Finding(HOLDS if inside == len(values) else FAILS, (ours,))

    return judge


def per_worm(name: str, label: str, against: float) -> Maker:
    """A fact of each worm less a number."""

    def make(evidence: Evidence) -> Gap:
        values = fact(evidence, name)
        text = f"{label} {values.mean():.1f} ± {values.std():.1f}; less {against:g}"
        return over_worms(text, values, against)

    return make


def named(evidence: Evidence) -> Finding:
    """Whether the paper's neurons are named in every worm."""
    values = fact(evidence, "paper's neurons named")
    whole = int((values == len(PAPER_NEURONS)).sum())
    ours = f"all {len(PAPER_NEURONS)} in {whole} of {len(values)} worms (one by an older file)"
    return Finding(HOLDS if whole == len(values) else FAILS, (ours,))


def consistent(evidence: Evidence) -> Finding:
    """How many neurons no test tells apart in any state."""
    tests = {"shuffled bouts": "consistent, bouts", "independent frames": "consistent, frames"}
    counts = {name: fact(evidence, key) for name, key in tests.items()}
    ours = [f"{name}: {found.sum():.0f} of {len(found)}" for name, found in counts.items()]
    few = all(found.sum() <= _CONSISTENT for found in counts.values())
    return Finding(HOLDS if few else FAILS, tuple(ours))


def compute(evidence: Evidence) -> Finding:
    """Days that the slowest model of Table 1 and Figure 4A took here."""
    table = evidence.table("compute")
    if table.empty:
        raise NotComputed("seconds of stored folds", "compute")
    days = table.groupby("model")["seconds"].sum() / 86_400
    row = table[table["model"] == days.idxmax()]
    ours = (
        f"at most {24 * days.max():.1f} h ({days.idxmax()}: {int(row['networks'].sum())} networks, "
        f"{len(row)} folds, {row['processor'].iloc[0]}); forecasts were not run at this scale"
    )
    return Finding(HOLDS if _DAYS[0] <= days.max() <= _DAYS[1] else FAILS, (ours,))


def immobile(_evidence: Evidence) -> Finding:
    """What the authors of the recordings say; no number decides it."""
    ours = "Kato et al. 2015 describe the recordings of this file as of immobilised worms"
    return Finding(FAILS, (ours,))


CLAIMS = (
    Claim(
        "freely-moving",
        DATA,
        "The recordings used are of freely moving worms",
        "what the authors of the recordings write (no measurement)",
        "recordings",
        immobile,
    ),
    Claim(
        "length",
        DATA,
        "A recording has some thousands of frames",
        "frames of every worm within the paper's range",
        "recordings",
        within("frames", _FRAMES[0], _FRAMES[1], "frames"),
        f"~{_FRAMES[0]} to {_FRAMES[1]}",
    ),
    Claim(
        "duration",
        DATA,
        "A recording lasts a quarter of an hour or more",
        "minutes of every worm within one of the paper's number",
        "recordings",
        within(
            "minutes", _TEXT["recording_minutes"] - 1, _TEXT["recording_minutes"] + 1, "minutes"
        ),
        f"~{_TEXT['recording_minutes']} min",
    ),
    Claim(
        "neurons",
        DATA,
        "A recording holds about a hundred neurons",
        "neurons of every worm within half the paper's number of it",
        "recordings",
        within("neurons", 0.5 * _NEURONS, 1.5 * _NEURONS, "neurons"),
        f"~{_NEURONS:g}",
    ),
    Claim(
        "window-seconds",
        DATA,
        "A window of eight frames lasts a few seconds",
        "seconds in every worm within half a second of the paper's number",
        "windows",
        within("window (s)", said("window_s") - 0.5, said("window_s") + 0.5, "s"),
        f"~{said('window_s'):g} s",
    ),
    Claim(
        "fifteen-named",
        DATA,
        "The paper's neurons are named in all five worms",
        "every one of them named in every worm",
        "recordings",
        named,
        f"{_OF} neurons",
        universal=True,
    ),
    Claim(
        "consistent-neurons",
        "Background, citing (18)",
        "Few neurons behave alike in all worms",
        "neurons of which no pair of worms is told apart in any of four states (Holm, 5 %): no "
        "more than the paper's, by tests of bouts and of frames",
        "consistency",
        consistent,
        f"{_CONSISTENT} of {_OF}",
    ),
    Claim(
        "local-variations",
        DATA,
        "Most local variations of a trace are over within one window",
        "rises and falls (runs of one sign of the derivative) no longer than a window, and their "
        "share of all change, in percent − 50: interval above 0",
        "windows",
        compared(
            above,
            per_worm("runs within a window (%)", "of the runs (%)", 50.0),
            per_worm("change within a window (%)", "of the change (%)", 50.0),
        ),
        f"{said('window_frames'):g} frames",
    ),
    Claim(
        "unknown-state",
        "Supplement, procedures",
        "The unknown state is a very small share of the frames",
        f"share in percent − {RARE:g} (our bound): interval below 0",
        "recordings",
        compared(below, per_worm("unlabelled (%)", "unlabelled (%)", RARE)),
    ),
    Claim(
        "strains",
        DATA,
        "The two strains of Nichols et al. do not differ significantly",
        "difference between strains",
        "recordings",
        cannot(NICHOLS),
    ),
    Claim(
        "three-shared",
        DATA,
        "Three neurons are named in every worm of both datasets",
        "neurons named in every worm",
        "recordings",
        cannot(NICHOLS),
        "AIBR, AVAL, VB02",
        universal=True,
    ),
    Claim(
        "mlp-validated-abroad",
        "Supplement, procedures",
        "Validated on Nichols's worms, the MLP does significantly better",
        "difference of accuracy",
        "two states",
        cannot(NICHOLS),
    ),
    Claim(
        "compute",
        "Supplement, procedures",
        "Training and evaluating one model takes a week or two",
        "seconds of all folds of our slowest classifier (other hardware, other code)",
        "two states",
        compute,
        f"{_DAYS[0]} to {_DAYS[1]} days",
    ),
)
