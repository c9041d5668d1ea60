"""Behaviour and dynamics of *C. elegans* read from whole-brain calcium recordings.

Names of this package, by topic; each module has more, and a docstring for each.

- Recordings: `read` (a file), `load` (a dataset), `other_lab`, `Recording`, `Simulation`,
  `simulate`.
- Neurons and what models see of them: `PAPER_NEURONS`, `neuron_set`, `draw_subsets`, `adjacency`
  (of a connectome), `Features` (see the module `features`).
- What to run: `Plan`, `Line`, `Experiment`, `Profile`, `PROFILES`, `profile_named`, `MODELS`
  (networks), `READERS` (other models of states).
- Running: `run`, `Table`, `Cohort`, `Store`.
- Comparing: `compare`, `select`, `summarise`; `read_reference`, `write_reference`, `Reference`.
- Decoding one's own recordings: `BehaviourDecoder`, `decode`, `Decoded`, `Trust`.
- Figures: `use_style`, and the module `plots`.
- Errors: `WormgnnError`, of which every error of this package is one: `ChoiceError`,
  `CompareError`, `DatasetUnavailableError`, `NeuronError`, `RecordingError`, `SourceError`,
  `StateError`, `StoreError`, `TrainingError`.

Modules are imported when a name is first used: `import wormgnn` alone is fast.
"""

import importlib
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wormgnn.cohort import Cohort
    from wormgnn.comparison import CompareError, compare, select, summarise
    from wormgnn.connectome import adjacency
    from wormgnn.datasets.registry import load, other_lab, read
    from wormgnn.datasets.simulated import Simulation, simulate
    from wormgnn.decoder import BehaviourDecoder, Trust
    from wormgnn.decoding import Decoded, decode
    from wormgnn.errors import (
        ChoiceError,
        DatasetUnavailableError,
        NeuronError,
        RecordingError,
        SourceError,
        StateError,
        StoreError,
        TrainingError,
        WormgnnError,
    )
    from wormgnn.features import Features
    from wormgnn.models import MODELS
    from wormgnn.neurons import draw_subsets, neuron_set
    from wormgnn.plan import PROFILES, Experiment, Line, Plan, Profile, profile_named
    from wormgnn.plots.style import use_style
    from wormgnn.recording import PAPER_NEURONS, Recording
    from wormgnn.results import Reference
    from wormgnn.results import read as read_reference
    from wormgnn.results import write as write_reference
    from wormgnn.runner import Table, run
    from wormgnn.store import Store
    from wormgnn.tasks.states import READERS

# fmt: off
__all__ = [
    "MODELS", "PAPER_NEURONS", "PROFILES", "READERS", "BehaviourDecoder", "ChoiceError", "Cohort",
    "CompareError", "DatasetUnavailableError", "Decoded", "Experiment", "Features", "Line",
    "NeuronError", "Plan", "Profile", "Recording", "RecordingError", "Reference", "Simulation",
    "SourceError", "StateError", "Store", "StoreError", "Table", "TrainingError", "Trust",
    "WormgnnError", "adjacency", "compare", "decode", "draw_subsets", "load", "neuron_set",
    "other_lab", "profile_named", "read", "read_reference", "run", "select", "simulate",
    "summarise", "use_style", "write_reference",
]
# fmt: on

_NAMES = {
    "cohort": "Cohort",
    "comparison": "CompareError compare select summarise",
    "connectome": "adjacency",
    "datasets.registry": "load other_lab read",
    "datasets.simulated": "Simulation simulate",
    "decoder": "BehaviourDecoder Trust",
    "decoding": "Decoded decode",
    "errors": "ChoiceError DatasetUnavailableError NeuronError RecordingError SourceError "
    "StateError StoreError TrainingError WormgnnError",
    "features": "Features",
    "models": "MODELS",
    "neurons": "draw_subsets neuron_set",
    "plan": "PROFILES Experiment Line Plan Profile profile_named",
    "plots.style": "use_style",
    "recording": "PAPER_NEURONS Recording",
    "results": "Reference read_reference write_reference",
    "runner": "Table run",
    "store": "Store",
    "tasks.states": "READERS",
}
"""Names by the module that holds them."""

_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}
_RENAMED = {"read_reference": "read", "write_reference": "write"}

try:
    __version__ = version("wormgnn")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

# pooch asks tqdm for a notebook's progress bar: without ipywidgets, a warning on every page.
warnings.filterwarnings("ignore", message="IProgress not found")

if not TYPE_CHECKING:  # so that a type checker knows which names there are

    def __getattr__(name: str) -> object:
        """A public name, from the module that holds it."""
        if name not in _HOMES:
            raise AttributeError(f"module 'wormgnn' has no attribute {name!r}")
        module = importlib.import_module(f"wormgnn.{_HOMES[name]}")
        value = globals()[name] = getattr(module, _RENAMED.get(name, name))
        return value

    def __dir__() -> list[str]:
        """Names, those included that are not imported yet."""
        return sorted({*globals(), *_HOMES})
