"""The largest recording and file that are read: far above real ones, far below a computer's memory.

The largest recording at hand has 3,311 frames of 135 neurons, in a file of 14 MB.
"""

from __future__ import annotations

MAX_FRAMES = 1_000_000
"""Frames of a recording, as it is read or resampled."""

MAX_NEURONS = 10_000
"""Traces of a recording, identified or not."""

MAX_VALUES = 20_000_000
"""Frames times neurons of a recording: 160 MB."""

MAX_SECONDS = 1e6
"""Duration of a recording: eleven days."""

MAX_FPS = 1_000.0
"""Frames per second; the fewest are one in `MAX_SECONDS`."""

MAX_STATES = 1_000
"""Different behavioural states of a recording."""

MIN_FRAMES = 8
"""Frames of a recording that is decoded: one window."""

MAX_TEXT_BYTES = 1 << 26
"""Size of a CSV or JSON file: 64 MiB, which take some twenty times as much once they are parsed."""

MAX_DIRECTORY_BYTES = 1 << 20
"""Size of the list of members of a NumPy archive."""

MAX_FILE_VALUES = 60_000_000
"""Numbers that are read from one HDF5 file, of all its worms."""

MAX_REFERENCES = 50_000
"""References and fields that are followed in one HDF5 file; 21 worms of 135 names need 12,000."""

MAX_FIELDS = 1_000
"""Fields of one MATLAB struct."""

MAX_CHARACTERS = 10_000
"""Characters of one text of a MATLAB file."""

MAX_DEPTH = 6
"""Cells within cells of a MATLAB file."""

MAX_MESSAGE = 2_000
"""Characters of an error's message."""
