"""The landing page and the README say what the reference tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from wormgnn import results
from wormgnn.comparison import compare
from wormgnn.paper.book import FIRST_FIGURES
from wormgnn.paper.claims import check
from wormgnn.paper.claims.sentences import GNN, NO_NORM
from wormgnn.paper.pages import paper_reported

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("book/intro.md", "README.md")


def text_of(page: str) -> str:
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


def difference(table, a, b):
    """One model's accuracy on unseen worms minus another's: a row of `compare`, in points."""
    return compare(table, dict(model=a, seen=False), dict(model=b, seen=False)).iloc[0]


@pytest.fixture(scope="module")
def table1():
    return results.read("table1.kato").table


@pytest.mark.parametrize("page", PAGES)
def test_numbers_on_two_states_are_those_of_the_tables(page, table1):
    printed = paper_reported()["table1_two_state_accuracy_percent"]
    means = 100 * table1[~table1["seen"]].groupby("model")["accuracy"].mean()
    words = text_of(page)
    assert f"({printed['GNN'][1][0]} against {printed['MLP'][1][0]} % right" in words
    assert f"{means[GNN]:.1f} % by a GNN that averages its messages" in words
    assert f"{means['MLP']:.1f} % by the MLP of the text" in words
    assert f"support vector machine is right on {means['SVM']:.1f} %" in words
    gap = difference(table1, GNN, NO_NORM)
    assert f"GNN minus the MLP is −{-gap['difference']:.1f} points on unseen worms" in words
    assert f"−{-gap['low']:.1f} to −{-gap['high']:.1f})" in words
    cost = difference(table1, NO_NORM, "MLP")
    assert f"costs the MLP {cost['difference']:.1f} points (−{-cost['low']:.1f} to" in words
    assert f"to {cost['high']:.1f}), most of them on one worm" in words
    four = results.read("figure4a.kato").table
    cost = difference(four[four["n_states"] == 4], NO_NORM, "MLP")
    assert f" {cost['difference']:.1f} ({cost['low']:.1f} to {cost['high']:.1f}" in words


def test_what_else_is_said_is_in_the_tables(table1):
    unseen = table1[~table1["seen"]].groupby(["model", "worm"])["accuracy"].mean().unstack()
    lost = unseen.loc[NO_NORM] - unseen.loc["MLP"]  # "most of them on one worm"
    assert lost["kato-2"] > 0.5 * lost.clip(lower=0).sum()
    means = unseen.mean(axis=1)
    assert means["SVM, linear"] > means.drop(["SVM", "SVM, linear"]).max() - 0.005
    abroad = results.read("transfer.kato").table
    abroad = abroad[(abroad["view"] == "as recorded") & (abroad["n_train"] == 5)]
    means = abroad.groupby(["neurons", "model"])[["accuracy", "majority"]].mean()
    assert (means["accuracy"] < means["majority"]).all()
    words = text_of("book/intro.md")
    screened = results.read("readings.kato").table["line"].nunique()
    assert f"screens {screened}, and chooses" in words
    loss = difference(table1, GNN, "GNN, bare sum")["difference"]
    assert f"bare sum of its messages it is {loss:.1f} points worse there" in words


@pytest.mark.parametrize("page", PAGES)
def test_verdicts_are_counted_as_they_stand(page):
    found = check()["verdict"].value_counts()
    words = text_of(page)
    assert f"Of {found.sum()} sentences" in words
    assert (
        f"{found['holds']} hold, {found['holds in part']} hold in part, "
        f"{found['does not hold']} do not, {found['not decided']} are not decided, "
        f"and {found['not tested']} could not be tested" in words
    )


def test_every_chapter_has_a_card():
    page = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    for chapter in (ROOT / "book").glob("[0-9]*.py"):
        assert f":link: {chapter.stem}\n" in page, chapter.stem
        pictured = '"figure"' in chapter.read_text(encoding="utf-8")
        assert (f"{FIRST_FIGURES}/{chapter.stem}.*\n" in page) == pictured, chapter.stem
