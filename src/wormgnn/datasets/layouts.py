"""Write recordings in the file layouts that the readers read.

The layouts of Kato's current release and of WormWideWeb mirror real files: shapes, types
and attributes, and the last name of worm 4 one cell deeper. Those of Kato's older release
and of Nichols follow their field lists, since no such file was at hand.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from wormgnn.datasets import kato, nichols, tabular
from wormgnn.errors import OutputError, chosen
from wormgnn.files import write_atomically
from wormgnn.recording import NO_STATE, UNIDENTIFIED, Recording
from wormgnn.states import SEVEN, merge

_USERBLOCK = 512


class _MatWriter:
    """Values as MATLAB stores them in HDF5, each reached by a reference."""

    def __init__(self, file: h5py.File) -> None:
        self.file, self.heap = file, file.create_group("#refs#")

    def _store(self, value: Any, kind: bytes) -> h5py.Reference:
        node = self.heap.create_dataset(f"r{len(self.heap)}", data=value)
        node.attrs["MATLAB_class"] = np.bytes_(kind)
        return node.ref

    def matrix(self, values: ArrayLike) -> h5py.Reference:
        return self._store(np.asarray(values, dtype=np.float64), b"double")

    def text(self, text: str) -> h5py.Reference:
        if text:
            return self._store(np.array([[ord(c)] for c in text], dtype=np.uint16), b"char")
        reference = self._store(np.zeros(2, dtype=np.uint64), b"char")
        self.file[reference].attrs["MATLAB_empty"] = np.uint8(1)
        return reference

    def cell(self, references: Sequence[h5py.Reference]) -> h5py.Reference:
        return self._store(_column(references), b"cell")

    def struct(self, fields: dict[str, NDArray[Any]]) -> h5py.Reference:
        group = self.heap.create_group(f"r{len(self.heap)}")
        group.attrs["MATLAB_class"] = np.bytes_(b"struct")
        for name, values in fields.items():
            group.create_dataset(name, data=np.asarray(values, dtype=np.float64))
            group[name].attrs["MATLAB_class"] = np.bytes_(b"double")
        return group.ref

    def struct_array(self, name: str, fields: dict[str, list[h5py.Reference]]) -> None:
        group = self.file.create_group(name)
        group.attrs["MATLAB_class"] = np.bytes_(b"struct")
        for field, references in fields.items():
            group.create_dataset(field, data=_column(references))
            group[field].attrs["MATLAB_class"] = np.bytes_(b"cell")


def write_kato(recordings: Sequence[Recording], path: Path | str) -> None:
    """Recordings with Kato's seven states, in the layout of the current release."""

    def own(mat: _MatWriter, number: int, worm: Recording) -> dict[str, h5py.Reference]:
        names = [mat.text(name or str(n)) for n, name in enumerate(worm.neurons, start=1)]
        if number == 4:
            names[-1] = mat.cell([names[-1]])
        flags = {name: worm.states == code for code, name in enumerate(SEVEN)}
        flags["nostate"] = worm.states == NO_STATE
        return {
            "NeuronNames": mat.cell(names),
            "States": mat.struct({name: flag[None] for name, flag in flags.items()}),
            "dataset": mat.text(worm.worm),
        }

    fields = ("deltaFOverF_bc", "deltaFOverF_deriv", "tv")
    _write_mat(recordings, Path(path), "WT_NoStim", fields, own)


def write_kato_older(recordings: Sequence[Recording], path: Path | str) -> None:
    """Recordings with Kato's seven states, in the layout of the older release."""
    names = [*SEVEN, "nostate"]
    codes = np.array([kato.OLDER_CODES.index(name) + 1.0 for name in names])

    def own(mat: _MatWriter, number: int, worm: Recording) -> dict[str, h5py.Reference]:
        return {"IDs": _candidates(mat, worm), "States": mat.matrix(codes[worm.states][None])}

    fields = ("traces", "tracesDif", "timVectorSeconds")
    _write_mat(recordings, Path(path), "WT_NoStim", fields, own)


def write_nichols(recordings: Sequence[Recording], path: Path | str) -> None:
    """Recordings merged to Nichols's four states; the struct is named as the file."""

    def own(mat: _MatWriter, number: int, worm: Recording) -> dict[str, h5py.Reference]:
        four = mat.struct({"fourStates": _four(worm)[None]})
        return {"IDs": _candidates(mat, worm), "FourStates": four}

    fields = ("traces", "tracesDif", "timeVectorSeconds")
    _write_mat(recordings, Path(path), Path(path).stem, fields, own)


