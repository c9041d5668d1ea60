"""A few hundred damaged files; `make fuzz N=10000` reads more, real ones too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from fuzz import BYTES, SECONDS

FUZZ = Path(__file__).with_name("fuzz.py")


def test_damaged_files_give_recordings_or_typed_errors() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "WORMGNN_DATA"}
    found = subprocess.run(
        [sys.executable, str(FUZZ), "300", "1100"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    report = json.loads(found.stdout)
    assert report["cases"] == 300
    assert {"recording", "SourceError", "RecordingError", "stored"} <= set(report["outcomes"])
    assert report["slowest_s"] < SECONDS and report["peak_bytes"] < BYTES
