"""A trained decoder as an `.npz` of plain arrays, with a manifest in JSON; nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from wormgnn.errors import SourceError, reading
from wormgnn.files import check_regular, write_atomically
from wormgnn.linear import Laboratory, Linear

if TYPE_CHECKING:
    from wormgnn.decoder.behaviour import BehaviourDecoder

_FORMAT = 2


def write(path: Path, decoder: BehaviourDecoder) -> None:
    """Write a trained decoder, whole or not at all."""
    content = arrays(decoder)
    manifest = {
        "format": _FORMAT,
        "wormgnn": decoder.version_,
        "parameters": decoder.get_params(),
        "laboratories": [
            {"name": name, "worms": lab.worms, "digests": lab.digests, "neurons": lab.neurons}
            for name, lab in decoder.laboratories_.items()
        ],
        "linear": {
            key: {"neurons": v.neurons, "seconds": v.seconds, "temperature": v.temperature}
            for key, v in _linears(decoder).items()
        },
        "left_out": decoder.left_out_.to_dict(orient="list"),
        "sha256": digest(content),
    }
    content["manifest"] = np.array(json.dumps(manifest))

    def write_file(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **content)

    write_atomically(path, write_file)


def read(path: Path | str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and fitted attributes of the decoder in a file.

    SourceError for a file that is none, or is damaged.
    """
    check_regular(Path(path))
    if not zipfile.is_zipfile(path):
        expected = "expected a decoder written by `wormgnn train`, found no NumPy archive"
        raise SourceError(path, "", expected)
    with (
        reading(path, "", "a decoder written by `wormgnn train`"),
        np.load(path, allow_pickle=False) as archive,
    ):
        content = {name: np.asarray(archive[name]) for name in archive.files}
        manifest = json.loads(str(content.pop("manifest")))
        if manifest["format"] != _FORMAT or manifest["sha256"] != digest(content):
            raise SourceError(path, "manifest", "expected the checksum of the arrays inside")
        linears = {
            key: Linear(
                tuple(about["neurons"]),
                tuple(about["seconds"]),
                content[f"{key}_coef"].astype(np.float64),
                content[f"{key}_intercept"],
                about["temperature"],
            )
            for key, about in manifest["linear"].items()
        }
        laboratories = {
            about["name"]: Laboratory(
                tuple(about["worms"]),
                tuple(about["digests"]),
                tuple(about["neurons"]),
                content[f"correlations{number}"],
                linears.get(f"local{number}"),
            )
            for number, about in enumerate(manifest["laboratories"])
        }
        parameters = manifest["parameters"]
        return parameters | {"bands_s": tuple(parameters["bands_s"])}, {
            "general_": linears["general"],
            "laboratories_": laboratories,
            "left_out_": pd.DataFrame(manifest["left_out"]),
            "version_": str(manifest["wormgnn"]),
        }


def _linears(decoder: BehaviourDecoder) -> dict[str, Linear]:
    """The general and every local decoder, by the names that they have in a file."""
    every = enumerate(decoder.laboratories_.values())
    local = {f"local{number}": lab.local for number, lab in every if lab.local is not None}
    return {"general": decoder.general_, **local}


def arrays(decoder: BehaviourDecoder) -> dict[str, NDArray[Any]]:
    """All that was trained, by name; coefficients in single precision."""
    check_is_fitted(decoder)
    every = enumerate(decoder.laboratories_.values())
    content: dict[str, NDArray[Any]] = {f"correlations{n}": lab.correlations for n, lab in every}
    for key, linear in _linears(decoder).items():
        content[f"{key}_coef"] = linear.coef.astype(np.float32)
        content[f"{key}_intercept"] = linear.intercept
    return content


def digest(content: dict[str, NDArray[Any]]) -> str:
    """SHA-256 of arrays with their names, types and shapes."""
    sha = hashlib.sha256()
    for name in sorted(content):
        sha.update(f"{name} {content[name].dtype} {content[name].shape}".encode())
        sha.update(np.ascontiguousarray(content[name]).tobytes())
    return sha.hexdigest()
