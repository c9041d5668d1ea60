"""Figures: functions that draw on Axes, one module for each theme."""

from wormgnn.plots.data import coloured_trace, ethogram, heatmap
from wormgnn.plots.individuals import (
    consistency,
    probability_bar,
    probability_matrix,
    state_means,
)
from wormgnn.plots.inputs import (
    fold_strips,
    node_features,
    scalings,
    temporal_graph,
    window_correlations,
)
from wormgnn.plots.scores import (
    accuracy_by_training_worms,
    accuracy_by_worm,
    confusion_matrix,
    differences,
    readings_by_validation,
)
from wormgnn.plots.style import (
    NO_STATE_COLOUR,
    STATE_COLOURS,
    WORM_COLOURS,
    state_legend,
    use_style,
    worm_colour,
)

__all__ = [
    "NO_STATE_COLOUR",
    "STATE_COLOURS",
    "WORM_COLOURS",
    "accuracy_by_training_worms",
    "accuracy_by_worm",
    "coloured_trace",
    "confusion_matrix",
    "consistency",
    "differences",
    "ethogram",
    "fold_strips",
    "heatmap",
    "node_features",
    "probability_bar",
    "probability_matrix",
    "readings_by_validation",
    "scalings",
    "state_legend",
    "state_means",
    "temporal_graph",
    "use_style",
    "window_correlations",
    "worm_colour",
]
