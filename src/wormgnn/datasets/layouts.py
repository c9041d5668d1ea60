"""Write recordings in file layouts that the readers read: Kato's, WormWideWeb's, tables.

The layouts of Kato's current release and of WormWideWeb mirror real files: shapes, types and
attributes, and the last name of worm 4 one cell deeper.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from wormgnn.datasets.tabular import STATE, TIME
from wormgnn.errors import OutputError
from wormgnn.files import write_atomically
from wormgnn.recording import NO_STATE, UNIDENTIFIED, Recording
from wormgnn.states import SEVEN, merge

_USERBLOCK = 512


class MatWriter:
    """Values as MATLAB v7.3 stores them in HDF5, each reached by a reference."""

    def __init__(self, file: h5py.File) -> None:
        self.heap = file.create_group("#refs#")

    def _store(self, value: ArrayLike, kind: bytes, **attributes: object) -> h5py.Reference:
        node = self.heap.create_dataset(f"r{len(self.heap)}", data=value)
        node.attrs.update(MATLAB_class=np.bytes_(kind), **attributes)
        return node.ref

    def matrix(self, values: ArrayLike) -> h5py.Reference:
        """A numeric array, as HDF5 shows it."""
        return self._store(np.asarray(values, dtype=np.float64), b"double")

    def text(self, text: str) -> h5py.Reference:
        """A text, which may be empty."""
        if not text:
            return self._store(np.zeros(2, dtype=np.uint64), b"char", MATLAB_empty=np.uint8(1))
        return self._store(np.array([[ord(c)] for c in text], dtype=np.uint16), b"char")

    def cell(self, references: Sequence[h5py.Reference]) -> h5py.Reference:
        """A cell array."""
        return self._store(np.array(references, dtype=h5py.ref_dtype)[:, None], b"cell")

    def struct(self, fields: dict[str, ArrayLike]) -> h5py.Reference:
        """A struct of numeric arrays."""
        group = self.heap.create_group(f"r{len(self.heap)}")
        group.attrs["MATLAB_class"] = np.bytes_(b"struct")
        for name, values in fields.items():
            group[name] = np.asarray(values, dtype=np.float64)
            group[name].attrs["MATLAB_class"] = np.bytes_(b"double")
        return group.ref


def write_mat(
    recordings: Sequence[Recording],
    path: Path,
    root: str,
    fields_of: Callable[[MatWriter, int, Recording], dict[str, h5py.Reference]],
) -> None:
    """The struct array `root`, with the fields of each recording (and its number, from 1)."""
    memory = io.BytesIO()  # HDF5 names no error of the disk by its kind
    with h5py.File(memory, "w", userblock_size=_USERBLOCK) as file:
        mat = MatWriter(file)
        worms = [fields_of(mat, n, worm) for n, worm in enumerate(recordings, start=1)]
        group = file.create_group(root)
        group.attrs["MATLAB_class"] = np.bytes_(b"struct")
        for field in worms[0]:
            group[field] = file[mat.cell([worm[field] for worm in worms])]
    header = b"MATLAB 7.3 MAT-file, simulated recordings".ljust(124) + b"\x00\x02IM"
    content = header + memory.getvalue()[len(header) :]
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def write_kato(recordings: Sequence[Recording], path: Path) -> None:
    """Recordings with Kato's seven states, in the layout of the current release.

    Derivatives are written if all recordings have them.
    """
    complete = all(worm.derivatives is not None for worm in recordings)

    def fields_of(mat: MatWriter, number: int, worm: Recording) -> dict[str, h5py.Reference]:
        names = [mat.text(name or str(n)) for n, name in enumerate(worm.neurons, start=1)]
        if number == 4:
            names[-1] = mat.cell([names[-1]])
        codes = {name: code for code, name in enumerate(SEVEN)} | {"nostate": NO_STATE}
        flags = {name: (worm.states == code)[None] for name, code in codes.items()}
        fields = {
            "deltaFOverF_bc": mat.matrix(worm.traces.T),
            "tv": mat.matrix(worm.times[None]),
            "fps": mat.matrix([[worm.fps]]),
            "NeuronNames": mat.cell(names),
            "States": mat.struct(flags),
            "dataset": mat.text(worm.worm),
        }
        if complete and worm.derivatives is not None:
            fields["deltaFOverF_deriv"] = mat.matrix(worm.derivatives.T)
        return fields

    write_mat(recordings, path, "WT_NoStim", fields_of)


def write_wormwideweb(recording: Recording, path: Path) -> None:
    """One recording merged to forward and reverse, in WormWideWeb's JSON form."""
    forward, reverse = (merge(recording, 2) == code for code in range(2))
    edges = np.flatnonzero(np.diff(reverse.astype(int), prepend=0, append=0))
    sure = [5.0] * len(recording.neurons) if recording.confidence is None else recording.confidence
    labels = {
        str(number): {"label": name, "confidence": str(confidence)}
        for number, (name, confidence) in enumerate(zip(recording.neurons, sure, strict=True), 1)
        if name != UNIDENTIFIED
    }
    content = {
        "uid": recording.worm,
        "max_t": recording.n_frames,
        "num_neurons": len(recording.neurons),
        "timestamp_confocal": recording.times.tolist(),
        "velocity": (0.1 * forward - 0.1 * reverse).tolist(),
        "reversal_events": edges.reshape(-1, 2).tolist(),
        "trace_original": recording.traces.T.tolist(),
        "labeled": labels,
    }
    text = json.dumps(content)
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_csv(recording: Recording, path: Path) -> None:
    """One recording as a table: `time_s`, `state`, and a column for each neuron.

    Six significant digits. Unidentified neurons are headed by the number of their column.
    """
    names = [name or str(number) for number, name in enumerate(recording.neurons, start=1)]
    table = pd.DataFrame(recording.traces, columns=names)
    table.insert(0, TIME, [f"{time_s:.4f}" for time_s in recording.times])
    table.insert(1, STATE, _state_names(recording))
    text = table.to_csv(float_format="%.6g", na_rep="nan", index=False, lineterminator="\n")
    write_atomically(path, lambda temporary: temporary.write_bytes(text.encode()))


