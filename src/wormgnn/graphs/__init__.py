"""Matrices among neurons (wiring, responses, correlations), and how far they agree."""
