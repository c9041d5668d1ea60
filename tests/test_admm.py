"""Asymmetric diffusion maps against brute force, a known cycle, and each other."""

from dataclasses import replace

import numpy as np
import pytest

from cycles import CYCLE, PERIOD, cycle
from wormgnn.admm import fit
from wormgnn.admm.kernel import Kernel, collect, delay_embed, embed_worm, local_noise, neighbours
from wormgnn.admm.model import spectrum
from wormgnn.errors import ChoiceError, NeuronError, RecordingError

DENSE = replace(CYCLE, n_neighbours=None, return_frames=0)


def true_phase(n_frames):
    return np.angle(np.exp(2j * np.pi * np.arange(n_frames) / PERIOD))


def aligned(a, b):
    """Mean resultant of the difference: 1 when the angles differ by a constant."""
    return float(np.abs(np.exp(1j * (a - b)).mean()))


def test_phase_of_a_limit_cycle_is_recovered_and_runs_forward():
    worm = cycle()
    phase, truth = fit([worm], CYCLE).phase(worm)[20:], true_phase(600)[20:]
    assert aligned(phase, truth) > 0.95
    assert aligned(-phase, truth) < 0.3  # the eigenvector that turns forward in time
    found = fit([cycle(noise=0.02)], CYCLE).spectrum  # whose value turns once per period
    assert np.angle(found.values[found.cyclic]) == pytest.approx(2 * np.pi / PERIOD, rel=0.02)


def brute_force(points, following, exponent, rank):
    """The kernel from its formula, entry by entry."""
    n = len(points)

    def width(centre):
        return sorted(np.linalg.norm(centre - other) for other in points)[rank - 1]

    p = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            gap = np.sum((following[i] - points[j]) ** 2)
            p[i, j] = np.exp(-gap / (width(following[i]) * width(points[j])))
    density = (p / p.sum(axis=1, keepdims=True)).sum(axis=0) ** exponent
    p = p / density
    return p / p.sum(axis=1, keepdims=True)


def test_kernel_is_the_formula():
    worm = cycle(n_frames=37, noise=0.3)
    points = collect([worm], DENSE)
    assert len(points.x) == 30
    expected = brute_force(points.x, points.following, DENSE.density_exponent, 7)
    found = Kernel(points, DENSE).transition.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)
    symmetric = brute_force(points.x, points.x, DENSE.density_exponent, 7)
    assert np.abs(found - symmetric).max() > 0.1  # centred on the next frame, not on this one


def test_noise_width_is_that_of_next_frame_and_target_dense_or_sparse():
    params = replace(DENSE, scale="noise", density_exponent=0.0)
    points = collect([cycle(n_frames=60, noise=0.2)], params)
    gap = ((points.following[:, None] - points.x[None]) ** 2).sum(axis=2)
    gap /= points.following_noise[:, None] * points.noise[None]
    p = np.exp(-gap / (2 * gap.mean()))
    expected = p / p.sum(axis=1, keepdims=True)
    for same in (params, replace(params, n_neighbours=10_000)):
        found = Kernel(points, same).transition.toarray()
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-14)


