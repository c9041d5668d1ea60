"""How decoders are fitted, and how worms left out of training choose and calibrate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from tqdm import tqdm

from wormgnn.decoder.recordings import balanced_accuracy
from wormgnn.errors import NeuronError
from wormgnn.linear import (
    MIN_NEURONS,
    WHOLE,
    Array,
    Laboratory,
    Linear,
    fit_linear,
    laboratory_of,
    temperature_of,
)
from wormgnn.recording import Recording
from wormgnn.states import merge

MIN_WORMS = 3
"""Fewest worms of a laboratory for a local decoder: with two, nothing tells how worms differ."""

_SIZES = (3, 5, 8, 12, 20, 40)  # numbers of neurons at which left-out worms are scored
_DRAWS = 3

Groups = Mapping[str, Sequence[Recording]]
"""Worms by laboratory."""

Held = tuple[Array, NDArray[np.int64]]
"""Logits of a worm that was left out, shape (frames, states), and its labels."""


@dataclass(frozen=True)
class Recipe:
    """How a local and a general decoder are fitted; the parameters of `BehaviourDecoder`."""

    n_states: int
    C: float
    bands_s: Sequence[float]
    smooth_s: float

    def general(self, train: Sequence[Recording]) -> Linear:
        """Decoder of traces without their slow part."""
        return self._fit(train, self.bands_s)

    def local(self, train: Sequence[Recording]) -> Linear:
        """Decoder of whole traces."""
        return self._fit(train, (WHOLE,))

    def _fit(self, train: Sequence[Recording], bands_s: Sequence[float]) -> Linear:
        return fit_linear(train, _names(train), bands_s, self.n_states, self.C)

    def logits(self, linear: Linear, worm: Recording) -> Array:
        """Log-odds smoothed over time, shape (frames, states)."""
        logits = linear.logits(worm)
        if not self.smooth_s:
            return logits
        return cast(Array, gaussian_filter1d(logits, self.smooth_s * worm.fps, 0, mode="nearest"))


def train(recipe: Recipe, groups: Groups) -> tuple[Linear, dict[str, Laboratory], pd.DataFrame]:
    """The general decoder, what is kept of each laboratory, and the scores of `leave_out`.

    A laboratory keeps a local decoder if that does better than the general one on its own worms,
    left out. Temperatures are fitted to worms left out: that of the general decoder to those of
    other laboratories, where there are several.
    """
    everyone = [worm for group in groups.values() for worm in group]
    general = recipe.general(everyone)
    laboratories = {name: laboratory_of(group) for name, group in groups.items()}
    scores, held = leave_out(recipe, groups, laboratories)
    best = scores.loc[scores.groupby(["laboratory", "worm", "decoder"])["n_neurons"].idxmax()]
    means = best.groupby(["laboratory", "decoder"])["balanced_accuracy"].mean()
    for name, group in groups.items():
        if means.get((name, "local"), -np.inf) > means.get((name, "general"), -np.inf):
            local = replace(recipe.local(group), temperature=temperature_of(held[name, "local"]))
            laboratories[name] = replace(laboratories[name], local=local)
    how = "abroad" if len(groups) > 1 else "general"
    unseen = [pair for key, pairs in held.items() if key[1] == how for pair in pairs]
    return replace(general, temperature=temperature_of(unseen)), laboratories, scores


def leave_out(
    recipe: Recipe, groups: Groups, laboratories: Mapping[str, Laboratory]
) -> tuple[pd.DataFrame, dict[tuple[str, str], list[Held]]]:
    """Scores of each worm by decoders that have not seen it, by all of its neurons and by fewer.

    Returns
    -------
    scores
        `BehaviourDecoder.left_out_`.
    held
        Logits and labels by laboratory and decoder, by all neurons.
    """
    everyone = [worm for group in groups.values() for worm in group]
    rows: list[dict[str, object]] = []
    held: dict[tuple[str, str], list[Held]] = {}
    bar = tqdm(total=len(everyone), desc="leaving out", unit="worm", delay=1, disable=None)
    for name, group in groups.items():
        others = [worm for lab, worms in groups.items() if lab != name for worm in worms]
        abroad = recipe.general(others) if len(others) > 1 else None
        for place, worm in enumerate(group):
            fitted = {"general": recipe.general([w for w in everyone if w is not worm])}
            if abroad is not None:
                fitted["abroad"] = abroad
            if len(group) >= MIN_WORMS:
                fitted["local"] = recipe.local([w for w in group if w is not worm])
            distance = laboratories[name].distance(worm, without=place)[0]
            for how, linear in fitted.items():
                about = {"laboratory": name, "worm": worm.worm, "decoder": how}
                scores, whole = _by_neurons(recipe, linear, worm)
                rows += [about | {"distance": distance} | score for score in scores]
                held.setdefault((name, how), []).extend(whole)
            bar.update()
    bar.close()
    columns = ["laboratory", "worm", "decoder", "n_neurons", "share", "distance"]
    return pd.DataFrame(rows, columns=[*columns, "balanced_accuracy"]), held


def _by_neurons(
    recipe: Recipe, linear: Linear, worm: Recording
) -> tuple[list[dict[str, object]], list[Held]]:
    """Scores of a worm by all its neurons and by fewer; logits and labels by all of them."""
    codes = merge(worm, recipe.n_states)
    scores: list[dict[str, object]] = []
    whole: list[Held] = []
    for names in _draws(worm, linear.neurons):
        logits = recipe.logits(linear, worm.select(names))
        score = balanced_accuracy(codes, logits.argmax(1), recipe.n_states)
        about = {"n_neurons": len(names), "share": linear.share(names)}
        scores.append({**about, "balanced_accuracy": score})
        whole = whole or [(logits, codes)]
    return scores, whole


def _names(train: Sequence[Recording]) -> tuple[str, ...]:
    """Names to learn from: of one laboratory those that all its worms share, else any of two worms.

    What few worms of one laboratory say of a neuron did not carry over to another one.
    """
    counts = pd.Series([name for worm in train for name in worm.identified]).value_counts()
    fewest = len(train) if len({worm.dataset for worm in train}) == 1 else 2
    names = tuple(sorted(counts.index[counts >= fewest]))
    if len(names) < MIN_NEURONS:
        raise NeuronError(
            f"expected {MIN_NEURONS} neurons or more that training worms share, "
            f"found {', '.join(names) or 'none'}"
        )
    return names


def _draws(worm: Recording, neurons: Sequence[str]) -> list[tuple[str, ...]]:
    """All of the worm's neurons that a decoder reads, and fewer at random; none if too few."""
    has = [name for name in neurons if name in set(worm.neurons)]
    if len(has) < MIN_NEURONS:
        return []
    rng = np.random.default_rng(0)
    sizes = [size for size in _SIZES if size < len(has) for _ in range(_DRAWS)]
    fewer = [tuple(has[i] for i in sorted(rng.permutation(len(has))[:n])) for n in sizes]
    return [tuple(has), *fewer]
