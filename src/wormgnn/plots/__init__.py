"""Figures: functions that draw on Axes and return them, one module for each kind of data."""

# ruff: noqa: F401
# fmt: off
from wormgnn.plots.decode import decoding
from wormgnn.plots.differences import differences, differences_against, verdict_counts
from wormgnn.plots.edges import agreement, connection_matrix, network_pairs, shared_edges
from wormgnn.plots.forecasts import (
    error_curves,
    example_forecasts,
    free_paths,
    skill_curves,
    skill_grid,
)
from wormgnn.plots.manifold import (
    component_paths,
    label3d,
    manifold3d,
    manifold_paths,
    onset_curves,
    points_on_manifold,
    sensitivity_panels,
    worm_on_manifold,
)
from wormgnn.plots.matrices import confusion_matrix, number_matrix
from wormgnn.plots.recordings import (
    coloured_trace,
    consistency,
    ethogram,
    fold_strips,
    heatmap_order,
    neural_activity,
    node_features,
    onset_activity,
    probability_bar,
    probability_matrix,
    scalings,
    temporal_graph,
)
from wormgnn.plots.scores import (
    accuracy_against,
    accuracy_by,
    curves,
    stripes,
)
from wormgnn.plots.style import (
    AGREEMENT_COLOURS,
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
