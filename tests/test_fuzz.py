"""A few hundred damaged files; `make fuzz N=10000` reads more, real ones too."""

from fuzz import BYTES, SECONDS, run


def test_damaged_files_give_recordings_or_typed_errors(monkeypatch):
    monkeypatch.delenv("WORMGNN_DATA", raising=False)
    report = run(300, first=1100)
    assert report["cases"] == 300 and not report["bad"], report["bad"]
    assert {"recording", "SourceError", "RecordingError", "stored"} <= set(report["outcomes"])
    assert report["slowest_s"] < SECONDS and report["peak_bytes"] < BYTES
