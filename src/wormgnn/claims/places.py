"""Where the evidence for a claim is shown: a chapter, and a figure or a label on its page."""

from __future__ import annotations

PLACES = {
    "recordings": ("01_data", "fig-heatmap"),
    "consistency": ("01_data", "fig-consistency"),
    "windows": ("01_data", "fig-folds"),
    "two states": ("02_two_states", "fig-two-states-n-kato"),
    "two states, each worm": ("02_two_states", "fig-two-states-worm"),
    "all states": ("03_all_states", "fig-4a-kato"),
    "components": ("04_manifold", "fig-pooled-components"),
    "own components": ("04_manifold", "fig-own-components"),
    "onset": ("04_manifold", "fig-onset-decoding"),
    "horizon": ("04_manifold", "fig-horizon"),
    "sensitivity": ("04_manifold", "fig-sensitivity"),
    "manifold": ("04_manifold", "fig-manifold-unseen"),
    "forecasts": ("08_trajectories", "fig-4c-kato"),
    "sampling": ("08_trajectories", "trajectories-sampling"),
    "another lab": ("06_another_lab", "fig-animals"),
    "connectomes": ("09_connectomes", "fig-agreement"),
    "single neurons": ("12_any_neurons", "fig-single-neurons"),
    "mixing": ("13_mixing", "fig-dial-difference"),
    "without AVA": ("10_without_ava", "fig-without-ava"),
    "without reversal neurons": ("10_without_ava", "fig-without-reversal"),
    "one-hot": ("11_one_hot", "fig-one-hot-accuracy"),
    "one-hot edges": ("11_one_hot", "fig-one-hot-edges"),
    "zoo": ("14_model_zoo", "fig-zoo"),
    "overfitting": ("14_model_zoo", "fig-overfitting"),
    "three neurons": ("14_model_zoo", "fig-structure"),
    "structure": ("14_model_zoo", "fig-structure-differences"),
}
"""Name of a place to its chapter (file without ending) and the anchor on its page."""


def href(place: str) -> str:
    """Address of a place from another page of the built book."""
    chapter, anchor = PLACES[place]
    return f"{chapter}.html#{anchor}"
