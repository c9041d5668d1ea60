from __future__ import annotations

from itertools import combinations

import pytest

from wormgnn.errors import ChoiceError
from wormgnn.profiles import PROFILES, Profile, profile_named

WORMS = ["a", "b", "c", "d", "e"]


def test_paper_cuts_nothing():
    paper = profile_named("paper")
    assert (paper.folds, paper.n_folds, paper.epochs) == (tuple(range(10)), 10, 800)
    every = [subset for size in range(1, 6) for subset in combinations(WORMS, size)]
    assert paper.subsets(WORMS) == every


@pytest.mark.parametrize("name", ["smoke", "quick"])
def test_smaller_profiles_take_distinct_subsets_of_every_size(name):
    profile = profile_named(name)
    subsets = profile.subsets(WORMS)
    assert len(set(subsets)) == len(subsets)
    for size in range(1, 6):
        found = [subset for subset in subsets if len(subset) == size]
        wanted = min(profile.subsets_per_size, len(list(combinations(WORMS, size))))
        assert len(found) == wanted
    assert set(profile.folds) <= set(range(profile.n_folds))


def test_quick_trains_on_every_worm_alone():
    assert profile_named("quick").subsets(WORMS, [1]) == [(worm,) for worm in WORMS]


def test_sizes_are_kept_to():
    thin = Profile("thin", subsets_per_size=1, folds=(0,), epochs=1)
    assert thin.subsets(WORMS, [2, 5]) == [("a", "b"), tuple(WORMS)]


def test_profiles_grow():
    smoke, quick, paper = (PROFILES[name] for name in ("smoke", "quick", "paper"))
    assert smoke.epochs < quick.epochs < paper.epochs


def test_an_unknown_profile_names_the_choices():
    choices = "smoke, quick, reduced, paper"
    with pytest.raises(ChoiceError, match=f"profile 'huge': choose one of {choices}"):
        profile_named("huge")
