"""The hypothesis in plain words, computed from the tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from wormgnn.mixing.differences import differences, headroom

Row = Mapping[Hashable, Any]

NEAR = 0.2
"""Mixing up to which simulated traces are compared with those of the worms placed."""

LEGIBLE = 0.5
"""Correlation above which traces are said to show what worms share."""


def count(found: pd.DataFrame) -> dict[str, int]:
    """Places where the GNN is better, worse, or neither, by their intervals.

    `useful`: better, and above the majority class as well; of two networks that
    guess, one may guess better.
    """
    better, worse = found["low"] > 0, found["high"] < 0
    useful = better & (found["accuracy"] > found["majority"])
    found_so = {"better": better, "useful": useful, "worse": worse, "neither": ~better & ~worse}
    return {name: int(places.sum()) for name, places in found_so.items()}


def headline(table: pd.DataFrame) -> str:
    """Whether the GNN beats the MLP anywhere on the dial, and what room there is.

    `table` as from `dial.run`, with the GNN, both MLPs and the true alignment.
    """
    found = distinct(differences(table))
    matched = found[found["other"] == "MLP, no norm"]
    return " ".join(
        [
            *(_against(part, str(other)) for other, part in found.groupby("other", sort=False)),
            _extreme(matched, "best"),
            _extreme(matched, "worst"),
            _room(table),
        ]
    )


def same_worms(table: pd.DataFrame) -> str:
    """Whether the GNN beats its MLP on the worms that both were trained on."""
    found = distinct(differences(table, others=["MLP, no norm"], seen=True))
    parts = []
    for n_train, part in found.groupby("n_train"):
        n = count(part)
        parts.append(
            f"trained on {n_train}, better at {n['better']} of {len(part)} places and worse at "
            f"{n['worse']}, the largest difference being {_points(_sorted(part)[-1])}"
        )
    return f"On the test fold of the worms trained on it is: {'; '.join(parts)}."


def distinct(found: pd.DataFrame) -> pd.DataFrame:
    """Without the second kind of mixing at 0, where both kinds are the same worms."""
    return found[(found["mixing"] > 0) | (found["kind"] == found["kind"].iloc[0])]


def _against(found: pd.DataFrame, other: str) -> str:
    n = count(found)
    above = (
        f"; at {n['useful']} of these it is also above the majority class" if n["better"] else ""
    )
    return (
        f"Against *{other}* the GNN is better at {n['better']} of {len(found)} places of the dial "
        f"(95 % interval above zero{above}), worse at {n['worse']}, and neither at {n['neither']}."
    )


def _extreme(found: pd.DataFrame, which: str) -> str:
    row = _sorted(found)[-1 if which == "best" else 0]
    return f"At its {which} it differs from *{row['other']}* by {_points(row)}."


def _sorted(found: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Rows by their difference, the least first."""
    return found.sort_values("difference").to_dict("records")


def _points(row: Row) -> str:
    return (
        f"{_measured(row)}; mixing {row['mixing']:g} of {row['kind']}, "
        f"{row['n_train']} training worm{'s' if row['n_train'] > 1 else ''})"
    )


def _measured(row: Row) -> str:
    """A difference with its interval and n, the bracket left open."""
    return (
        f"{100 * row['difference']:+.1f} points (95 % interval {100 * row['low']:+.1f} to "
        f"{100 * row['high']:+.1f}, n = {row['n_worms']:.0f} worms"
    )


def _room(table: pd.DataFrame) -> str:
    room = headroom(table)
    if room.empty:
        return ""
    row, above = _sorted(room)[-1], int((room["low"] > 0).sum())
    is_there = "There is room for edges to help" if above else "No room for edges to help shows"
    zeros = room.drop_duplicates("n_train").sort_values("n_train").to_dict("records")
    return (
        f"{is_there}: with the *true* linear map of each worm the same classifier gains up to "
        f"{_points(row)}, with an interval above zero at {above} of {len(room)} places above 0. "
        "This is the gain less the same worm's gain at mixing 0, where nothing is to be undone and "
        f"the map only takes noise away: {'; '.join(_at_zero(zero) for zero in zeros)}."
    )


def _at_zero(row: Row) -> str:
    return (
        f"{100 * row['at_zero']:+.1f} points ({100 * row['at_zero_low']:+.1f} to "
        f"{100 * row['at_zero_high']:+.1f}) trained on {row['n_train']}"
    )


