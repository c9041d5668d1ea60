"""Asymmetric diffusion maps against brute force, a known cycle, and each other."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import circmean

from wormgnn.baselines.admm import Parameters, fit
from wormgnn.baselines.admm.controls import without_manifold
from wormgnn.baselines.admm.embedding import collect, delay_embed, embed_worm, local_noise
from wormgnn.baselines.admm.evaluation import (
    leave_one_out,
    nested,
    score,
    seen,
    select,
    sensitivity,
    unseen,
)
from wormgnn.baselines.admm.horizon import following, horizon
from wormgnn.baselines.admm.kernel import Kernel, dense_bytes, n_links, neighbours
from wormgnn.baselines.admm.parameters import described
from wormgnn.baselines.admm.reference import of
from wormgnn.baselines.admm.spectrum import spectrum
from wormgnn.datasets.kato import read
from wormgnn.errors import ChoiceError, NeuronError, RecordingError
from wormgnn.features import Features
from wormgnn.recording import Recording

PERIOD = 50
CYCLE = Parameters(
    n_delays=2, delay_frames=3, n_neighbours=5, n_phases=20, n_branches=1, n_dimensions=3
)
DENSE = replace(CYCLE, n_neighbours=None, return_frames=0)


def cycle(worm: str = "a", n_frames: int = 600, noise: float = 0.05, seed: int = 0) -> Features:
    """Four neurons on a limit cycle of 50 frames; state 0 in its first half, 1 in its second."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(n_frames) / PERIOD
    trace = np.stack([np.cos(angle - shift) for shift in (0.0, 0.7, 1.5, 3.0)])
    trace += noise * rng.standard_normal(trace.shape)
    x = np.stack([trace, np.gradient(trace, axis=1)]).astype(np.float32)
    y = (np.arange(n_frames) % PERIOD >= PERIOD // 2).astype(np.int64)
    return Features(worm, ("AVAL", "AVAR", "RIML", "RIMR"), x, y, 2)


def true_phase(n_frames: int) -> np.ndarray:
    return np.angle(np.exp(2j * np.pi * np.arange(n_frames) / PERIOD))


def circular_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Jammalamadaka's coefficient."""
    high, low = (np.sin(a - circmean(a))), (np.sin(b - circmean(b)))
    return float((high * low).sum() / np.sqrt((high**2).sum() * (low**2).sum()))


def aligned(a: np.ndarray, b: np.ndarray) -> float:
    """Mean resultant of the difference: 1 when the angles differ by a constant."""
    return float(np.abs(np.exp(1j * (a - b)).mean()))


def test_phase_of_a_limit_cycle_is_recovered_and_runs_forward() -> None:
    worm = cycle()
    phase = fit([worm], CYCLE).phase(worm)[20:]
    truth = true_phase(600)[20:]
    offset = np.angle(np.exp(1j * (phase - truth)).mean())
    assert circular_correlation(np.angle(np.exp(1j * (phase - offset))), truth) > 0.95
    assert aligned(phase, truth) > 0.95
    assert aligned(-phase, truth) < 0.3  # the eigenvector that turns forward in time


def test_eigenvalue_of_the_cycle_turns_once_per_period() -> None:
    found = fit([cycle(noise=0.02)], CYCLE).spectrum
    assert np.angle(found.values[found.cyclic]) == pytest.approx(2 * np.pi / PERIOD, rel=0.02)


@pytest.mark.parametrize("scale", ["neighbour", "noise"])
@pytest.mark.parametrize("k", [None, 5])
def test_rows_sum_to_one(scale: str, k: int | None) -> None:
    params = replace(CYCLE, scale=scale, n_neighbours=k)
    model = fit([cycle(n_frames=200), cycle("b", 150, seed=1)], params)
    for rows in (model.kernel.transition, model.weights(cycle("c", 90, seed=2))):
        np.testing.assert_allclose(rows.sum(axis=1), 1.0)
        assert rows.data.min() > 0
    np.testing.assert_allclose(model.manifold.markov.sum(axis=1), 1.0)
    np.testing.assert_allclose(model.manifold.occupancy.sum(axis=1), 1.0)


def brute_force(
    points: np.ndarray, following: np.ndarray, exponent: float, rank: int
) -> np.ndarray:
    """The kernel from its formula, entry by entry."""
    n = len(points)

    def width(centre: np.ndarray) -> float:
        return sorted(np.linalg.norm(centre - other) for other in points)[rank - 1]

    p = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            gap = np.sum((following[i] - points[j]) ** 2)
            p[i, j] = np.exp(-gap / (width(following[i]) * width(points[j])))
    density = (p / p.sum(axis=1, keepdims=True)).sum(axis=0) ** exponent
    p = p / density
    return p / p.sum(axis=1, keepdims=True)


def test_kernel_is_the_formula() -> None:
    worm = cycle(n_frames=37, noise=0.3)
    points = collect([worm], DENSE)
    assert len(points.x) == 30
    expected = brute_force(points.x, points.following, DENSE.density_exponent, 7)
    found = Kernel(points, DENSE).transition.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)
    symmetric = brute_force(points.x, points.x, DENSE.density_exponent, 7)
    assert np.abs(found - symmetric).max() > 0.1  # centred on the next frame, not on this one


