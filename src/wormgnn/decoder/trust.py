"""How far to trust a decoder on one recording, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Trust:
    """How far a decoder can be trusted on one recording; nothing here uses its labels.

    Attributes
    ----------
    laboratory
        Whose worms the recording resembles, or is to be decoded like, or `""`: none.
    decoder
        `local` or `general`.
    distance
        From the nearest laboratory's worms, over that of its own worms when left out: 1 is
        typical of them, and a recording beyond `limit` is not one of them (one-sided 99 %
        prediction interval of the next worm; `CAUTIOUS` for a laboratory without a local decoder).
        NaN where too few neurons are shared.
    limit
        Largest distance that the laboratory's next worm is expected to have.
    neurons, missing
        The decoder's neurons that the recording has, and has not, those of most weight first.
    expected, lowest
        Balanced accuracy on unseen worms in the same position by as many neurons, mean and
        lowest; NaN where none were left out.
    trained_on
        Whether the recording is one of the training worms.
    """

    laboratory: str
    decoder: str
    distance: float
    limit: float
    neurons: tuple[str, ...]
    missing: tuple[str, ...]
    expected: float
    lowest: float
    trained_on: bool

    @property
    def facts(self) -> dict[str, str | float | bool]:
        """What a summary and a JSON tell of it, in their order."""
        return {
            "resembles": self.laboratory,
            "distance": self.distance,
            "limit": self.limit,
            "expected": self.expected,
            "lowest": self.lowest,
            "trained_on": self.trained_on,
        }

    def sentence(self) -> str:
        """The same in plain words."""
        if self.trained_on:
            return "The decoder was trained on this recording: nothing follows for other worms."
        if np.isnan(self.distance):
            where = "Too few neurons are named to compare this recording with the training worms."
        elif self.laboratory and self.distance > self.limit:
            where = (
                f"This recording was decoded like a worm of {self.laboratory}, as was asked, but "
                f"is unlike them (distance {self.distance:.2f}, limit {self.limit:.2f})."
            )
        elif self.laboratory:
            where = (
                f"This recording is as near to the training worms of {self.laboratory} as they "
                f"are to each other (distance {self.distance:.2f}, limit {self.limit:.2f})."
            )
        else:
            where = (
                f"This recording is unlike the training worms (distance {self.distance:.2f}, "
                f"limit {self.limit:.2f}), so its slow activity was left aside."
            )
        if np.isnan(self.expected):
            return f"{where} No unseen worms tell what accuracy to expect: label some minutes."
        return (
            f"{where} On unseen worms in that position, by as many neurons, a mean of "
            f"{self.expected:.0%} of the frames of each state were right (lowest worm "
            f"{self.lowest:.0%})."
        )


def expected(left_out: pd.DataFrame, share: float) -> pd.Series[float]:
    """Score of each left-out worm by neurons of about so large a share of the weights, or less."""
    fewer = left_out[left_out["share"] <= 1.05 * share]
    most = fewer.groupby("worm")["share"].transform("max")
    return fewer[fewer["share"] >= 0.9 * most].groupby("worm")["balanced_accuracy"].mean()
