"""The HDF5 (`UID-data.h5`) that the laboratory of Atanas 2023 and Dag 2023 keeps itself.

One file holds one animal, in groups:

`gcamp/trace_array_original`
    Fluorescence over its baseline, (frames, neurons); `gcamp/trace_array`, the same z-scored,
    stands in where it is missing. No neuron has a name there.
`timing/timestamp_confocal`
    Seconds of each frame. They may go on past the end of the traces (1,600 of 1,137 frames in
    2022-05-02-01), and are cut off there, with a warning.
`behavior/reversal_events`
    (2, reversals): first row starts, second row stops, as in `wormgnn.datasets.wormwideweb`, whose
    JSON of the same animal has the same numbers; `behavior/velocity` as there.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import h5py

from wormgnn.datasets import wormwideweb
from wormgnn.datasets.hdf5 import Source
from wormgnn.errors import SourceError, reading
from wormgnn.files import check_regular
from wormgnn.recording import Recording

_GROUPS = ("gcamp", "timing", "behavior")
_TRACES = ("trace_array_original", "trace_array")
_NEEDED = ("timing/timestamp_confocal", "behavior/reversal_events")


def is_flavell(path: Path) -> bool:
    """Whether an HDF5 file has the groups of this layout."""
    with reading(path, "", "an HDF5 file"), h5py.File(path, "r") as file:
        return set(_GROUPS) <= set(file)


def read(path: Path | str) -> list[Recording]:
    """The one recording in a file, without names; the worm is its UID, from the file's name.

    Raises
    ------
    SourceError
        No HDF5, a missing field, a link out of the file, or a field of the wrong kind or size.
    RecordingError
        Values that no recording may have.
    """
    path = Path(path)
    check_regular(path)
    with reading(path, "", "an HDF5 file with the groups gcamp, timing and behavior"):
        content = _content(path)
    frames, times = content["trace_original"].shape[-1], content["timestamp_confocal"]
    if times.ndim == 1 and len(times) > frames:
        warnings.warn(
            f"{path}: field 'timing/timestamp_confocal': {len(times)} times for {frames} frames: "
            "those after the end were cut off",
            stacklevel=2,
        )
        content["timestamp_confocal"] = times[:frames]
    return [wormwideweb.recording(path, path.stem.removesuffix("-data"), content)]


def _content(path: Path) -> dict[str, Any]:
    """Fields under the names that WormWideWeb's older JSON gives them, axes as there."""
    with h5py.File(path, "r") as file:
        source = Source(path)
        nodes = {
            f"{group}/{name}": node
            for group, members in source.members(file).items()
            if group in _GROUPS
            for name, node in source.members(members).items()
        }
        traces = next((f"gcamp/{name}" for name in _TRACES if f"gcamp/{name}" in nodes), "")
        for field in (traces or f"gcamp/{_TRACES[0]}", *_NEEDED):
            if field not in nodes:
                found = ", ".join(sorted(nodes)) or "none"
                raise SourceError(path, field, f"expected this field, found the fields: {found}")
        content: dict[str, Any] = {"labeled": {}}
        for field in (traces, *_NEEDED, "behavior/velocity"):
            if field in nodes:
                with reading(path, field, "numbers"):
                    if nodes[field].dtype.kind not in "iuf":
                        raise TypeError(f"type {nodes[field].dtype}")
                    content[field.partition("/")[2]] = source.values(nodes[field]).T
        content["trace_original"] = content.pop(traces.partition("/")[2])
    return content
