"""How decoders are fitted, and how worms left out of training choose and calibrate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

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

if TYPE_CHECKING:
    from wormgnn.decoder.behaviour import BehaviourDecoder

MIN_WORMS = 3
"""Fewest worms of a laboratory for a local decoder: with two, nothing tells how worms differ."""

_SIZES = (3, 5, 8, 12, 20, 40)  # numbers of neurons at which left-out worms are scored
_DRAWS = 3

Groups = Mapping[str, Sequence[Recording]]
"""Worms by laboratory."""

Held = tuple[Array, NDArray[np.int64]]
"""Logits of a worm that was left out, shape (frames, states), and its labels."""


def train(
    decoder: BehaviourDecoder, groups: Groups
) -> tuple[Linear, dict[str, Laboratory], pd.DataFrame]:
    """The general decoder, what is kept of each laboratory, and the scores of `leave_out`.

    A laboratory keeps a local decoder if that does better than the general one on its own worms,
    left out. Temperatures are fitted to worms left out: that of the general decoder to those of
    other laboratories, where there are several.
    """
    everyone = [worm for group in groups.values() for worm in group]
    general = _fit(decoder, everyone, decoder.bands_s)
    laboratories = {name: laboratory_of(group) for name, group in groups.items()}
    scores, held = leave_out(decoder, groups, laboratories)
    best = scores.loc[scores.groupby(["laboratory", "worm", "decoder"])["n_neurons"].idxmax()]
    means = best.groupby(["laboratory", "decoder"])["balanced_accuracy"].mean()
    for name, group in groups.items():
        if means.get((name, "local"), -np.inf) > means.get((name, "general"), -np.inf):
            temperature = temperature_of(held[name, "local"])
            local = replace(_fit(decoder, group, (WHOLE,)), temperature=temperature)
            laboratories[name] = replace(laboratories[name], local=local)
    how = "abroad" if len(groups) > 1 else "general"
    unseen = [pair for key, pairs in held.items() if key[1] == how for pair in pairs]
    return replace(general, temperature=temperature_of(unseen)), laboratories, scores


def leave_out(
    decoder: BehaviourDecoder, groups: Groups, laboratories: Mapping[str, Laboratory]
) -> tuple[pd.DataFrame, dict[tuple[str, str], list[Held]]]:
    """Scores of each worm by decoders that have not seen it, by all of its neurons and by fewer.

    Returns
    -------
    scores
        `BehaviourDecoder.left_out_`.
    held
        Logits and labels by laboratory and decoder, by all neurons.
    """
    everyone = [(name, worm) for name, group in groups.items() for worm in group]
    abroad = {}
    for name in groups:
        others = [worm for other, worm in everyone if other != name]
        if len(others) > 1:
            abroad[name] = {"abroad": _fit(decoder, others, decoder.bands_s)}
    rows: list[dict[str, object]] = []
    held: dict[tuple[str, str], list[Held]] = {}
    for name, worm in tqdm(everyone, "leaving out", unit="worm", delay=1, disable=None):
        rest = [other for _, other in everyone if other is not worm]
        own = [other for other in groups[name] if other is not worm]
        fitted = {"general": _fit(decoder, rest, decoder.bands_s)} | abroad.get(name, {})
        if len(own) + 1 >= MIN_WORMS:
            fitted["local"] = _fit(decoder, own, (WHOLE,))
        place = [other is worm for other in groups[name]].index(True)
        distance, _ = laboratories[name].distance(worm, without=place)
        codes = merge(worm, decoder.n_states)
        for how, linear in fitted.items():
            for number, names in enumerate(_draws(worm, linear.neurons)):
                guessed = logits(linear, worm.select(names), decoder.smooth_s)
                score = balanced_accuracy(codes, guessed.argmax(1), decoder.n_states)
                about = {"laboratory": name, "worm": worm.worm, "decoder": how}
                size = {"n_neurons": len(names), "share": linear.share(names)}
                rows.append({**about, **size, "distance": distance, "balanced_accuracy": score})
                if number == 0:  # by all neurons
                    held.setdefault((name, how), []).append((guessed, codes))
    columns = ["laboratory", "worm", "decoder", "n_neurons", "share", "distance"]
    return pd.DataFrame(rows, columns=[*columns, "balanced_accuracy"]), held


def logits(linear: Linear, worm: Recording, smooth_s: float) -> Array:
    """Log-odds smoothed over time, shape (frames, states)."""
    rough = linear.logits(worm)
    if not smooth_s:
        return rough
    return cast(Array, gaussian_filter1d(rough, smooth_s * worm.fps, 0, mode="nearest"))


def by_share(left_out: pd.DataFrame, share: float) -> pd.Series[float]:
    """Score of each left-out worm by neurons of about so large a share of the weights, or less."""
    fewer = left_out[left_out["share"] <= 1.05 * share]
    most = fewer.groupby("worm")["share"].transform("max")
    return fewer[fewer["share"] >= 0.9 * most].groupby("worm")["balanced_accuracy"].mean()


def _fit(decoder: BehaviourDecoder, worms: Sequence[Recording], bands_s: Sequence[float]) -> Linear:
    return fit_linear(worms, _names(worms), bands_s, decoder.n_states, decoder.C)


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
