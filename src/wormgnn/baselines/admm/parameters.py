"""Parameters of asymmetric diffusion map modelling, each with where it comes from."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict, dataclass
from typing import Literal

from wormgnn.errors import ChoiceError

Scale = Literal["neighbour", "noise"]
Signal = Literal["trace", "derivative"]
SIGNALS: tuple[Signal, ...] = ("trace", "derivative")
SCALES: tuple[Scale, ...] = ("neighbour", "noise")


@dataclass(frozen=True)
class Parameters:
    """What the method leaves to choose; lengths in time are in frames.

    "Authors" below means the program that Brennan and Proekt published with eLife 8:e46814,
    read for its choices; "ours" marks what had to be chosen because theirs is written for
    one recording or is not stated.

    Parameters
    ----------
    n_delays
        Delayed copies beside the present frame. Authors: a free choice, ten in their example.
    delay_frames
        Frames between copies. Authors: a free choice, five in their example.
    signals
        Which of trace and derivative are embedded. Authors: both.
    n_neighbours
        Trajectory passes that each point is linked to in each worm (authors: 20 in all,
        from one recording). None links all pairs: a dense matrix.
    return_frames
        A second visit counts as another pass after so many frames. Authors: 10.
    scale
        What sets the kernel's local width: `noise`, the spread of velocities around the
        frame (authors, per coordinate; here one number per frame), or `neighbour`, the
        distance to the last of the `n_neighbours` (Zelnik-Manor and Perona 2004).
    noise_frames
        Past frames over which the local noise is taken. Authors: four on either side;
        here the past alone, so that prediction knows no future.
    bandwidth
        Factor on the local width. Ours; 1 is the authors' width for `noise`.
    density_exponent
        Weights are divided by the density of their target to this power. Authors: 1/2.
    n_dimensions
        Eigenvectors kept. Authors: 50 computed, of which the phase uses one.
    n_phases
        Bins of phase around the cycle. Authors: 125.
    n_branches
        Loops told apart at one phase. Authors: found by modularity; ours: k-means of this size.
    phase_smoothing
        Standard deviation, in radians, of the smoothing of occupancy along the phase.
        Authors: 2 pi / 20.
    max_bytes
        Memory that a dense matrix may take. Ours.
    seed
        Seed of the eigensolver's first vector and of k-means.

    Raises
    ------
    ChoiceError
        A signal or a scale that does not exist, or a number out of its range.
    """

    n_delays: int = 4
    delay_frames: int = 5
    signals: tuple[Signal, ...] = SIGNALS
    n_neighbours: int | None = 10
    return_frames: int = 10
    scale: Scale = "neighbour"
    noise_frames: int = 8
    bandwidth: float = 1.0
    density_exponent: float = 0.5
    n_dimensions: int = 8
    n_phases: int = 60
    n_branches: int = 4
    phase_smoothing: float = 0.1
    max_bytes: int = 2_000_000_000
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "signals", tuple(self.signals))
        if not self.signals or set(self.signals) - set(SIGNALS):
            raise ChoiceError("signals", self.signals, SIGNALS)
        if self.scale not in SCALES:
            raise ChoiceError("scale", self.scale, SCALES)
        for name, low in _LOWEST.items():
            value = getattr(self, name)
            if value is not None and value < low:
                raise ChoiceError(name, value, [f"{low} or more"])

    @property
    def span_frames(self) -> int:
        """Past frames that one embedded point needs."""
        return self.n_delays * self.delay_frames

    def as_dict(self) -> dict[str, object]:
        """Plain JSON types, for manifests."""
        return asdict(self) | {"signals": list(self.signals)}


def described(params: Parameters) -> list[dict[str, str]]:
    """Name, value and meaning of each parameter, the meaning from the docstring above."""
    body = inspect.cleandoc(Parameters.__doc__ or "").split("----------\n")[1].split("\nRaises")[0]
    meanings = re.findall(r"^(\w+)\n((?: {4}.*\n?)+)", body, flags=re.MULTILINE)
    values = params.as_dict()
    return [
        {"parameter": name, "value": str(values[name]), "meaning": " ".join(text.split())}
        for name, text in meanings
    ]


_LOWEST = {
    "n_delays": 0,
    "delay_frames": 1,
    "n_neighbours": 1,
    "return_frames": 0,
    "noise_frames": 2,
    "bandwidth": 1e-6,
    "density_exponent": 0,
    "n_dimensions": 3,
    "n_phases": 1,
    "n_branches": 1,
    "phase_smoothing": 0,
}
