"""What is on the axes of the figure of verdicts."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from wormgnn.claims.claim import VERDICTS
from wormgnn.plots.claims import VERDICT_COLOURS, verdict_strips


@pytest.fixture
def counts() -> pd.DataFrame:
    values = [[2, 0, 1, 0, 3], [0, 4, 0, 1, 0]]
    return pd.DataFrame(values, index=["first topic", "second topic"], columns=list(VERDICTS))


def test_strips_are_as_long_as_topics_have_claims(counts: pd.DataFrame) -> None:
    figure, axes = plt.subplots()
    verdict_strips(counts, axes)
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert widths == counts.T.values.tolist()
    ends = [
        max(bar.get_x() + bar.get_width() for bar in topic)
        for topic in zip(*axes.containers, strict=True)
    ]
    assert ends == counts.sum(axis=1).tolist()
    assert [t.get_text() for t in axes.get_yticklabels()] == list(counts.index)
    assert sorted(t.get_text() for t in axes.texts) == ["1", "1", "2", "3", "4"]  # no zeros
    plt.close(figure)


def test_colours_are_of_their_verdicts(counts: pd.DataFrame) -> None:
    figure, axes = plt.subplots()
    verdict_strips(counts, axes)
    shown = {bars.get_label(): to_hex(bars[0].get_facecolor()) for bars in axes.containers}
    assert shown == {name: colour.lower() for name, colour in VERDICT_COLOURS.items()}
    assert set(VERDICT_COLOURS) == set(VERDICTS)
    plt.close(figure)


def test_no_claims_is_no_error() -> None:
    figure, axes = plt.subplots()
    verdict_strips(pd.DataFrame([[0] * 5], index=["none"], columns=list(VERDICTS)), axes)
    plt.close(figure)