def checks_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The GNN less *MLP, no norm* in every second way of asking.

    `rows` as from `checks.run_all`. One row for each check, GNN, kind, place and number of
    training worms, with accuracies of both.
    """
    tables = [
        _compared(part, gnn).assign(check=check, model=gnn)
        for check, part in rows.groupby("check", sort=False)
        for gnn in part["model"].unique()
        if gnn.startswith("GNN")
    ]
    columns = ["check", "model", "kind", "mixing", "n_train", "GNN", "MLP, no norm", "majority"]
    ends = ["difference", "low", "high", "n_worms"]
    return pd.concat(tables, ignore_index=True)[[*columns, *ends, "accuracy"]]


def _compared(part: pd.DataFrame, gnn: str) -> pd.DataFrame:
    other, keys = "MLP, no norm", ["kind", "mixing", "n_train"]
    found = differences(part, gnn, [other])
    unseen = part[~part["seen"]]
    means = unseen.groupby([*keys, "model"])["accuracy"].mean().unstack("model")[[gnn, other]]
    return found.merge(means.rename(columns={gnn: "GNN"}).reset_index(), on=keys)


def checks_sentence(table: pd.DataFrame) -> str:
    """What the second ways say together; `table` as from `checks_table`."""
    n, row = count(table), _sorted(table)[-1]
    above = f" ({n['useful']} above the majority class)" if n["better"] else ""
    return (
        f"Asked in {table['check'].nunique()} further ways ({len(table)} comparisons), the GNN is "
        f"better in {n['better']}{above} and worse in {n['worse']}. The largest difference is that "
        f"of the check *{row['check']}* ({row['model']}): {_points(row)}."
    )


def where(placements: pd.DataFrame) -> pd.DataFrame:
    """Where the statistics place all worms together, one row for each physics and kind.

    `first` to `last`: least and greatest place over the statistics. `agree`: whether some
    place lies within the intervals of all of them, from `low` to `high`.
    """
    whole = placements[placements["without"].isna() | (placements["without"] == "")]
    by = whole.dropna(subset="kind").groupby(["physics", "kind"], sort=False)
    table = by.agg(
        statistics=("statistic", "nunique"),
        first=("mixing", "min"),
        last=("mixing", "max"),
        # A statistic without any fitting place has NaN, which no other may hide.
        low=("low", lambda low: low.max(skipna=False)),
        high=("high", lambda high: high.min(skipna=False)),
    ).reset_index()
    return table.assign(agree=table["low"] <= table["high"])


def where_sentence(placed: pd.DataFrame, worms: str) -> str:
    """Where worms sit on the axis, in words; `placed` as from `where`."""
    parts = [_place(row) for row in placed.to_dict("records")]
    return f"On the simulator's axis {worms} sit: {'; '.join(parts)}."


def _place(row: Row) -> str:
    agree = (
        f"the {row['statistics']} intervals share {row['low']:.2f} to {row['high']:.2f}"
        if row["agree"]
        else f"the {row['statistics']} intervals have no place in common"
    )
    return (
        f"between {row['first']:.2f} and {row['last']:.2f} for mixing of {row['kind']} "
        f"(physics: {row['physics']}; {agree})"
    )


def real_sentence(found: pd.DataFrame, placed: pd.DataFrame, real: pd.DataFrame) -> str:
    """What the simulated worms say of real ones at their place, and what was measured.

    Parameters
    ----------
    found
        As from `differences`, one `other` alone.
    placed
        As from `where`, one row for each kind.
    real
        As from `differences.real_differences`.
    """
    parts = []
    for row in real[real["n_train"].isin(found["n_train"])].to_dict("records"):
        same = found[found["n_train"] == row["n_train"]]
        said = [_said(same, place) for place in placed.to_dict("records")]
        parts.append(
            f"trained on {row['n_train']:.0f}, {_measured(row)}) measured, where simulated worms "
            f"have {' and '.join(said)}"
        )
    return f"GNN less *{found['other'].iloc[0]}* on the real worms: {'; '.join(parts)}."


def _said(found: pd.DataFrame, place: Row) -> str:
    """Difference of simulated worms in the middle of a place, between places of the dial."""
    part = found[found["kind"] == place["kind"]].sort_values("mixing")
    middle = (place["first"] + place["last"]) / 2
    value = np.interp(middle, part["mixing"], part["difference"])
    return f"{100 * value:+.1f} ({place['kind']})"


def legible_sentence(table: pd.DataFrame) -> str:
    """Whether messages show what worms share better than traces do; table of `edges.legible`."""
    by = distinct(table).groupby(["n_train", "kind", "mixing"])[["traces", "messages"]].mean()
    gain = by["messages"] - by["traces"]
    clear = by["traces"] > LEGIBLE
    return (
        "A linear map reads what the worms share better from the GNN's messages than from the "
        f"traces at {(gain > 0).sum()} of {len(by)} places, and at {(gain[clear] > 0).sum()} of "
        f"the {clear.sum()} where the traces themselves show it (correlation above {LEGIBLE:g}); "
        f"there the messages lose {-gain[clear].mean():.2f} on average."
    )


def nearest_physics(calibration: pd.DataFrame, placements: pd.DataFrame) -> str:
    """The physics whose traces are most like those of the worms placed.

    By roughness and dimension (see `placement.describe`) up to `NEAR` on the dial: least sum of
    the absolute logarithms of their ratios.
    """
    near = calibration[calibration["mixing"] <= NEAR]
    traces = near.groupby("physics", sort=False)[["roughness", "dimension"]].mean()
    own = placements[placements["kind"].isna()].set_index("statistic")["value"]
    ratios = traces / own[["roughness", "dimension"]]
    return str(ratios.apply(np.log).abs().sum(axis=1).idxmin())
