"""Which command computes a reference table."""

from __future__ import annotations

from wormgnn.experiment_lines import EXPERIMENTS
from wormgnn.forecast_experiments import FORECASTS

_REDUCED = ("zoo", "structure")
_MODULES = {
    "admm": "baselines.admm.reference",
    "onset": "baselines.admm.reference",
    "components": "baselines.admm.reference",
    "connectivity": "connectivity.reference",
    "edge_reliability": "connectivity.reference",
    "mixing": "mixing.reference",
    "neuron": "neuron_subsets.reference",
    "one_hot_edges": "one_hot",
    "overfitting": "overfitting",
    "recordings": "claims.reference",
    "compute": "claims.reference",
}
"""Beginnings of a table's name, and the module that writes it."""


def command(table: str) -> str:
    """The command line that writes a reference table of this name (without its dataset)."""
    if table in EXPERIMENTS:
        profile = "reduced" if table in _REDUCED else "paper"
        return f"wormgnn run {table} --dataset kato --profile {profile} --reference"
    if table in FORECASTS:
        return f"wormgnn run {table} --dataset kato --profile reduced --folds 1 --reference"
    modules = [module for start, module in _MODULES.items() if table.startswith(start)]
    return f"python -m wormgnn.{modules[0]}" if modules else f"no command writes {table} yet"
