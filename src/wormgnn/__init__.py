"""Behaviour and dynamics of *C. elegans* read from whole-brain calcium recordings."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("wormgnn")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
