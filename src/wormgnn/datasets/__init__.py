"""Recordings: one reader for each origin, the simulator, and the registry of datasets."""
