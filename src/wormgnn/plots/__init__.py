"""Figures: functions that draw on Axes, one module for each theme."""

from wormgnn.plots.connectivity import (
    agreement,
    agreement_legend,
    connection_matrix,
    network_pairs,
    power_curves,
)
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
from wormgnn.plots.models import accuracy_of_models, training_rises
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
from wormgnn.plots.trajectories import (
    FORECAST_GROUPS,
    FORECAST_STYLES,
    error_curves,
    example_forecasts,
    forecast_legend,
    forecast_style,
    free_paths,
    groups_of,
    out_of_view,
    skill_curves,
    skill_grid,
)

__all__ = [
    "FORECAST_GROUPS",
    "FORECAST_STYLES",
    "NO_STATE_COLOUR",
    "STATE_COLOURS",
    "WORM_COLOURS",
    "accuracy_by_training_worms",
    "accuracy_by_worm",
    "accuracy_of_models",
    "agreement",
    "agreement_legend",
    "coloured_trace",
    "confusion_matrix",
    "connection_matrix",
    "consistency",
    "differences",
    "error_curves",
    "ethogram",
    "example_forecasts",
    "fold_strips",
    "forecast_legend",
    "forecast_style",
    "free_paths",
    "groups_of",
    "heatmap",
    "network_pairs",
    "node_features",
    "out_of_view",
    "power_curves",
    "probability_bar",
    "probability_matrix",
    "readings_by_validation",
    "scalings",
    "skill_curves",
    "skill_grid",
    "state_legend",
    "state_means",
    "temporal_graph",
    "training_rises",
    "use_style",
    "window_correlations",
    "worm_colour",
]
