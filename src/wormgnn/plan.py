"""What to run, as data: how much of the protocol, which model and question, which worms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from wormgnn.datasets.simulated import Simulation
from wormgnn.errors import ChoiceError, chosen
from wormgnn.features import Scaling
from wormgnn.folds import Split, worm_subsets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Task = Literal["states", "traces"]

SAMPLING_END = 300 / 800
"""Share of the epochs after which scheduled sampling shows no true frame (the paper's 300 of
800, "timesteps" read as epochs)."""


@dataclass(frozen=True)
class Profile:
    """A scale of computation.

    `subsets_per_size` worm subsets are tried of each size (all if None), `folds` of the `n_folds`
    that windows are divided into, for so many `epochs`; networks that predict trajectories have
    `hidden` channels (paper: 256), and their members are computed and stored one by one where
    `stored_singly`. `name` is a key of `PROFILES`.
    """

    name: str
    subsets_per_size: int | None
    folds: tuple[int, ...]
    epochs: int
    n_folds: int = 10
    hidden: int = 256
    stored_singly: bool = False

    def subsets(
        self, worms: Sequence[str], sizes: Sequence[int] | None = None
    ) -> list[tuple[str, ...]]:
        """Worm subsets of the wanted sizes (all if None), thinned evenly where the profile says."""
        kept = []
        for _, group in itertools.groupby(worm_subsets(worms, sizes), key=len):
            every, wanted = list(group), self.subsets_per_size
            count = len(every) if wanted is None else min(wanted, len(every))
            kept += [every[i * len(every) // count] for i in range(count)]
        return kept

    def with_folds(self, count: int | None) -> Profile:
        """The profile with only its first folds (all if None).

        ChoiceError for a count that it does not have.
        """
        if count is None:
            return self
        if not 1 <= count <= len(self.folds):
            raise ChoiceError("number of folds", count, [f"1 to {len(self.folds)}"])
        return replace(self, folds=self.folds[:count])


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", subsets_per_size=2, folds=(0,), epochs=4, hidden=4),
        Profile("quick", subsets_per_size=5, folds=(0,), epochs=150, hidden=16),
        Profile("reduced", None, tuple(range(10)), epochs=300, hidden=64, stored_singly=True),
        Profile("paper", None, tuple(range(10)), epochs=800, stored_singly=True),
    )
}


def profile_named(name: str) -> Profile:
    """The profile of this name; ChoiceError names the choices."""
    return chosen("profile", name, PROFILES)


@dataclass(frozen=True)
class Plan:
    """One model on one question, over worm subsets and folds.

    - `model`: name of a model of the task.
    - `task`: `states`: name the behavioural state at each frame. `traces`: predict every neuron.
    - `n_states`: 7, 4 or 2.
    - `options`: arguments of the model, as plain JSON.
    - `split`: how windows become folds; with `none` every frame of a worm trains, and there are no
      folds.
    - `scaling`: how traces and derivatives are scaled; a key of `features.SCALINGS`.
    - `sizes`: numbers of training worms; None means every one.
    - `learning_rate`: Adam's, at the start.
    - `edge_frames`: frames over which edges that hold for a whole recording are averaged.
    - `epochs`: training epochs; the profile's if None.
    - `sampling_end`: share of the epochs over which scheduled sampling fades out (`traces` alone);
      0 shows networks nothing but their own predictions. Recurrent networks have their burn-in
      instead.
    - `seed`: of initial weights, and the order of training and of sampling. In a run it counts from
      the run's own, which is that of the folds.
    """

    model: str
    task: Task = "states"
    n_states: int = 2
    options: Mapping[str, Any] = field(default_factory=dict)
    split: Split = "shuffled"
    scaling: Scaling = "whole"
    sizes: tuple[int, ...] | None = None
    learning_rate: float = 1e-3
    edge_frames: int = 128
    epochs: int | None = None
    sampling_end: float = SAMPLING_END
    seed: int = 0

    def with_options(self, **options: Any) -> Plan:
        """The plan with further arguments of its model."""
        return replace(self, options={**self.options, **options})


@dataclass(frozen=True)
class Line:
    """One line of a table or figure.

    - `label`: for the eye, and to pick a line by; no code takes it apart.
    - `plan`: what is run.
    - `model`: the model's name in tables and colours; the label if empty.
    - `neurons`: a name that `neurons.sets_of` knows, or the neurons themselves.
    - `view`: how recordings are seen: a key of `cohort.VIEWS`.
    - `train`: worms that train, where they are not the experiment's: a dataset or a simulation.
    - `alone`: whether to leave out the experiment's unseen dataset.
    - `pool`: how many worms train, from the first on, and how many are unseen, from the last on;
      None lets all train.
    - `factors`: further columns of identity.
    """

    label: str
    plan: Plan
    model: str = ""
    neurons: str | tuple[str, ...] = "paper"
    view: str = "as recorded"
    train: str | Simulation | None = None
    alone: bool = False
    pool: tuple[int, int] | None = None
    factors: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model_name(self) -> str:
        """The model's name in tables."""
        return self.model or self.label

    @property
    def neurons_name(self) -> str:
        """The name of the set of neurons, or their names joined by `+`."""
        return self.neurons if isinstance(self.neurons, str) else "+".join(self.neurons)


