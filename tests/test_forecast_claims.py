"""Comparisons of forecasts, the tables of a page, and verdicts on the paper's sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from wormgnn.baselines.forecasts import BASELINES
from wormgnn.claims.claim import VERDICTS
from wormgnn.claims.forecast_judges import RIVALS
from wormgnn.claims.forecasts import claims
from wormgnn.forecast_comparisons import (
    beside,
    best_models,
    comparisons,
    differences_for_page,
    for_page,
    over_steps,
)
from wormgnn.forecast_experiments import FORECASTS, SIMPLE
from wormgnn.forecast_tables import skill

WORMS = ("a", "b", "c", "d", "e")


def rows(**errors: float | tuple[float, float]) -> pd.DataFrame:
    """Every model's error in units of persistence's, trained on one worm and on four.

    Persistence's error differs from worm to worm and grows with the frames ahead.
    """
    lines = [
        {
            "model": model.replace("_", " "),
            "n_neurons": 3,
            "n_train": len(subset),
            "subset": "+".join(subset),
            "fold": 0,
            "worm": worm,
            "step": step,
            "windows": 10,
            "diverged": 0,
            "mse": 1e-4 * (1 + number) * step * (error[len(subset) > 1]),
        }
        for model, given in {"Persistence": 1.0, **errors}.items()
        for error in [given if isinstance(given, tuple) else (given, given)]
        for subset in [*[(w,) for w in WORMS], *[tuple(set(WORMS) - {w}) for w in WORMS]]
        for number, worm in enumerate(WORMS)
        if worm not in subset
        for step in range(1, 17)
    ]
    table = pd.DataFrame(lines)
    return table.assign(mse_trace=table["mse"], mse_derivative=2 * table["mse"])


def verdicts(table: pd.DataFrame) -> dict[str, str]:
    return dict(claims(table)[["claim", "verdict"]].itertuples(index=False))


def test_simple_models_are_the_baselines_of_the_experiments() -> None:
    lines = {k: v for e in FORECASTS.values() for k, v in e.lines.items()}
    assert {label for label, plan in lines.items() if plan.model in BASELINES} == set(SIMPLE)
    assert set(RIVALS) <= set(lines)


def test_best_of_each_kind_and_which_wins() -> None:
    table = skill(rows(Mean=(0.9, 0.5), MLP=(0.8, 0.7), GNN=(0.95, np.inf)))
    best = best_models(table, (8,))
    assert best["simple"].tolist() == ["Mean", "Mean"]
    assert best["network"].tolist() == ["MLP", "MLP"]
    assert best["lowest MSE"].tolist() == ["network", "simple"]
    np.testing.assert_allclose(best["skill (%), network"], [20, 30])
    np.testing.assert_allclose(best["MSE, simple"], [0.9 * 8 * 3, 0.5 * 8 * 3])


def test_without_a_network_the_simple_forecast_wins() -> None:
    best = best_models(skill(rows(Mean=2.0)), (1,))
    assert best["network"].tolist() == ["none", "none"]
    assert best["lowest MSE"].tolist() == ["simple", "simple"]


def test_difference_is_over_the_same_members_and_worms() -> None:
    found = comparisons(rows(MLP=1.5, GNN=1.0), [("GNN", "MLP"), ("GNN", "GAT")], (2,))
    assert found[["A", "B", "n_train"]].values.tolist() == [["GNN", "MLP", 1], ["GNN", "MLP", 4]]
    np.testing.assert_allclose(found["difference"], [-0.5 * 2 * 3] * 2)  # mean over five worms
    assert found["n_pairs"].tolist() == [20, 5] and (found["n_worms"] == 5).all()
    assert (found["high"] < 0).all()


def test_a_diverged_model_has_no_difference() -> None:
    found = comparisons(rows(MLP=(1.5, np.inf), GNN=1.0), [("GNN", "MLP")], (1, 8))
    page = differences_for_page(found)
    assert page.columns.tolist() == ["pair", "n_train", "step 1", "step 8", "n_worms", "n_pairs"]
    assert page["step 1"][0].startswith("-1.5 [-") and page["step 8"][0].startswith("-12.0 [-")
    assert page["step 1"][1] == page["step 8"][1] == "diverged"


def test_mean_over_steps() -> None:
    table = over_steps(rows(MLP=0.5))
    assert set(table["step"]) == {0}
    mlp = table[(table["model"] == "MLP") & (table["worm"] == "a")]
    np.testing.assert_allclose(mlp["mse"], 0.5e-4 * np.arange(1, 17).mean())


def test_page_names_how_much_each_row_rests_on() -> None:
    page = for_page(skill(rows(MLP=(0.5, np.inf))), (1, 16))
    assert page.columns.tolist()[:4] == ["model", "n_train", "MSE, 1", "MSE, 16"]
    assert page["members"].tolist() == [20, 5, 20, 5] and (page["worms"] == 5).all()
    assert page["skill (%), 16"].tolist()[2:] == ["50 [50, 50]", "diverged"]


def test_two_tables_beside_each_other() -> None:
    first, second = skill(rows(MLP=0.5, GNN=0.1)), skill(rows(MLP=0.75))
    page = beside(first, second, ("then", "now"), (8,))
    assert page["model"].unique().tolist() == ["Persistence", "MLP"]
    assert page.loc[2, ["then, 8", "now, 8"]].tolist() == ["50 [50, 50]", "25 [25, 25]"]


ALL_BETTER = {name: 0.7 for name in ("Node MLP", "MLP-RNN", "Node MLP-RNN")}
LINEAR = "Ridge, one frame"
MORE = "More training worms improve the forecasts of MLP and GNN"
STRICTLY = "The same, more strictly (ours): better than a linear map"
ALL_WORSE = dict.fromkeys(("MLP-RNN", "Node MLP", "Node MLP-RNN"), (0.9, 0.8))


@pytest.mark.parametrize(
    ("errors", "claim", "verdict"),
    [
        (
            {"GNN": (0.9, 0.5), "MLP": 0.9, **ALL_BETTER, "GNN-RNN": 2.0, "GAT": np.inf},
            "All deep learning models learn transitions",
            "holds",
        ),
        (
            {"GNN": (1.1, 0.5), "MLP": 0.9},
            "All deep learning models learn transitions",
            "does not hold",
        ),
        (
            {"GNN": (0.9, 0.5), "MLP": 0.9},  # others not run
            "All deep learning models learn transitions",
            "holds in part",
        ),
        (
            {"GNN": (0.9, 0.5), "MLP": (0.9, 0.8)},
            MORE,
            "holds",
        ),
        (
            {"GNN": (0.9, 0.5), "MLP": (0.8, 0.9)},
            MORE,
            "holds in part",
        ),
        (
            {"MLP": (0.9, 0.8)},
            MORE,
            "holds in part",
        ),
        (
            {"GNN": 0.5, "MLP": 0.9, **ALL_WORSE},
            "The Markovian GNN outperforms all MLP and RNN variants",
            "holds",
        ),
        (
            {"GNN": 0.95, "MLP": 0.9, **ALL_WORSE},
            "The Markovian GNN outperforms all MLP and RNN variants",
            "does not hold",
        ),
        ({"GNN": (1.1, 0.9)}, "The GNN predicts for at least 16 frames", "holds in part"),
        ({"MLP": 0.5}, "The GNN predicts for at least 16 frames", "not tested"),
        ({"GNN": 0.8, "MLP": 0.9, **ALL_BETTER, LINEAR: 1.0}, STRICTLY, "holds"),
        (
            {"GNN": 0.8, "MLP": 0.9, LINEAR: (1.0, 0.85)},
            STRICTLY,
            "does not hold",
        ),
        ({"GNN": 0.8, LINEAR: 0.7}, STRICTLY, "does not hold"),
        ({"GNN": 0.8}, STRICTLY, "not tested"),
        ({"GNN": 0.5, "GAT": 0.5}, "In forecasts a GAT performs equally", "holds"),
        ({"GNN": 0.5, "GAT": 0.6}, "In forecasts a GAT performs equally", "does not hold"),
        ({"GNN": 0.5, "GAT": np.inf}, "In forecasts a GAT performs equally", "does not hold"),
        (
            {"GNN": 0.5, "GNN, static edges": np.inf},
            "In forecasts edges inferred at each frame do better",
            "holds",
        ),
        (
            {"GNN": np.inf, "GNN, static edges": np.inf},
            "In forecasts edges inferred at each frame do better",
            "not decided",
        ),
        (
            {"GNN": np.inf, "GNN, static edges": 0.6},
            "In forecasts edges inferred at each frame do better",
            "does not hold",
        ),
    ],
)
def test_verdict(errors: dict[str, float], claim: str, verdict: str) -> None:
    assert verdicts(rows(**errors))[claim] == verdict


def test_what_was_measured_is_said() -> None:
    found = claims(rows(GNN=(1.0, 0.5), MLP=(0.9, np.inf))).set_index("claim")["measured"]
    assert found[MORE].startswith("MLP: diverged; GNN: −12.8")
    text = found["All deep learning models learn transitions"]
    assert text.startswith(
        "1 trained on: 1 of 2 networks better, 0 worse; "
        "4 trained on: 1 of 2 networks better, 1 worse; (5 worms); "
        "(2 for, 1 against, 1 open); not run: Node MLP"
    )


def test_worms_that_only_some_sizes_are_forecast_on_are_no_divergence() -> None:
    """Where a profile thins the subsets, large training sets leave out fewer worms than small."""
    table = rows(MLP=(0.9, 0.5), GNN=(0.9, 0.5))
    thinned = table[(table["n_train"] == 1) | table["worm"].isin(["a", "b"])]
    found = claims(thinned).set_index("claim").loc[MORE]
    assert found["verdict"] == "holds"
    assert found["measured"].startswith("MLP: −5.1\u00a0[")  # worms a and b: 0.4 * 1.5 * 8.5


def test_members_that_one_model_was_not_run_on_do_not_count() -> None:
    table = rows(MLP=1.5, GNN=1.0)
    fewer = table[(table["model"] == "GNN") | table["subset"].isin(["a", "b"])]
    found = comparisons(fewer, [("GNN", "MLP")], (2,))
    assert found[["n_train", "n_pairs", "n_worms"]].values.tolist() == [[1, 8, 5]]
    assert np.isfinite(found["difference"]).all()


def test_one_worm_is_not_judged() -> None:
    table = rows(MLP=(0.9, 0.5), GNN=(0.8, 0.4), GAT=0.5)
    given = verdicts(table[table["worm"] == "a"])
    assert set(given.values()) == {"not decided", "not tested"}


def test_sizes_without_a_common_worm_are_not_compared() -> None:
    table = rows(MLP=(0.9, 0.5))
    apart = table[(table["n_train"] == 1) == table["worm"].isin(["a", "b", "c"])]
    assert verdicts(apart)[MORE] == "not tested"


def test_verdicts_are_those_of_all_claims() -> None:
    table = rows(MLP=(0.9, 0.5), GNN=(0.8, 0.4), GAT=0.5)
    assert set(claims(table)["verdict"]) <= set(VERDICTS)
