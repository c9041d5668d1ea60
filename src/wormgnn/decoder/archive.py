"""A trained decoder as an `.npz` of plain arrays, with a manifest in JSON; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wormgnn.errors import SourceError, reading
from wormgnn.files import check_regular, write_atomically
from wormgnn.linear import Laboratory, Linear

_FORMAT = 2


@dataclass(frozen=True)
class Trained:
    """What is kept of a trained decoder: parameters and attributes of `BehaviourDecoder`."""

    parameters: dict[str, Any]
    general: Linear
    laboratories: dict[str, Laboratory]
    left_out: pd.DataFrame
    version: str

    @property
    def linears(self) -> dict[str, Linear]:
        """Every decoder by the name that it has in a file."""
        every = enumerate(self.laboratories.values())
        local = {f"local{n}": lab.local for n, lab in every if lab.local is not None}
        return {"general": self.general, **local}

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was trained, by name; coefficients in single precision."""
        every = enumerate(self.laboratories.values())
        arrays: dict[str, NDArray[Any]] = {f"correlations{n}": lab.correlations for n, lab in every}
        for key, linear in self.linears.items():
            arrays[f"{key}_coef"] = linear.coef.astype(np.float32)
            arrays[f"{key}_intercept"] = linear.intercept
        return arrays


def write(path: Path, trained: Trained) -> None:
    """Write a trained decoder, whole or not at all."""
    arrays = trained.arrays
    manifest = {
        "format": _FORMAT,
        "wormgnn": trained.version,
        "parameters": trained.parameters,
        "laboratories": [
            {
                "name": name,
                "local": lab.local is not None,
                "worms": lab.worms,
                "digests": lab.digests,
                "neurons": lab.neurons,
            }
            for name, lab in trained.laboratories.items()
        ],
        "linear": {
            key: {"neurons": v.neurons, "seconds": v.seconds, "temperature": v.temperature}
            for key, v in trained.linears.items()
        },
        "left_out": trained.left_out.to_dict(orient="list"),
        "sha256": digest(arrays),
    }
    arrays["manifest"] = np.array(json.dumps(manifest))

    def write_file(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **cast("dict[str, Any]", arrays))

    write_atomically(path, write_file)


def read(path: Path | str) -> Trained:
    """A trained decoder from a file; SourceError for a file that is none, or is damaged."""
    check_regular(Path(path))
    if not zipfile.is_zipfile(path):
        expected = "expected a decoder written by `wormgnn train`, found no NumPy archive"
        raise SourceError(path, "", expected)
    with (
        reading(path, "", "a decoder written by `wormgnn train`"),
        np.load(path, allow_pickle=False) as archive,
    ):
        arrays = {name: np.asarray(archive[name]) for name in archive.files}
        manifest = json.loads(str(arrays.pop("manifest")))
        if manifest["format"] != _FORMAT or manifest["sha256"] != digest(arrays):
            raise SourceError(path, "manifest", "expected the checksum of the arrays inside")
        linears = {
            key: Linear(
                tuple(about["neurons"]),
                tuple(about["seconds"]),
                arrays[f"{key}_coef"].astype(np.float64),
                arrays[f"{key}_intercept"],
                about["temperature"],
            )
            for key, about in manifest["linear"].items()
        }
        laboratories = {
            about["name"]: Laboratory(
                tuple(about["worms"]),
                tuple(about["digests"]),
                tuple(about["neurons"]),
                correlations=arrays[f"correlations{number}"],
                local=linears.get(f"local{number}"),
            )
            for number, about in enumerate(manifest["laboratories"])
        }
        parameters = manifest["parameters"]
        parameters = {**parameters, "bands_s": tuple(parameters["bands_s"])}
        left_out = pd.DataFrame(manifest["left_out"])
        version = str(manifest["wormgnn"])
        return Trained(parameters, linears["general"], laboratories, left_out, version)


def digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of arrays with their names, types and shapes."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        sha.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        sha.update(np.ascontiguousarray(arrays[name]).tobytes())
    return sha.hexdigest()
