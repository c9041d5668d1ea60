"""Second ways to ask whether inferred edges help: each changes one thing in the dial's runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from wormgnn.datasets.simulated import MIXINGS, Physics
from wormgnn.datasets.simulated import Simulation as Setting
from wormgnn.mixing.dial import MODELS, averaged, grid, run
from wormgnn.profiles import Profile, profile_named
from wormgnn.protocol import Classification, classify
from wormgnn.readings import READINGS
from wormgnn.recording import PAPER_NEURONS
from wormgnn.store import Store

KATO_LIKE = Physics(noise=0.016, own_loading=0.25)
"""Makes traces as smooth and as low-dimensional as Kato's (`placement.describe`)."""

PAIR = ("MLP, no norm", "GNN")
OTHER_READINGS = (
    "before g, worm's statistics",
    "after g, no norm",
    "after g, sum",
)
"""Of the GNN: the chosen one is on the dial already."""

MANY = (4, 16, 48)
"""Numbers of training worms in the check `many worms`."""
N_UNSEEN = 8
MANY_S = 360.0


@dataclass(frozen=True)
class Check:
    """One change to the dial's runs.

    Attributes
    ----------
    text
        What is changed.
    settings, plans, profile
        As for `dial.run`.
    """

    text: str
    settings: Sequence[Setting]
    plans: Mapping[str, Classification]
    profile: Profile


def checks(folds: int = 1) -> dict[str, Check]:
    """Every check but `many worms`, by name."""
    reduced, full = (profile_named(name).with_folds(folds) for name in ("reduced", "paper"))
    pair = {name: MODELS[name] for name in PAIR}
    four = {name: replace(plan, n_states=4) for name, plan in pair.items()}
    readings = {
        f"GNN: {name}": Classification("gnn", options=READINGS[name].options, sizes=(1, 4))
        for name in OTHER_READINGS
    }
    alike = grid(MIXINGS[:1], (0.1, 0.2), (0, 1), physics=KATO_LIKE)
    return {
        "four states": Check("four states", grid(MIXINGS, (0.35,), (0,)), four, reduced),
        "longer training": Check("800 epochs", grid(MIXINGS, (0.35,), (0,)), pair, full),
        "other readings": Check(
            "other readings of the GNN",
            grid(MIXINGS, (0.35,), (0,)),
            {PAIR[0]: pair[PAIR[0]], **readings},
            reduced,
        ),
        "Kato-like": Check("noise and dimension as in Kato's worms", alike, pair, reduced),
    }


def many_worms(
    seeds: Sequence[int],
    profile: Profile,
    store: Store,
    mixing: float = 0.5,
    counts: Sequence[int] = MANY,
    seed: int = 0,
) -> pd.DataFrame:
    """Whether edges can be learned at all: more training worms than any laboratory has.

    Rows as from `dial.run`: training worms are the first of a long row of simulated ones
    (`MANY_S` seconds each), and `N_UNSEEN` others are evaluated.
    """
    settings = grid(MIXINGS, (mixing,), seeds, n_worms=max(counts) + N_UNSEEN, duration_s=MANY_S)
    return pd.concat(
        [table for place in settings for table in _growing(place, profile, store, counts, seed)],
        ignore_index=True,
    )


def _growing(
    setting: Setting, profile: Profile, store: Store, counts: Sequence[int], seed: int
) -> Iterator[pd.DataFrame]:
    worms = setting.recordings()
    train, unseen = worms[: max(counts)], worms[max(counts) :]
    for label in PAIR:
        for count in counts:
            plan = replace(MODELS[label], sizes=(count,), seed=seed)
            scored = classify(plan, train[:count], PAPER_NEURONS, profile, store, unseen)
            yield averaged(scored.rows, setting, label, plan.n_states)


def run_all(store: Store, seed: int = 0) -> pd.DataFrame:
    """Rows of all checks, with a further column `check`."""
    tables = [
        run(check.settings, check.plans, check.profile, store, seed).assign(check=name)
        for name, check in checks().items()
    ]
    reduced = profile_named("reduced").with_folds(1)
    tables.append(many_worms((0,), reduced, store, seed=seed).assign(check="many worms"))
    return pd.concat(tables, ignore_index=True)
