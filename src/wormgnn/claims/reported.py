"""The paper's numbers, as text for a row."""

from __future__ import annotations

from wormgnn.pages import paper_reported
from wormgnn.summary import percent

_COLUMNS = ("same worm", "unseen", "nichols")


def table_one(row: str, column: str) -> tuple[float, float | None]:
    """Mean and spread of one entry of Table 1, in percent; `column` as in `_COLUMNS`."""
    entry = paper_reported()["table1_two_state_accuracy_percent"][row]
    mean, spread = entry[_COLUMNS.index(column)]
    return mean, spread


def entry(row: str, column: str) -> str:
    """`97.7 ± 3.1` from Table 1."""
    return percent(*table_one(row, column))


def said(name: str) -> float:
    """A number of the running text."""
    return float(paper_reported()["text"][name])
