"""Figures: functions that draw on Axes and return them, one module for each kind of data."""

# ruff: noqa: F401
# fmt: off
from wormgnn.plots.decode import decoding
from wormgnn.plots.differences import differences, differences_against, verdict_counts
from wormgnn.plots.edges import agreement, connection_matrix, network_pairs
from wormgnn.plots.forecasts import (
    error_curves,
    example_forecasts,
    free_paths,
    skill_curves,
    skill_grid,
)
from wormgnn.plots.manifold import (
    label3d,
    manifold3d,
    onset_curves,
    points_on_manifold,
    sensitivity_panels,
    trajectories3d,
    worm_on_manifold,
)
from wormgnn.plots.recordings import (
    coloured_trace,
    consistency,
    ethogram,
    fold_strips,
    heatmap,
    node_features,
    onset_activity,
    probability_bar,
    probability_matrix,
    scalings,
    temporal_graph,
    tuning,
)
from wormgnn.plots.scores import (
    accuracy_against,
    accuracy_by,
    confusion_matrix,
    curves,
    number_matrix,
    stripes,
)
from wormgnn.plots.style import (
    MODEL_COLOURS,
    NO_STATE_COLOUR,
    STATE_COLOURS,
    VERDICT_COLOURS,
    WORM_COLOURS,
    figure_legend,
    model_line,
    palette,
    state_legend,
    use_style,
    worm_colour,
)