def test_neighbours_are_one_per_pass_and_from_every_worm(monkeypatch):
    worms = [cycle(noise=0.0), cycle("b", noise=0.0)]
    points = collect(worms, CYCLE)
    index, squared = neighbours(points.x[:40], points.x, points.worm, 5, 10)
    assert index.shape == (40, 10)
    assert (points.worm[index[:, :5]] == 0).all() and (points.worm[index[:, 5:]] == 1).all()
    gaps = np.abs(points.frame[index[:, :5]][:, :, None] - points.frame[index[:, :5]][:, None])
    assert gaps[gaps > 0].min() > 10
    full = ((points.x[:40, None] - points.x[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared.min(axis=1), full.min(axis=1), atol=1e-9)
    monkeypatch.setattr("wormgnn.admm.kernel._CHUNK_BYTES", 20_000)
    parts, _ = neighbours(points.x[:40], points.x, points.worm, 5, 10)
    np.testing.assert_array_equal(np.sort(index), np.sort(parts))


def test_unseen_scaled_and_shifted_copy_is_mapped_onto_the_cycle():
    model = fit([cycle(seed=0), cycle("b", seed=1)], CYCLE)
    new = cycle("c", seed=2)
    start = 17  # rotated along the cycle
    other = replace(new, x=3 * new.x[:, :, start:] + 1, y=new.y[start:])
    assert aligned(model.phase(other)[20:], true_phase(600)[start + 20 :]) > 0.95
    for readout in ("spread", "position"):
        assert (model.predict_states(other, readout) == other.y)[20:].mean() > 0.9


def test_what_a_frame_is_said_to_be_follows_from_the_points():
    worm = cycle(n_frames=300)
    model = fit([worm], CYCLE)
    points, found = model.kernel.points, model.spectrum
    weights = model.weights(worm)
    extended = found.coordinates(weights @ found.vectors)[points.frame + 1]
    np.testing.assert_allclose(extended, found.coordinates(found.vectors * found.values), atol=1e-6)
    bins = weights @ model.members.toarray()
    for _ in range(7):
        bins = bins @ model.markov
    expected = bins @ model.occupancy
    np.testing.assert_allclose(model.predict_ahead(worm, 7), expected, atol=1e-12)
    np.testing.assert_allclose(model.predict_ahead(worm, 0), model.predict_proba(worm))
    worm = cycle(noise=0.02)  # half a period ahead is the other state
    model = fit([worm], replace(CYCLE, n_phases=50))
    ahead = model.predict_ahead(worm, PERIOD // 2).argmax(axis=1)[20:]
    assert (ahead == 1 - worm.y[20:]).mean() > 0.9


def test_prediction_knows_nothing_behind_its_frame():
    """The embedding of a frame must not move when the future does (scaling apart)."""
    x = np.random.default_rng(0).standard_normal((60, 3))
    changed = x.copy()
    changed[40:] += 5
    before, after = (delay_embed(v, 3, 4) for v in (x, changed))
    np.testing.assert_array_equal(before[:40], after[:40])
    np.testing.assert_array_equal(local_noise(x, 8)[9:40], local_noise(changed, 8)[9:40])
    assert local_noise(x, 8)[41] != local_noise(changed, 8)[41]
    expected = np.sqrt(np.diff(x, axis=0)[22:30].var(axis=0).sum())  # velocities into 23..30
    assert local_noise(x, 8)[30] == pytest.approx(expected)
    x = np.arange(10.0)[:, None]
    np.testing.assert_array_equal(delay_embed(x, 2, 3)[[7, 4]], [[7, 4, 1], [4, 1, 0]])


def test_large_and_small_solvers_agree():
    transition = fit([cycle(n_frames=450)], CYCLE).kernel.transition
    values = np.linalg.eigvals(transition.toarray())
    found = spectrum(transition, 3, 0)
    for value, vector in zip(found.values, found.vectors.T, strict=True):
        assert np.abs(values - value).min() < 1e-6
        np.testing.assert_allclose(transition @ vector, value * vector, atol=1e-5)


def test_worms_that_do_not_fit_are_named():
    with pytest.raises(RecordingError, match=r"kato-9: 30 frames are too few for 4 delays of 10"):
        embed_worm(cycle("kato-9", 30), replace(CYCLE, n_delays=4, delay_frames=10))
    with pytest.raises(RecordingError, match="kato-7"):
        collect([cycle("kato-7")], CYCLE, [np.zeros(600, bool)])
    other = replace(cycle("kato-8"), neurons=("AVAL", "AVAR", "RIML", "VB01"))
    for call in (lambda: fit([cycle(), other], CYCLE), lambda: fit([cycle()], CYCLE).phase(other)):
        with pytest.raises(NeuronError, match="kato-8"):
            call()


def test_masked_frames_lend_no_label():
    worm = cycle()
    use = np.arange(600) < 300
    lied = replace(worm, y=np.where(use, worm.y, 1 - worm.y))
    a, b = (fit([w], CYCLE, [use]) for w in (worm, lied))
    np.testing.assert_array_equal(a.predict_proba(worm), b.predict_proba(worm))
    assert a.kernel.points.frame.max() < 299


@pytest.mark.parametrize(
    "bad", [{"scale": "x"}, {"signals": ("y",)}, {"signals": ()}, {"n_phases": 0}, {"n_delays": -1}]
)
def test_bad_parameters(bad):
    with pytest.raises(ChoiceError, match=next(iter(bad))):
        replace(CYCLE, **bad)
