"""Behaviour and dynamics of *C. elegans* read from whole-brain calcium recordings."""

import warnings
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("wormgnn")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

# pooch asks tqdm for a notebook's progress bar: without ipywidgets, a warning on every page.
warnings.filterwarnings("ignore", message="IProgress not found")
