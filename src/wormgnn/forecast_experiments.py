"""Figure 4C-D and what goes beyond it as data: which models forecast which worms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from wormgnn import reference
from wormgnn.datasets.registry import load
from wormgnn.datasets.registry import other_lab as another_lab
from wormgnn.errors import ChoiceError, chosen
from wormgnn.forecast import CODE, Forecasted, forecast
from wormgnn.forecast_fold import Forecast
from wormgnn.forecast_tables import over_folds
from wormgnn.neuron_sets import SHARED_WITH_NICHOLS, neuron_set
from wormgnn.profiles import Profile
from wormgnn.recording import Recording, at_one_rate
from wormgnn.sharing import neurons_by_rule
from wormgnn.store import Store

PERSISTENCE = "Persistence"

_BASELINES = {
    PERSISTENCE: Forecast("persistence"),
    "Damped persistence": Forecast("damped"),
    "Constant derivative": Forecast("constant-derivative"),
    "Mean": Forecast("mean"),
    "Ridge, one frame": Forecast("ridge"),
    "VAR, four frames": Forecast("var"),
}
SIMPLE = tuple(_BASELINES)
"""Models that are no networks."""

_NETWORKS = {
    "MLP": Forecast("mlp"),
    "Node MLP": Forecast("node-mlp"),
    "GNN": Forecast("gnn"),
    "GNN, static edges": Forecast("gnn", {"edges": "after"}),
    "GAT": Forecast("gat"),
    "MLP-RNN": Forecast("mlp-rnn"),
    "Node MLP-RNN": Forecast("node-mlp-rnn"),
    "GNN-RNN": Forecast("gnn-rnn"),
}
_CAUSAL = (
    PERSISTENCE,
    "Damped persistence",
    "Mean",
    "Ridge, one frame",
    "VAR, four frames",
    "MLP",
    "Node MLP",
)
_CAUSAL_NETWORKS = ("GNN", "MLP-RNN")


def _changed(labels: Sequence[str], **changes: object) -> dict[str, Forecast]:
    every = _BASELINES | _NETWORKS
    return {label: replace(every[label], **changes) for label in labels}  # type: ignore[arg-type]


Others = Literal["another lab", "nichols"]


@dataclass(frozen=True)
class ForecastExperiment:
    """A figure of the second task.

    Attributes
    ----------
    title
        What it is in the paper, or beyond it.
    lines
        Models by label; persistence is always among them.
    neurons
        `paper` (its 15) or `three` (`SHARED_WITH_NICHOLS`).
    unseen
        Worms that are forecast and never trained on, all recordings then resampled to one
        frame rate; None leaves training worms out in turn.
    """

    title: str
    lines: Mapping[str, Forecast]
    neurons: Literal["paper", "three"] = "paper"
    unseen: Others | None = None

    def only(self, labels: Sequence[str] | None) -> ForecastExperiment:
        """The experiment with some of its lines, and persistence.

        ChoiceError for an unknown label.
        """
        if not labels:
            return self
        for label in labels:
            if label not in self.lines:
                raise ChoiceError("model", label, self.lines)
        kept = {PERSISTENCE, *labels}
        return replace(self, lines={k: v for k, v in self.lines.items() if k in kept})


_ABROAD = {label: replace(plan, sizes=(1, 5)) for label, plan in (_BASELINES | _NETWORKS).items()}

FORECASTS = {
    "figure4c": ForecastExperiment("Figure 4C-D: unseen worms", _BASELINES | _NETWORKS),
    "figure4c-three": ForecastExperiment(
        "Figure 4C-D with the three neurons of both data sets", _BASELINES | _NETWORKS, "three"
    ),
    "figure4c-nichols": ForecastExperiment(
        "Figure 4C-D: worms of another session", _ABROAD, "three", unseen="nichols"
    ),
    "figure4c-abroad": ForecastExperiment(
        "Figure 4C-D: another laboratory's animals", _ABROAD, unseen="another lab"
    ),
    "figure4c-causal": ForecastExperiment(
        "Beyond the paper: scale and derivative from the past alone",
        _changed((*_CAUSAL, *_CAUSAL_NETWORKS), scaling="causal"),
    ),
    "sampling": ForecastExperiment(
        "Beyond the paper: what scheduled sampling and batch norm do",
        {
            PERSISTENCE: _BASELINES[PERSISTENCE],
            "MLP": _NETWORKS["MLP"],
            "MLP, own predictions only": Forecast("mlp", sampling_end=0.0),
            "MLP, true frames only": Forecast("mlp", sampling_end=1e9),
            "MLP, batch norm": Forecast("mlp", {"norm": "last"}),
        },
    ),
}


def forecast_named(name: str) -> ForecastExperiment:
    """The experiment of this name; ChoiceError names the choices."""
    return chosen("experiment", name, FORECASTS)


@dataclass(frozen=True)
class Found:
    """What an experiment gave.

    Attributes
    ----------
    rows
        `forecast.Forecasted.rows` of all lines, and the columns model and n_neurons.
    lines
        What each line gave, by label.
    recordings
        The worms, at the frame rate that they were forecast at.
    neurons
        The neurons predicted.
    """

    rows: pd.DataFrame
    lines: Mapping[str, Forecasted]
    recordings: tuple[Recording, ...]
    neurons: tuple[str, ...]


def run(
    experiment: ForecastExperiment,
    dataset: str,
    profile: Profile,
    store: Store,
    seed: int = 0,
    device: str = "auto",
) -> Found:
    """Run all lines of an experiment on a dataset; what the store holds is not run again."""
    train, unseen = _worms(experiment, dataset)
    neurons = _neurons(experiment, train, unseen)
    lines = {
        label: forecast(replace(plan, seed=seed), train, neurons, profile, store, unseen, device)
        for label, plan in experiment.lines.items()
    }
    tables = [
        found.rows[_evaluated(found.rows, unseen)].assign(model=label, n_neurons=len(neurons))
        for label, found in lines.items()
    ]
    rows = pd.concat(tables, ignore_index=True)
    return Found(rows, lines, (*train, *unseen), neurons)


def _worms(experiment: ForecastExperiment, dataset: str) -> tuple[list[Recording], list[Recording]]:
    """Training worms, and those that are only forecast."""
    train = load(dataset)
    if experiment.unseen is None:
        return train, []
    others = another_lab(dataset) if experiment.unseen == "another lab" else load("nichols")
    train, others = at_one_rate(train, others)
    return train, others


def _neurons(
    experiment: ForecastExperiment, train: Sequence[Recording], unseen: Sequence[Recording]
) -> tuple[str, ...]:
    if experiment.neurons == "three":
        for worm in (*train, *unseen):
            worm.columns(SHARED_WITH_NICHOLS)
        return SHARED_WITH_NICHOLS
    paper = neuron_set("paper", train)
    if not unseen:
        return paper
    common = neurons_by_rule("common", paper, unseen)
    return next(iter(common.values()))


def _evaluated(rows: pd.DataFrame, unseen: Sequence[Recording]) -> pd.Series:
    """Rows on the worms that an experiment is about."""
    if not unseen:
        return rows["worm"].notna()
    return rows["worm"].isin([worm.worm for worm in unseen])


def write_reference(
    name: str,
    found: Found,
    dataset: str,
    profile: Profile,
    seed: int,
    command: str,
) -> Path:
    """Write an experiment's errors, averaged over folds, into `results/`; returns the path.

    The manifest names the lines of the experiment that were left out.
    """
    missing = [label for label in FORECASTS[name].lines if label not in found.lines]
    note = {"note": f"Not in this table: {', '.join(missing)}."} if missing else {}
    about = reference.about(
        command, dataset, found.recordings, seed, CODE, profile, neurons=list(found.neurons), **note
    )
    return reference.write(f"{name}.{dataset}", over_folds(found.rows), about)
