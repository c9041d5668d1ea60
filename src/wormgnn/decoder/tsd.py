"""Decoded behaviour as objects of pynapple, which is imported where it is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from wormgnn.states import bouts


def is_pynapple(data: object) -> bool:
    """Whether data are a `TsdFrame`."""
    return type(data).__module__.partition(".")[0] == "pynapple" and hasattr(data, "as_dataframe")


def frame(table: pd.DataFrame) -> Any:
    """Probabilities as a `TsdFrame`, a column for each state."""
    import pynapple

    return pynapple.TsdFrame(
        t=table.index.to_numpy(), d=table.to_numpy(), columns=list(table.columns)
    )


def codes(table: pd.DataFrame) -> Any:
    """Number of the likeliest state in each frame, as a `Tsd`."""
    import pynapple

    return pynapple.Tsd(t=table.index.to_numpy(), d=table.to_numpy().argmax(axis=1))


def intervals(table: pd.DataFrame) -> dict[str, Any]:
    """An `IntervalSet` for each state: from its first frame to the first of the next state."""
    import pynapple

    seconds = table.index.to_numpy()
    ends = np.append(seconds, seconds[-1] + np.median(np.diff(seconds)))
    every = bouts(table.to_numpy().argmax(axis=1))
    return {
        str(name): pynapple.IntervalSet(
            start=[ends[bout.start] for bout in every if bout.state == code],
            end=[ends[bout.stop] for bout in every if bout.state == code],
        )
        for code, name in enumerate(table.columns)
    }