def write_npz(recording: Recording, path: Path) -> None:
    """One recording as an archive of `traces`, `neurons`, `fps`, `times_s` and `states`."""
    fields: dict[str, Any] = {
        "traces": recording.traces,
        "neurons": np.array(recording.neurons),
        "fps": recording.fps,
        "times_s": recording.times,
        "states": np.array(_state_names(recording)),
    }
    write_atomically(path, lambda temporary: np.savez_compressed(temporary, **fields))


def _state_names(recording: Recording) -> list[str]:
    """Name of each frame's state, empty where it has none."""
    return [[*recording.vocabulary, ""][code] for code in recording.states]


WRITERS_OF_ONE = {".csv": write_csv, ".npz": write_npz, ".json": write_wormwideweb}
"""By the file's ending, layouts of one file for each worm; `.mat` is Kato's, one for all."""


def targets(recordings: Sequence[Recording], path: Path) -> list[Path]:
    """The files that `write` writes: `path`, or one for each of several worms, named after it.

    OutputError for an ending that stands for no layout.
    """
    if path.suffix not in (".mat", *WRITERS_OF_ONE):
        endings, found = ", ".join((".mat", *WRITERS_OF_ONE)), path.suffix or "no ending"
        raise OutputError(f"{path}: expected a name that ends in {endings}, found {found}")
    if path.suffix == ".mat" or len(recordings) == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{worm.worm}{path.suffix}") for worm in recordings]


def write(recordings: Sequence[Recording], path: Path) -> list[Path]:
    """Write recordings in the layout that the file's ending stands for; the files written.

    See `targets`; OutputError also for a file that cannot be written.
    """
    paths = targets(recordings, path)
    if path.suffix == ".mat":
        write_kato(recordings, path)
    else:
        for worm, target in zip(recordings, paths, strict=True):
            WRITERS_OF_ONE[path.suffix](worm, target)
    return paths
