"""The landing page and the README say what the reference tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from wormgnn import results
from wormgnn.comparison import compare
from wormgnn.paper import thumbnails
from wormgnn.paper.claims.page import check
from wormgnn.paper.pages import paper_reported

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("book/intro.md", "README.md")
SELF = "GNN, self edge"


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
    assert f"{means[SELF]:.1f} % by a GNN that averages its messages" in words
    assert f"{means['MLP']:.1f} % by the MLP of the text" in words
    assert f"support vector machine is right on {means['SVM']:.1f} %" in words
    gap = difference(table1, SELF, "MLP, no norm")
    assert f"GNN minus the MLP is −{-gap['difference']:.1f} points on unseen worms" in words
    assert f"−{-gap['low']:.1f} to −{-gap['high']:.1f})" in words
    cost = difference(table1, "MLP, no norm", "MLP")
    assert f"costs the MLP {cost['difference']:.1f} points ({cost['low']:.1f} to" in words
    assert f"to {cost['high']:.1f}), most of them on one worm" in words


def test_the_mlp_loses_most_on_one_worm(table1):
    unseen = table1[~table1["seen"]].groupby(["model", "worm"])["accuracy"].mean().unstack()
    lost = unseen.loc["MLP, no norm"] - unseen.loc["MLP"]
    assert lost["kato-2"] > 0.5 * lost.clip(lower=0).sum()


def test_the_landing_page_says_what_was_screened(table1):
    screened = results.read("readings.kato").table["line"].nunique()
    assert f"screens {screened}, and chooses" in text_of("book/intro.md")
    loss = difference(table1, SELF, "GNN")["difference"]
    assert f"which is {loss:.1f} points worse in Table 1" in text_of("book/intro.md")


def test_chapters_whose_gnn_sums_its_messages_say_so(table1):
    gain = difference(table1, SELF, "GNN")["difference"]
    for chapter in ("05", "06", "09", "10", "11", "13", "14"):
        (script,) = (ROOT / "book").glob(f"{chapter}_*.py")
        words = " ".join(script.read_text(encoding="utf-8").replace("\n#", " ").split())
        assert f"decodes two states of unseen worms {gain:.1f} points better" in words, chapter


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


@pytest.mark.parametrize("page", PAGES)
def test_the_surprises_are_in_the_tables(page, table1):
    unseen = table1[~table1["seen"]].groupby("model")["accuracy"].mean()
    assert "linear" in text_of(page)
    assert unseen["SVM, linear"] > unseen.drop(["SVM", "SVM, linear"]).max() - 0.005
    abroad = results.read("transfer.kato").table
    abroad = abroad[(abroad["view"] == "as recorded") & (abroad["n_train"] == 5)]
    means = abroad.groupby(["neurons", "model"])[["accuracy", "majority"]].mean()
    assert (means["accuracy"] < means["majority"]).all()


def test_every_chapter_has_a_card():
    page = (ROOT / "book" / "intro.md").read_text(encoding="utf-8")
    for chapter in (ROOT / "book").glob("[0-9]*.py"):
        assert f":link: {chapter.stem}\n" in page, chapter.stem
    for name in thumbnails.THUMBNAILS:
        assert f"{thumbnails.FOLDER}/{name}.png" in page
