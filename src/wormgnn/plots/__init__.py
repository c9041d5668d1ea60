"""Figures: functions that draw on Axes and return them, one module for each kind of data."""

# ruff: noqa: F401, I001
# fmt: off
from wormgnn.plots.forecasts import (
    error_curves, example_forecasts, free_paths, skill_curves, skill_grid,
)
from wormgnn.plots.manifold import component_paths, manifold_flow, manifold_paths
from wormgnn.plots.matrices import (
    agreement, confusion_matrix, connection_matrix, number_matrix, probability_matrix,
    shared_edges, verdict_counts,
)
from wormgnn.plots.recordings import (
    coloured_trace, ethogram, fold_strips, heatmap_order, neural_activity, node_features,
    onset_activity, temporal_graph,
)
from wormgnn.plots.scores import (
    accuracy_against, accuracy_by, curves, differences, differences_against, stripes,
)
from wormgnn.plots.style import (
    AGREEMENT_COLOURS, MODEL_COLOURS, NO_STATE_COLOUR, STATE_COLOURS, VERDICT_COLOURS,
    WORM_COLOURS, figure_legend, model_line, palette, state_legend, use_style, worm_colour,
)
from wormgnn.plots.timeline import decoding
