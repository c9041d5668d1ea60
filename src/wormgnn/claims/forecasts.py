"""What the paper says of its forecasts, each sentence beside what our numbers say.

Its Figure 4D is an image, so there are no numbers to compare with, only sentences.
"""

from __future__ import annotations

import pandas as pd

from wormgnn.claims.claim import NICHOLS, Claim, Evidence, cannot
from wormgnn.claims.forecast_judges import (
    DAMPED,
    LINEAR,
    RIVALS,
    Answer,
    against,
    beyond,
    errors_of,
    in_skill,
    learn,
    more_worms,
    sixteen,
)
from wormgnn.claims.rules import at_most, below, equal


def claims(rows: pd.DataFrame) -> pd.DataFrame:
    """The paper's sentences on trajectories, judged.

    `rows` as `forecast_tables.over_folds` takes them. Columns claim, asked (what we take it to
    mean), measured, verdict (of `claim.VERDICTS`).
    """
    evidence = Evidence(lambda _name: rows)
    lines = [
        {
            "claim": each.sentence,
            "asked": each.asked(evidence),
            "measured": "; ".join(found.ours),
            "verdict": found.verdict,
        }
        for each in TRAJECTORIES
        for found in [each.check(evidence)]
    ]
    return pd.DataFrame(lines)


def _claim(
    key: str,
    sentence: str,
    criterion: str,
    answer: Answer,
    universal: bool = False,
    **more: str,
) -> Claim:
    place = more.get("place", "forecasts")
    section = more.get("section", "Results, trajectories")
    source = more.get("table", "figure4c")
    return Claim(
        key,
        section,
        sentence,
        criterion,
        place,
        lambda evidence: answer(evidence.made(errors_of(source)), evidence.margin),
        universal=universal,
    )


_MEAN = "(1e-4, mean over 16 frames)"

TRAJECTORIES = (
    _claim(
        "learn-transitions",
        "All deep learning models learn transitions",
        "skill over persistence 8 frames ahead above 0",
        learn,
        universal=True,
    ),
    _claim(
        "learn-return",
        "The same, more strictly (ours): more than a return to the mean",
        f"MSE less that of {DAMPED} {_MEAN} below 0",
        beyond(DAMPED),
        universal=True,
    ),
    _claim(
        "learn-linear",
        "The same, more strictly (ours): better than a linear map",
        f"MSE less that of {LINEAR} {_MEAN} below 0",
        beyond(LINEAR),
        universal=True,
    ),
    _claim(
        "more-worms-forecasts",
        "More training worms improve the forecasts of MLP and GNN",
        f"MSE {_MEAN}, most less fewest worms, below 0",
        more_worms,
    ),
    _claim(
        "markovian-gnn",
        "The Markovian GNN outperforms all MLP and RNN variants",
        f"MSE of the GNN less theirs {_MEAN} below 0",
        against(below, "GNN", RIVALS),
        universal=True,
    ),
    _claim(
        "sixteen-frames",
        "The GNN predicts for at least 16 frames",
        "skill of the GNN at 16 frames above 0",
        sixteen,
    ),
    _claim(
        "gat-forecasts",
        "In forecasts a GAT performs equally",
        "error of the GAT less the GNN's, in percent of persistence's (mean over 16 frames): "
        "interval within ± {margin:g} points",
        in_skill(equal, "GAT", ("GNN",)),
        section="Supplement, model selection",
    ),
    _claim(
        "dynamic-edges",
        "In forecasts edges inferred at each frame do better",
        f"MSE of the GNN less that with static edges {_MEAN} below 0",
        against(below, "GNN", ("GNN, static edges",)),
        section="Supplement, implementation",
    ),
)
"""Judged by the rows of Figure 4C."""

AT_LEAST_MLP = _claim(
    "at-least-mlp-forecasts",
    "In forecasts the GNN matches or exceeds the MLP",
    "error of the GNN less the MLP's, in percent of persistence's: interval below "
    "{margin:g} points",
    in_skill(at_most, "GNN", ("MLP",)),
    section="Discussion; Conclusion",
)

NICHOLS_FORECASTS = Claim(
    "forecasts-nichols",
    "Results, trajectories",
    "On the worms of Nichols et al. the GNN clearly outperforms all others at 16 frames",
    f"MSE of the GNN less theirs {_MEAN} below 0",
    "forecasts",
    cannot(f"{NICHOLS}; with them: wormgnn run figure4c-nichols --dataset kato"),
    universal=True,
)

SAMPLING = _claim(
    "scheduled-sampling",
    "Scheduled sampling keeps errors from adding up",
    "MSE of the MLP in the sixteenth frame (1e-4) less that of one trained on true frames only, "
    "below 0",
    against(below, "MLP", ("MLP, true frames only",), step=16),
    place="sampling",
    table="sampling",
)

CLAIMS = (*TRAJECTORIES, AT_LEAST_MLP, NICHOLS_FORECASTS, SAMPLING)
