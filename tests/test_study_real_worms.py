"""Worms made alike and made different; facts, coordinates and pictures of real worms."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cycles import CYCLE
from tiny import tiny_worms
from wormgnn.features import WINDOW_FRAMES
from wormgnn.folds import Role
from wormgnn.paper.studies import components, manifold, real_worms
from wormgnn.recording import PAPER_NEURONS, Recording
from wormgnn.states import SEVEN
from wormgnn.statistics import holm


def worm(name, seed, reverse_level):
    """Twelve bouts of fwd and of revsus; neuron A is at a level of its own in reverse."""
    random = np.random.default_rng(seed)
    states = np.tile(np.repeat([SEVEN.index("fwd"), SEVEN.index("revsus")], 10), 12)
    bout_noise = np.repeat(random.normal(0, 0.05, 24), 10)[:, None]
    traces = 0.5 + bout_noise + random.normal(0, 0.02, (240, 2))
    traces[states == SEVEN.index("revsus"), 0] += reverse_level
    traces[0], traces[239] = 0.0, 1.0  # both ends of the range, so that scaling changes nothing
    return Recording(name, "made", traces, ("A", "B"), 3.0, states.astype(np.int64), SEVEN)


WORMS = [worm("w1", 1, 0.0), worm("w2", 2, 0.0), worm("w3", 3, 0.35)]


def test_the_odd_worm_is_found_in_its_neuron_and_state():
    tests = real_worms.compare_worms(WORMS, ["A", "B"], n_states=4, n=199)
    assert len(tests) == 2 * 2 * 3, "two neurons, two states that occur, three pairs"
    found = real_worms.consistent(tests).to_dict("index")
    assert found == {
        "A": {"forward": True, "reverse": False}, "B": {"forward": True, "reverse": True},
    }  # fmt: skip
    matrix = real_worms.pair_matrix(tests, "A", "reverse", ["w1", "w2", "w3"])
    np.testing.assert_array_equal(matrix, matrix.T)
    assert (matrix < 0.05).astype(int).tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 0]]
    assert np.isnan(real_worms.pair_matrix(tests, "A", "dorsal turn", ["w1", "w2"])[0, 1])
    bouts = real_worms.tally(tests).set_index("test").loc["shuffled bouts"]
    assert bouts["consistent in a state"] == "3 of 4"
    assert (bouts["consistent in every state"], bouts["which"]) == ("1 of 2", "B")
    assert bouts["pairs that differ (%)"] == 100 * (tests["p"] < 0.05).mean()


def test_holm_known_case_and_missing_tests():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([0.01, np.nan, 0.04]) == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)


def test_frames_to_training_known_case():
    T, V, E, U = Role.TRAIN, Role.VALIDATION, Role.TEST, Role.UNUSED
    windows = [T, E, E, V, E, V, T, E, U, E]
    frames = np.repeat(windows, WINDOW_FRAMES)
    steps = 1 + WINDOW_FRAMES * np.array([0, 1, 1, 0, 2])
    assert real_worms.frames_to_training(frames).tolist() == steps.tolist()


def test_activity_at_onset_leaves_out_a_bout_without_onset():
    lags_s = np.array([0.0, 1.0])
    assert real_worms.activity_at_onset(WORMS[0], "A", "forward", lags_s).shape == (11, 2)
    found = real_worms.activity_at_onset(WORMS[0], "A", "reverse", lags_s)
    np.testing.assert_allclose(found[0], WORMS[0].traces[[10, 13], 0])


@pytest.fixture(scope="module")
def worms():
    return tiny_worms(3, n_frames=150, neurons=PAPER_NEURONS)


def test_the_last_worm_is_placed_on_a_manifold_that_has_not_met_it(worms):
    _, paths = manifold.on_manifold(worms, CYCLE)
    assert paths.groupby("worm")["seen"].all().tolist() == [True, True, False]
    last = paths[~paths["seen"]]
    assert len(last) == 75
    np.testing.assert_allclose(last["time_s"], np.arange(0, 150, 2) / 3, atol=0.051)
    states = [[*SEVEN, None][code] for code in worms[-1].states[::2]]
    assert last["state"].where(last["state"].notna(), None).tolist() == states
    assert np.isfinite(paths[[*manifold.SPACE, "phase"]]).all(axis=None)
    another = tiny_worms(4, neurons=PAPER_NEURONS)[3]
    _, others = manifold.on_manifold([worms[0], another, worms[1]], CYCLE, unseen=1)
    same = ["worm", *manifold.SPACE]
    assert others.loc[others["seen"], same].equals(paths.loc[paths["seen"], same])


def test_pictures_show_every_neuron_and_every_third_frame(worms):
    figure = real_worms.whole_brain(worms)
    assert figure.axes[1].get_images()[0].get_array().shape == (len(PAPER_NEURONS), 50)
    whole = real_worms.hero(worms, manifold.on_manifold(worms, CYCLE)[1])
    assert {"forward", "backward"} <= {text.get_text() for text in whole.axes[-1].texts}
    plt.close("all")
    paths = components.on_components(worms)
    assert paths.groupby("worm").size().to_dict() == {worm.worm: 50 for worm in worms}
