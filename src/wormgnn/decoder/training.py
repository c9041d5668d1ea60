"""What a decoder learns from labelled worms, chosen and calibrated on worms left out; its file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from tqdm import tqdm

from wormgnn.decoder.recordings import balanced_accuracy
from wormgnn.errors import NeuronError, SourceError, reading
from wormgnn.files import check_regular, write_atomically
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
_FORMAT = 2  # of the file

Groups = Mapping[str, Sequence[Recording]]
"""Worms by laboratory."""

_Fit = Callable[[Sequence[Recording]], Linear]
_Held = dict[tuple[str, str], list[tuple[Array, NDArray[np.int64]]]]


class Learned(NamedTuple):
    """The general decoder, what is kept of each laboratory, and `BehaviourDecoder.left_out_`."""

    general: Linear
    laboratories: dict[str, Laboratory]
    left_out: pd.DataFrame

    @property
    def linears(self) -> dict[str, Linear]:
        """The general and every local decoder, by the names that they have in a file."""
        every = enumerate(self.laboratories.values())
        local = {f"local{number}": lab.local for number, lab in every if lab.local is not None}
        return {"general": self.general, **local}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was fitted, by name; coefficients in single precision."""
        content: dict[str, NDArray[Any]] = {}
        for number, lab in enumerate(self.laboratories.values()):
            content[f"correlations{number}"] = lab.correlations
        for key, linear in self.linears.items():
            content[f"{key}_coef"] = linear.coef.astype(np.float32)
            content[f"{key}_intercept"] = linear.intercept
        return content


def train(
    groups: Groups, n_states: int, C: float, bands_s: Sequence[float], smooth_s: float
) -> Learned:
    """Fit everything; parameters as those of `BehaviourDecoder`.

    A laboratory keeps a local decoder if that does better than the general one on its own worms,
    left out. Temperatures are fitted to worms left out: that of the general decoder to those of
    other laboratories, where there are several.
    """

    def general(worms: Sequence[Recording]) -> Linear:
        return fit_linear(worms, _names(worms), bands_s, n_states, C)

    def local(worms: Sequence[Recording]) -> Linear:
        return fit_linear(worms, _names(worms), (WHOLE,), n_states, C)

    fitted = general([worm for group in groups.values() for worm in group])
    laboratories = {name: laboratory_of(group) for name, group in groups.items()}
    scores, held = _leave_out(groups, laboratories, general, local, n_states, smooth_s)
    best = scores.loc[scores.groupby(["laboratory", "worm", "decoder"])["n_neurons"].idxmax()]
    means = best.groupby(["laboratory", "decoder"])["balanced_accuracy"].mean()
    for name, group in groups.items():
        if means.get((name, "local"), -np.inf) > means.get((name, "general"), -np.inf):
            own = replace(local(group), temperature=temperature_of(held[name, "local"]))
            laboratories[name] = replace(laboratories[name], local=own)
    how = "abroad" if len(groups) > 1 else "general"
    unseen = [pair for key, pairs in held.items() if key[1] == how for pair in pairs]
    return Learned(replace(fitted, temperature=temperature_of(unseen)), laboratories, scores)


def _leave_out(
    groups: Groups,
    laboratories: Mapping[str, Laboratory],
    general: _Fit,
    local: _Fit,
    n_states: int,
    smooth_s: float,
) -> tuple[pd.DataFrame, _Held]:
    """`left_out_`; and by laboratory and decoder the worms' logits, by all neurons, and labels."""
    everyone = [(name, k, worm) for name, group in groups.items() for k, worm in enumerate(group)]
    abroad = {}
    for name in groups:
        others = [worm for other, _, worm in everyone if other != name]
        if len(others) > 1:
            abroad[name] = {"abroad": general(others)}
    rows: list[dict[str, object]] = []
    held: _Held = {}
    for name, place, worm in tqdm(everyone, "leaving out", unit="worm", delay=1, disable=None):
        rest = [other for _, _, other in everyone if other is not worm]
        fitted = {"general": general(rest)} | abroad.get(name, {})
        if len(groups[name]) >= MIN_WORMS:
            fitted["local"] = local([other for other in groups[name] if other is not worm])
        distance, _ = laboratories[name].distance(worm, without=place)
        codes = merge(worm, n_states)
        for how, linear in fitted.items():
            for number, names in enumerate(_draws(worm, linear.neurons)):
                guessed = logits(linear, worm.select(names), smooth_s)
                score = balanced_accuracy(codes, guessed.argmax(1), n_states)
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


# --- an `.npz` of plain arrays, with a manifest in JSON; nothing is unpickled --------------------


def digest(content: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of arrays with their names, types and shapes."""
    sha = hashlib.sha256()
    for name in sorted(content):
        sha.update(f"{name} {content[name].dtype} {content[name].shape}".encode())
        sha.update(np.ascontiguousarray(content[name]).tobytes())
    return sha.hexdigest()


def write(path: Path, learned: Learned, parameters: Mapping[str, object], version: str) -> None:
    """Write what was learned, by a version of this package, whole or not at all."""
    content = learned.arrays()
    manifest = {
        "format": _FORMAT,
        "wormgnn": version,
        "parameters": parameters,
        "laboratories": [
            {"name": name, "worms": lab.worms, "digests": lab.digests, "neurons": lab.neurons}
            for name, lab in learned.laboratories.items()
        ],
        "linear": {
            key: {"neurons": v.neurons, "seconds": v.seconds, "temperature": v.temperature}
            for key, v in learned.linears.items()
        },
        "left_out": learned.left_out.to_dict(orient="list"),
        "sha256": digest(content),
    }
    content["manifest"] = np.array(json.dumps(manifest))

    def write_file(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **content)

    write_atomically(path, write_file)


def read(path: Path | str) -> tuple[Learned, dict[str, Any], str]:
    """What `write` wrote; SourceError for a file that is no decoder, or is damaged."""
    check_regular(Path(path))
    if not zipfile.is_zipfile(path):
        expected = "expected a decoder written by `wormgnn train`, found no NumPy archive"
        raise SourceError(path, "", expected)
    with (
        reading(path, "", "a decoder written by `wormgnn train`"),
        np.load(path, allow_pickle=False) as archive,
    ):
        content = {name: np.asarray(archive[name]) for name in archive.files}
        manifest = json.loads(str(content.pop("manifest")))
        if manifest["format"] != _FORMAT or manifest["sha256"] != digest(content):
            raise SourceError(path, "manifest", "expected the checksum of the arrays inside")
        linears, laboratories = {}, {}
        for key, about in manifest["linear"].items():
            coef, intercept = content[f"{key}_coef"], content[f"{key}_intercept"]
            coef = coef.astype(np.float64)
            linears[key] = Linear(**_tuples(about), coef=coef, intercept=intercept)
        for number, about in enumerate(manifest["laboratories"]):
            fields = _tuples(about)
            name = fields.pop("name")
            fields["correlations"] = content[f"correlations{number}"]
            laboratories[name] = Laboratory(**fields | {"local": linears.get(f"local{number}")})
        learned = Learned(linears["general"], laboratories, pd.DataFrame(manifest["left_out"]))
        return learned, _tuples(manifest["parameters"]), str(manifest["wormgnn"])


def _tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a manifest, lists of which were tuples."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