def write_wormwideweb(recording: Recording, path: Path | str) -> None:
    """One recording merged to forward and reverse, in WormWideWeb's JSON form."""
    forward, reverse = (merge(recording, 2) == code for code in range(2))
    edges = np.flatnonzero(np.diff(reverse.astype(int), prepend=0, append=0))
    confidence = recording.confidence
    labels = {
        str(column + 1): {
            "label": name,
            "confidence": str(5.0 if confidence is None else confidence[column]),
        }
        for column, name in enumerate(recording.neurons)
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
    write_atomically(Path(path), lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_csv(recording: Recording, path: Path | str) -> None:
    """One recording as a table: `time_s`, `state`, and a column for each neuron.

    Six significant digits. Unidentified neurons are headed by the number of their column.
    """
    names = [name or str(number) for number, name in enumerate(recording.neurons, start=1)]

    def write_table(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([tabular.TIME, tabular.STATE, *names])
            rows = zip(recording.times, _state_names(recording), recording.traces, strict=True)
            for time_s, state, values in rows:
                writer.writerow([f"{time_s:.4f}", state, *(f"{value:.6g}" for value in values)])

    write_atomically(Path(path), write_table)


def write_npz(recording: Recording, path: Path | str) -> None:
    """One recording as an archive of `traces`, `neurons`, `fps`, `times_s` and `states`."""

    def write_archive(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(
                file,
                traces=recording.traces,
                neurons=np.array(recording.neurons),
                fps=recording.fps,
                times_s=recording.times,
                states=np.array(_state_names(recording)),
            )

    write_atomically(Path(path), write_archive)


def _state_names(recording: Recording) -> list[str]:
    """Name of each frame's state, empty where it has none."""
    return [[*recording.vocabulary, ""][code] for code in recording.states]


def _column(references: Sequence[h5py.Reference]) -> NDArray[Any]:
    return np.array(references, dtype=h5py.ref_dtype)[:, None]


def _write_mat(
    recordings: Sequence[Recording],
    path: Path,
    root: str,
    fields: tuple[str, str, str],
    own: Callable[[_MatWriter, int, Recording], dict[str, h5py.Reference]],
) -> None:
    """The struct array `root`: traces, derivatives (if all worms have them), times, fps, `own`."""
    traces, derivatives, times = fields
    complete = all(worm.derivatives is not None for worm in recordings)

    def write_file(temporary: Path) -> None:
        with h5py.File(temporary, "w", userblock_size=_USERBLOCK) as file:
            mat, worms = _MatWriter(file), []
            for number, worm in enumerate(recordings, start=1):
                values: dict[str, ArrayLike] = {
                    traces: worm.traces.T,
                    times: worm.times[None],
                    "fps": [[worm.fps]],
                }
                if complete and worm.derivatives is not None:
                    values[derivatives] = worm.derivatives.T
                matrices = {field: mat.matrix(value) for field, value in values.items()}
                worms.append(matrices | own(mat, number, worm))
            mat.struct_array(root, {field: [worm[field] for worm in worms] for field in worms[0]})
        header = b"MATLAB 7.3 MAT-file, simulated recordings".ljust(124) + b"\x00\x02IM"
        with temporary.open("r+b") as raw:
            raw.write(header)

    write_atomically(path, write_file)


def _candidates(mat: _MatWriter, worm: Recording) -> h5py.Reference:
    texts = [[mat.text(name or "---"), mat.text(""), mat.text("")] for name in worm.neurons]
    return mat.cell([mat.cell(cell) for cell in texts])


def _four(worm: Recording) -> NDArray[np.float64]:
    """Nichols's codes 1 to 4, NaN for no state, shape (frames,)."""
    if worm.vocabulary[: len(nichols.STATES)] == nichols.STATES:
        codes = np.array([*range(1, len(worm.vocabulary) + 1), np.nan])
        return np.asarray(codes[worm.states])
    table = {"forward": 2.0, "reverse": 1.0, "dorsal turn": 4.0, "ventral turn": 4.0}
    return np.asarray(np.array([*table.values(), np.nan])[merge(worm, 4)])


WRITERS = {"kato": write_kato, "kato-older": write_kato_older, "nichols": write_nichols}
"""Layouts of a file of several worms."""

WRITERS_OF_ONE = {"csv": write_csv, "npz": write_npz, "wormwideweb": write_wormwideweb}
"""Layouts of one file for each worm."""

LAYOUTS = {"csv": ".csv", "npz": ".npz", "wormwideweb": ".json"} | dict.fromkeys(WRITERS, ".mat")
"""Every layout and the ending of its files."""


def layout_of(path: Path, layout: str | None = None) -> str:
    """The layout that is asked for, or the first that the file's ending stands for.

    ChoiceError for an unknown layout, OutputError for an ending that is not its own.
    """
    if layout is None:
        fitting = {ending: name for name, ending in reversed(LAYOUTS.items())}
        if path.suffix not in fitting:
            raise OutputError(
                f"{path}: expected a name that ends in {', '.join(fitting)}, "
                f"found {path.suffix or 'no ending'}"
            )
        return fitting[path.suffix]
    ending = chosen("layout", layout, LAYOUTS)
    if path.suffix != ending:
        found = path.suffix or "no ending"
        raise OutputError(f"{path}: expected a name that ends in {ending}, found {found}")
    return layout


def targets(recordings: Sequence[Recording], path: Path, layout: str) -> list[Path]:
    """The files that `write` writes: `path`, or one for each of several worms, named after it."""
    if layout in WRITERS or len(recordings) == 1:
        return [path]
    return [path.with_name(f"{path.stem}-{worm.worm}{path.suffix}") for worm in recordings]


def write(recordings: Sequence[Recording], path: Path, layout: str | None = None) -> list[Path]:
    """Write recordings in a layout (that of the file's ending if None); returns the files written.

    See `layout_of` and `targets`; OutputError also for a file that cannot be written.
    """
    layout = layout_of(path, layout)
    paths = targets(recordings, path, layout)
    if layout in WRITERS:
        WRITERS[layout](recordings, path)
    else:
        for worm, target in zip(recordings, paths, strict=True):
            WRITERS_OF_ONE[layout](worm, target)
    return paths
