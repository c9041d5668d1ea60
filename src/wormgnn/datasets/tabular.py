"""A laboratory's own recording, as a CSV table or a NumPy archive.

CSV: one row per frame under a header. The optional column `time_s` holds seconds, the
optional column `state` the name of the behaviour (empty: none); every other column is the
trace of the neuron that heads it. A header of digits, or one with `?`, is a neuron that
nobody has identified. Without `time_s`, `fps` must be given. Columns are separated by commas,
semicolons or tabs; with the latter two, numbers may have a decimal comma. Up to three empty cells
in a row are interpolated, with a warning. A table whose rows are headed by neurons is turned; its
header then holds `time_s` and seconds, or numbers of frames.

NPZ: `traces` (frames, neurons), `neurons` (neurons,) as text, `fps` (one number) or
`times_s` (frames,), and if you like `states` (frames,) as text. Archives that hold pickled
objects are refused.

States take the names of `wormgnn.states` (`forward`, `reverse`, ...) if they are to be
compared with a decoder's.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wormgnn.errors import SourceError, building, reading
from wormgnn.files import check_regular, read_text
from wormgnn.recording import (
    MAX_FRAMES,
    MAX_NEURONS,
    MAX_VALUES,
    NO_STATE,
    Recording,
    canonical_name,
    frames_per_second,
)

MAX_DIRECTORY_BYTES = 1 << 20  # the list of members of a NumPy archive
Floats = NDArray[np.float64]

TIME, STATE = "time_s", "state"

_SEPARATORS = (",", ";", "\t")
_MAX_EMPTY = 3


def read(path: Path | str, fps: float | None = None) -> list[Recording]:
    """The one recording in a `.csv` or `.npz` file; the worm is named after the file.

    `fps`, in frames per second, is for a file that does not tell. SourceError for neither kind of
    file, a missing column or field, or text where a number belongs; RecordingError for lengths that
    differ, NaN or constant traces, or a name that occurs twice.
    """
    path = Path(path)
    check_regular(path)
    with reading(path, "", "a readable file"), path.open("rb") as file:
        is_archive = file.read(2) == b"PK"
    return [_read_npz(path, fps) if is_archive else _read_csv(path, fps)]


def _read_csv(path: Path, fps: float | None) -> Recording:
    header, rows, separator = _rows(path)
    columns = list(zip(header, zip(*rows, strict=True), strict=True))
    neurons = [column for column in columns if column[0] not in (TIME, STATE)]
    if not neurons:
        raise SourceError(path, "", f"expected a column for a neuron, found {', '.join(header)}")
    traces = [_numbers(path, *column, separator, _MAX_EMPTY) for column in neurons]
    about = dict(reversed(columns))  # of two columns of a name the first
    times = _numbers(path, TIME, about[TIME], separator, 0) if TIME in about else None
    names = [name for name, _ in neurons]
    return _recording(path, np.stack(traces, axis=1), names, fps, times, about.get(STATE))


def _rows(path: Path) -> tuple[list[str], list[list[str]], str]:
    """Header, rows of frames and separator; a transposed table is turned."""
    text = read_text(path, "a CSV table in UTF-8")
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    with reading(path, "", "a CSV table in UTF-8"):
        lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        rows = [[cell.strip() for cell in row] for row in lines if row]
    if len(rows) < 2:
        raise SourceError(path, "", f"expected a header and frames, found {len(rows)} rows")
    ragged = next((n for n, row in enumerate(rows, 1) if len(row) != len(rows[0])), None)
    if ragged is not None:
        expected = f"expected {len(rows[0])} columns in row {ragged} as in the header"
        raise SourceError(path, "", f"{expected}, found {len(rows[ragged - 1])}")
    if _is_transposed(rows):
        rows = [list(column) for column in zip(*rows, strict=True)]
        if rows[0][0] != TIME:  # numbers of frames, or nothing that we know
            rows = [row[1:] for row in rows]
    if len(rows[0]) > MAX_NEURONS or len(rows[0]) * len(rows) > MAX_VALUES:
        most = f"{MAX_NEURONS} columns and {MAX_VALUES} values at most"
        raise SourceError(path, "", f"expected {most}, found {len(rows)} rows of {len(rows[0])}")
    return rows[0], rows[1:], separator


def _is_transposed(rows: Sequence[Sequence[str]]) -> bool:
    """Whether neurons head the rows: their names in the first column, numbers in the first row."""
    names = [bool(canonical_name(row[0])) for row in rows[1:]]
    numbers = [cell.replace(".", "").replace(",", "").isdigit() for cell in rows[0][1:]]
    return len(numbers) > 1 and all(numbers) and 2 * sum(names) >= len(names)


def _numbers(path: Path, name: str, cells: Sequence[str], separator: str, empty: int) -> Floats:
    """Numbers of a column; up to `empty` cells in a row that hold nothing are interpolated."""
    values = np.full(len(cells), np.nan)
    for frame, cell in enumerate(cells):
        if separator != "," and "." not in cell:
            cell = cell.replace(",", ".")  # a decimal comma
        if cell:
            with reading(path, name, f"a number in row {frame + 2}"):
                values[frame] = float(cell)
    missing = np.array([not cell for cell in cells])
    edges = np.flatnonzero(np.diff(np.r_[False, missing, False]))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start > empty:
            found = f"{stop - start} empty cells from row {start + 2}"
            wanted = f"{empty} empty cells in a row at most" if empty else "a number in every frame"
            raise SourceError(path, name, f"expected {wanted}, found {found}")
    if missing.any():
        warnings.warn(
            f"{path}: field {name!r}: {missing.sum()} empty cells were interpolated",
            stacklevel=2,
        )
        frames = np.arange(len(values))
        values[missing] = np.interp(frames[missing], frames[~missing], values[~missing])
    return values


def _read_npz(path: Path, fps: float | None) -> Recording:
    wanted = ("traces", "neurons", "fps", "times_s", "states")
    with reading(path, "", "a NumPy archive without pickled objects"):
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            fields = {name: _member(archive, name) for name in wanted if name in names}
    for field in ("traces", "neurons"):
        if field not in fields:
            found = ", ".join(sorted(names)) or "none"
            raise SourceError(path, field, f"expected this field, found the fields: {found}")
    with reading(path, "traces", "numbers, shape (frames, neurons)"):
        traces = _numeric(fields["traces"])
    with reading(path, "fps", "one number"):
        fps = float(_numeric(fields["fps"]).item()) if "fps" in fields else fps
    with reading(path, "times_s", "numbers, shape (frames,)"):
        times = _numeric(fields["times_s"]) if "times_s" in fields else None
    states = _texts(path, fields, "states") if "states" in fields else None
    return _recording(path, traces, _texts(path, fields, "neurons"), fps, times, states)


def _check_directory(path: Path) -> None:
    """Refuse an archive with an unbounded list of members, which zipfile would read whole."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - 22))
        end = file.read()
    at = end.rfind(b"PK\5\6")
    if b"PK\6\7" in end or int.from_bytes(end[at + 12 : at + 16], "little") > MAX_DIRECTORY_BYTES:
        raise ValueError(f"a list of members of more than {MAX_DIRECTORY_BYTES} bytes")