@dataclass(frozen=True)
class Experiment:
    """A table or figure: its lines, the worms, and the scale of its reference.

    - `name`, `title`: what `wormgnn run` calls it, and what it is in the paper or beyond it.
    - `lines`: what is run.
    - `dataset`, `unseen`: worms that train, and further ones that are evaluated only. `another lab`
      stands for the freely moving animals that go with the training worms, real or simulated.
    - `profile`, `folds`: scale of the reference table; all folds of the profile if None.
    - `tables`: what makes each reference table, by name, from the `runner.Table` of the run; its
      rows and confusion counts if empty.
    - `pictures`: the same for figures of what may be shown and not given away: `results/` has their
      pixels.
    """

    name: str
    title: str
    lines: tuple[Line, ...]
    dataset: str = "kato"
    unseen: str | None = None
    profile: str = "paper"
    folds: int | None = None
    tables: Mapping[str, Callable[..., pd.DataFrame]] = field(default_factory=dict)
    pictures: Mapping[str, Callable[..., Figure]] = field(default_factory=dict)

    def only(self, names: Sequence[str] | None) -> Experiment:
        """The experiment with some of its lines, by their labels or models; all if None.

        ChoiceError for an unknown name.
        """
        if names is None:
            return self
        known = [*(line.model_name for line in self.lines), *(line.label for line in self.lines)]
        for name in names:
            if name not in known:
                raise ChoiceError("line", name, dict.fromkeys(known))
        kept = [line for line in self.lines if {line.label, line.model_name} & set(names)]
        return replace(self, lines=tuple(kept))

    def where(self, **factors: Any) -> Experiment:
        """The lines whose plan, line or factors have these values (or one of a list of them).

        ChoiceError names the values that there are.
        """
        lines = self.lines
        for name, wanted in factors.items():
            values = wanted if isinstance(wanted, (list, tuple, set)) else [wanted]
            kept = tuple(line for line in lines if _value(line, name) in values)
            if not kept:
                raise ChoiceError(name, wanted, dict.fromkeys(_value(line, name) for line in lines))
            lines = kept
        return replace(self, lines=lines)

    def trained_on(self, sizes: Sequence[int] | None) -> Experiment:
        """The experiment with so many training worms only; its own numbers of them if empty."""
        return self.changed(sizes=tuple(sizes)) if sizes else self

    def changed(self, **changes: Any) -> Experiment:
        """The experiment with other fields in the plan of every line."""
        lines = (replace(line, plan=replace(line.plan, **changes)) for line in self.lines)
        return replace(self, lines=tuple(lines))

    @property
    def makers(self) -> Mapping[str, Callable[..., pd.DataFrame]]:
        """What makes each reference table from the run, by the table's name."""
        if self.tables:
            return self.tables
        counts = {f"{self.name}-confusion": lambda table: table.confusion}
        return {self.name: lambda table: table.rows, **counts}

    @property
    def command(self) -> str:
        """The command line that computes its reference tables."""
        return f"wormgnn run {self.name} --reference"


def _value(line: Line, name: str) -> Any:
    for holder in (line.factors, vars(line), vars(line.plan), line.plan.options):
        if name in holder:
            return line.model_name if name == "model" else holder[name]
    return None