def test_noise_width_uses_the_local_noise_of_next_frame_and_target() -> None:
    params = replace(DENSE, scale="noise", density_exponent=0.0)
    points = collect([cycle(n_frames=60, noise=0.2)], params)
    gap = ((points.following[:, None] - points.x[None]) ** 2).sum(axis=2)
    gap /= points.following_noise[:, None] * points.noise[None]
    p = np.exp(-gap / (2 * gap.mean()))
    expected = p / p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Kernel(points, params).transition.toarray(), expected, rtol=1e-6)


def test_sparse_is_dense_when_all_are_neighbours() -> None:
    worm = cycle(n_frames=80, noise=0.2)
    # The width is the one of the 7th neighbour in the dense matrix, so fix it by the noise.
    dense = replace(DENSE, scale="noise")
    sparse = replace(dense, n_neighbours=10_000)
    a, b = (Kernel(collect([worm], params), params).transition for params in (dense, sparse))
    np.testing.assert_allclose(a.toarray(), b.toarray(), rtol=1e-9, atol=1e-14)
    assert (
        fit([worm], dense).predict_states(worm) == fit([worm], sparse).predict_states(worm)
    ).all()


def test_memory_budget_turns_dense_into_sparse() -> None:
    assert dense_bytes(15_662) == pytest.approx(1.96e9, rel=0.01)
    worm = np.zeros(1000, dtype=np.int64)
    assert n_links(DENSE, worm) is None
    assert n_links(replace(DENSE, max_bytes=1_200_000), worm) == 100
    assert (
        fit([cycle(n_frames=300)], replace(DENSE, max_bytes=100_000)).kernel.transition.nnz < 9000
    )


