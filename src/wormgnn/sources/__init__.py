"""Readers of recordings, one module for each origin, and the registry of datasets."""