def _member(archive: zipfile.ZipFile, name: str) -> NDArray[np.generic]:
    """One array, once its size in the archive and in its own header are known to be sound."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name!r} in a compression that NumPy does not write")
    if info.file_size > 8 * MAX_VALUES + 1000:
        raise ValueError(f"{name!r} of {info.file_size} bytes")
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        first, later = np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0
        shape, _, kind = (first if version == (1, 0) else later)(file)
        count = math.prod(shape)
        if kind.hasobject or count > MAX_VALUES or count * kind.itemsize > info.file_size:
            raise ValueError(f"{name!r}, an array {shape} of {kind} in {info.file_size} bytes")
    return np.asarray(np.lib.format.read_array(io.BytesIO(archive.read(info)), allow_pickle=False))


def _numeric(array: NDArray[np.generic]) -> Floats:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"type {array.dtype}")
    return array.astype(np.float64)


def _texts(path: Path, fields: dict[str, NDArray[np.generic]], field: str) -> list[str]:
    array = fields[field]
    if array.ndim != 1 or array.dtype.kind not in "US" or array.size > MAX_FRAMES:
        found = f"{array.dtype} of shape {array.shape}"
        raise SourceError(path, field, f"expected text on one axis, found {found}")
    with reading(path, field, "text"):
        return [str(text) for text in array.astype(np.str_)]


def _recording(
    path: Path,
    traces: Floats,
    names: Sequence[str],
    fps: float | None,
    times: Floats | None,
    states: Sequence[str] | None,
) -> Recording:
    labels = [""] * len(traces) if states is None else [text.strip() for text in states]
    vocabulary = tuple(sorted(set(labels) - {""}))
    codes = {name: code for code, name in enumerate(vocabulary)} | {"": NO_STATE}
    with building(path):
        return Recording(
            worm=path.stem,
            dataset="tabular",
            traces=traces,
            neurons=tuple(canonical_name(name) for name in names),
            fps=_frame_rate(path, fps, times, names),
            states=np.array([codes[label] for label in labels], dtype=np.int64),
            vocabulary=vocabulary,
            times=np.empty(0) if times is None else times,
        )


def _frame_rate(path: Path, fps: float | None, times: Floats | None, names: Sequence[str]) -> float:
    if times is not None and not (np.isfinite(times).all() and times.ndim == 1):
        raise SourceError(path, TIME, f"expected seconds of each frame, found shape {times.shape}")
    if fps is not None and not 0 < fps < np.inf:
        raise SourceError(path, "fps", f"expected frames per second > 0, found {fps}")
    if fps is not None:
        return fps
    if times is None:
        columns = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        expected = "expected seconds of each frame under this name, or frames per second (--fps)"
        raise SourceError(path, TIME, f"{expected}, found neither among {columns}")
    falls = np.flatnonzero(np.diff(times) <= 0)
    if falls.size:
        row = int(falls[0]) + 1
        expected = f"expected seconds that rise, found {times[row]:g} after {times[row - 1]:g}"
        raise SourceError(path, TIME, f"{expected} in frame {row} (row {row + 2} of a table)")
    with reading(path, TIME, "seconds that rise over two frames or more"):
        return frames_per_second(times)