def test_neighbours_are_one_per_pass_and_come_from_every_worm() -> None:
    worms = [cycle(noise=0.0), cycle("b", noise=0.0)]
    points = collect(worms, CYCLE)
    index, squared = neighbours(points.x[:40], points.x, points.worm, 5, 10)
    assert index.shape == (40, 10)
    assert (points.worm[index[:, :5]] == 0).all() and (points.worm[index[:, 5:]] == 1).all()
    gaps = np.abs(points.frame[index[:, :5]][:, :, None] - points.frame[index[:, :5]][:, None])
    assert gaps[gaps > 0].min() > 10
    full = ((points.x[:40, None] - points.x[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared.min(axis=1), full.min(axis=1), atol=1e-9)


def test_chunks_do_not_change_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    points = collect([cycle(n_frames=200), cycle("b", 100, seed=1)], CYCLE)
    whole = neighbours(points.x, points.x, points.worm, 4, 5)
    monkeypatch.setattr("wormgnn.baselines.admm.kernel._CHUNK_BYTES", 20_000)
    parts = neighbours(points.x, points.x, points.worm, 4, 5)
    np.testing.assert_array_equal(np.sort(whole[0]), np.sort(parts[0]))


def test_unseen_scaled_and_shifted_copy_is_mapped_onto_the_cycle() -> None:
    model = fit([cycle(seed=0), cycle("b", seed=1)], CYCLE)
    new = cycle("c", seed=2)
    start = 17  # rotated along the cycle
    other = replace(new, x=3 * new.x[:, :, start:] + 1, y=new.y[start:])
    assert aligned(model.phase(other)[20:], true_phase(600)[start + 20 :]) > 0.95
    known = model.predict_states(other) == other.y
    assert known[20:].mean() > 0.9
    assert (model.predict_states(other, "position") == other.y)[20:].mean() > 0.9


def test_embedding_of_a_next_frame_is_the_eigenvector() -> None:
    worm = cycle(n_frames=300)
    model = fit([worm], CYCLE)
    points, values = model.kernel.points, model.spectrum.values
    extended = model.spectrum.coordinates(model.weights(worm) @ model.spectrum.vectors)
    extended = extended[points.frame + 1]
    moved = model.spectrum.coordinates(model.spectrum.vectors * values)
    np.testing.assert_allclose(extended, moved, atol=1e-6)


def test_prediction_ahead_is_the_matrix_power() -> None:
    worm = cycle(n_frames=300)
    model = fit([worm], CYCLE)
    bins = model.weights(worm) @ model.manifold.members.toarray()
    for _ in range(7):
        bins = bins @ model.manifold.markov
    expected = bins @ model.manifold.occupancy
    np.testing.assert_allclose(model.predict_ahead(worm, 7), expected, atol=1e-12)
    np.testing.assert_allclose(model.predict_ahead(worm, 0), model.predict_proba(worm))


def test_half_a_period_ahead_is_the_other_state() -> None:
    worm = cycle(noise=0.02)
    model = fit([worm], replace(CYCLE, n_phases=50))
    ahead = model.predict_ahead(worm, PERIOD // 2).argmax(axis=1)[20:]
    assert (ahead == 1 - worm.y[20:]).mean() > 0.9


def test_prediction_knows_nothing_behind_its_frame() -> None:
    """The embedding of a frame must not move when the future does (scaling apart)."""
    x = np.random.default_rng(0).standard_normal((60, 3))
    changed = x.copy()
    changed[40:] += 5
    before, after = (delay_embed(v, 3, 4) for v in (x, changed))
    np.testing.assert_array_equal(before[:40], after[:40])
    np.testing.assert_array_equal(local_noise(x, 8)[9:40], local_noise(changed, 8)[9:40])
    assert local_noise(x, 8)[41] != local_noise(changed, 8)[41]


def test_local_noise_is_the_spread_of_past_velocities() -> None:
    x = np.random.default_rng(1).standard_normal((40, 2))
    expected = np.sqrt(np.diff(x, axis=0)[22:30].var(axis=0).sum())  # velocities into 23..30
    assert local_noise(x, 8)[30] == pytest.approx(expected)


def test_delays_are_in_order() -> None:
    x = np.arange(10.0)[:, None]
    np.testing.assert_array_equal(delay_embed(x, 2, 3)[7], [7, 4, 1])
    np.testing.assert_array_equal(delay_embed(x, 2, 3)[4], [4, 1, 0])


def test_fit_is_deterministic() -> None:
    worms = [cycle(), cycle("b", seed=1)]
    a, b = fit(worms, CYCLE), fit(worms, CYCLE)
    np.testing.assert_array_equal(a.spectrum.vectors, b.spectrum.vectors)
    np.testing.assert_array_equal(a.predict_states(worms[0]), b.predict_states(worms[0]))
    largest = np.abs(a.spectrum.vectors).argmax(axis=0)
    peak = a.spectrum.vectors[largest, np.arange(a.spectrum.vectors.shape[1])]
    assert (peak.real > 0).all() and np.abs(peak.imag).max() < 1e-9


def test_large_and_small_solvers_agree() -> None:
    transition = fit([cycle(n_frames=450)], CYCLE).kernel.transition
    values = np.linalg.eigvals(transition.toarray())
    found = spectrum(transition, 3, 0)
    for value, vector in zip(found.values, found.vectors.T, strict=True):
        assert np.abs(values - value).min() < 1e-6
        np.testing.assert_allclose(transition @ vector, value * vector, atol=1e-5)


def test_too_few_frames_name_the_worm() -> None:
    with pytest.raises(RecordingError, match=r"kato-9: 30 frames are too few for 4 delays of 10"):
        embed_worm(cycle("kato-9", 30), replace(CYCLE, n_delays=4, delay_frames=10))


def test_neurons_that_differ_name_the_worm() -> None:
    other = replace(cycle("kato-8"), neurons=("AVAL", "AVAR", "RIML", "VB01"))
    with pytest.raises(NeuronError, match="kato-8"):
        fit([cycle(), other], CYCLE)
    with pytest.raises(NeuronError, match="kato-8"):
        fit([cycle()], CYCLE).predict_states(other)


def test_mask_that_leaves_nothing_names_the_worm() -> None:
    with pytest.raises(RecordingError, match="kato-7"):
        collect([cycle("kato-7")], CYCLE, [np.zeros(600, bool)])


def test_masked_frames_lend_no_label() -> None:
    worm = cycle()
    use = np.arange(600) < 300
    lied = replace(worm, y=np.where(use, worm.y, 1 - worm.y))
    a, b = (fit([w], CYCLE, [use]) for w in (worm, lied))
    np.testing.assert_array_equal(a.predict_proba(worm), b.predict_proba(worm))
    assert a.kernel.points.frame.max() < 299


@pytest.mark.parametrize(
    "bad", [{"scale": "x"}, {"signals": ("y",)}, {"signals": ()}, {"n_phases": 0}, {"n_delays": -1}]
)
def test_bad_parameters(bad: dict[str, object]) -> None:
    with pytest.raises(ChoiceError, match=next(iter(bad))):
        replace(CYCLE, **bad)


def test_score_by_hand() -> None:
    found = score(np.array([0, 0, 1, 0, 1]), np.array([0, 0, 0, 1, -1]))
    expected = {"accuracy": 0.5, "balanced_accuracy": 1 / 3, "majority": 0.75, "n_frames": 4}
    assert found == pytest.approx(expected)
    with pytest.raises(RecordingError):
        score(np.array([0]), np.array([-1]))


def test_tables_have_the_promised_rows() -> None:
    worms = [cycle(name, 300, seed=k) for k, name in enumerate("abc")]
    table = unseen(worms, CYCLE)
    assert len(table) == 3 and not table.seen.any() and (table.fold == -1).all()
    assert all(row.worm not in row.subset.split() for row in table.itertuples())
    assert len(unseen(worms, CYCLE, [1, 2])) == 6 + 3
    own = seen(worms[:1], CYCLE, "blocked", n_folds=3)
    assert list(own.fold) == [0, 1, 2] and own.seen.all() and (own.subset == "a").all()
    varied = sensitivity(worms, CYCLE, {"n_phases": (4, 20)})
    assert len(varied) == 6 and varied.groupby("value").default.first().to_dict() == {
        "20": True,
        "4": False,
    }


def test_relabelled_model_is_the_one_fitted_with_those_labels() -> None:
    worms = [cycle(name, 300, seed=k) for k, name in enumerate("abc")]
    turned = [replace(worm, y=1 - worm.y) for worm in worms]
    known = leave_one_out(worms, CYCLE)
    assert set(known) == {("a", "b"), ("a", "c"), ("b", "c")}
    pd.testing.assert_frame_equal(
        unseen(turned, CYCLE, fitted=known), unseen(turned, CYCLE), check_exact=True
    )
    assert unseen(turned, CYCLE, fitted=known).accuracy.min() > 0.8
    fps = dict.fromkeys("abc", 5.0)
    a, b = (horizon(turned, CYCLE, fps, (2.0,), fitted) for fitted in (known, None))
    pd.testing.assert_frame_equal(a, b)


def test_controls_are_scored_on_the_worm_left_out() -> None:
    worms = [cycle(name, 200, seed=k) for k, name in enumerate("abc")]
    lied = [replace(worms[0], y=1 - worms[0].y), *worms[1:]]
    table = without_manifold(lied, CYCLE).set_index(["worm", "model"]).accuracy
    assert len(table) == 6 and table["a"].max() < 0.2
    honest = without_manifold(worms, CYCLE)
    assert honest.accuracy.min() > 0.9 and not honest.seen.any()


def test_every_parameter_is_described() -> None:
    assert [row["parameter"] for row in described(CYCLE)] == [f.name for f in fields(Parameters)]
    assert all(len(row["meaning"]) > 20 for row in described(CYCLE))


def test_choice_never_sees_the_worm_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """For worm a the table without a must decide, however good the other value is on a."""
    rows = [
        (2, "b", "c"),
        (2, "c", "b"),
        (2, "b", "a"),
        (2, "a", "b"),
        (2, "c", "a"),
        (2, "a", "c"),
    ]

    def fake(features: object, params: Parameters, sizes: object) -> pd.DataFrame:
        table = pd.DataFrame(rows, columns=["n_train", "subset", "worm"])
        with_a = (table.worm == "a") | (table.subset == "a")
        good = with_a if params.n_phases == 4 else ~with_a
        return table.assign(balanced_accuracy=good.astype(float))

    monkeypatch.setattr("wormgnn.baselines.admm.evaluation.unseen", fake)
    worms = [cycle(name, 100) for name in "abc"]
    chosen = select(worms, CYCLE, {"n_phases": (4, 20)})
    assert (chosen["a"].n_phases, chosen["b"].n_phases) == (20, 4)
    with pytest.raises(ChoiceError, match="3 or more"):
        select(worms[:2], CYCLE)
    assert len(nested(worms, chosen, "m")) == 3


def test_horizon_beats_the_baselines_on_a_cycle() -> None:
    worms = [cycle(name, 400, seed=k) for k, name in enumerate("abc")]
    table = horizon(worms, replace(CYCLE, n_phases=50), dict.fromkeys("abc", 5.0), (0.0, 5.0))
    means = table[table.horizon_s == 5.0].groupby("model").accuracy.mean()
    assert means["manifold"] > 0.85
    assert means["persistence"] < 0.1 and means["marginal"] < 0.6
    assert means["dwell times"] > 0.9  # a square wave of two states is known from its state


def test_states_that_follow_are_counted() -> None:
    y = np.array([0, 0, 1, -1, 1, 0])
    worm = replace(cycle(n_frames=6), y=y)
    np.testing.assert_array_equal(following([worm], 1, 2), [[1, 1], [1, 0]])
    np.testing.assert_array_equal(following([worm], 2, 2), [[0, 1], [0, 1]])


@pytest.mark.real_data
def test_a_real_unseen_worm_is_decoded(kato_file: object) -> None:
    recordings: list[Recording] = read(kato_file)  # type: ignore[arg-type]
    worms = of([recordings[k] for k in (2, 3)], 2)
    model = fit(worms[:1])
    found = score(model.predict_states(worms[1]), worms[1].y)
    assert found["balanced_accuracy"] > 0.9 > 0.65 > found["majority"]
