"""Inferred edges beside the connectome, the functional atlas and the worm's own correlations."""
