"""What datasets there are: where they come from, where they lie, who reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wormgnn.errors import DatasetUnavailableError
from wormgnn.recording import Recording
from wormgnn.sources import download, kato, nichols, simulated, wormwideweb

Reader = Callable[[Path], list[Recording]]


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset.

    Parameters
    ----------
    path
        Where it lies in the data folder; it is also looked for at the folder's top.
    node
        OSF project that publishes it.
    file_id
        Its id on OSF, or None: then OSF is asked for it by name when it is fetched.
    sha256
        The published checksum, or None where we know none.
    copies
        Checksums of other files that are known to hold the same recordings.
    size
        Bytes as published, about.
    """

    path: str
    node: str
    file_id: str | None = None
    sha256: str | None = None
    copies: tuple[str, ...] = ()
    size: int = 0

    def locate(self, folder: Path) -> Path | None:
        """The file in a data folder, or None."""
        candidates = (folder / self.path, folder / Path(self.path).name)
        return next((path for path in candidates if path.is_file()), None)

    def url(self) -> str:
        """Where to download it; asks OSF if its id is not known."""
        if self.file_id is None:
            return download.osf_url(self.node, Path(self.path).name)
        return f"{download.OSF_DOWNLOAD}/{self.file_id}/"


@dataclass(frozen=True)
class Dataset:
    """A dataset by name: its files, or patterns of files that users add, and its reader."""

    name: str
    reader: Reader
    citation: str
    home: str
    files: tuple[DataFile, ...] = ()
    patterns: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()

    def locate(self, folder: Path) -> list[Path]:
        """All of its files; DatasetUnavailableError naming those that are missing."""
        found = [file.locate(folder) for file in self.files]
        present = [path for path in found if path is not None]
        # A recording that two folders hold is taken from the first.
        by_name = {path.name: path for p in reversed(self.patterns) for path in folder.glob(p)}
        present += [by_name[name] for name in sorted(by_name)]
        missing = [file.path for file, path in zip(self.files, found, strict=True) if path is None]
        if missing or not present:
            raise DatasetUnavailableError(_how_to_get(self, folder, missing))
        return present


def _how_to_get(dataset: Dataset, folder: Path, missing: Sequence[str]) -> str:
    if dataset.patterns:
        what = f"put its JSON files into {folder / 'wormwideweb'}"
        return f"dataset {dataset.name!r} is not in {folder}: {what} (from {dataset.home})"
    return (
        f"dataset {dataset.name!r}: {', '.join(missing)} not in {folder}: run `make data` "
        f"(wormgnn data fetch {dataset.name}), or put the file there from {dataset.home}, "
        "or set WORMGNN_DATA to the folder that has it"
    )


DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset("simulated", lambda _: simulated.simulate(), "simulated by wormgnn", ""),
        Dataset(
            "kato",
            kato.read,
            "Kato et al. 2015, Cell 163:656-669",
            "https://osf.io/2395t",
            files=(
                DataFile(
                    "kato2015/WT_NoStim.mat",
                    "2395t",
                    sha256="7531811c1718e26a0455f59cb2f8188cf25809278cfea85770dfe03315a0098a",
                    # The five worms reassembled from public per-worm copies.
                    copies=("5e87d008fbcf9fb6ac8bad726496cafb1368e8e6a40a5fa5e5e8dae99beb7129",),
                    size=56_000_000,
                ),
            ),
        ),
        Dataset(
            "nichols",
            nichols.read,
            "Nichols et al. 2017, Science 356:eaam6851",
            "https://osf.io/kbf38",
            files=(
                DataFile("nichols2017/n2_prelet.mat", "kbf38", "5d24867945253a001939ac2c"),
                DataFile("nichols2017/npr1_prelet.mat", "kbf38", "5d24866f1c5b4a001b9bde6e"),
            ),
        ),
        Dataset(
            "wormwideweb",
            wormwideweb.read,
            "Dag et al. 2023, Cell 186:2574-2592; other animals as their files say",
            "https://wormwideweb.org",
            patterns=("dag2023/*.json", "wormwideweb/*.json"),
            digests=(
                "ff51c653d5ec65c3f3b750f3e4d465c5a8672b9f10b9f456d590180a74d75bd4",
                "3c188efb4311f4a8ba850222f6afaa839854d7f9779059a30a887c6d2437bdc0",
                "516718187f5a6cf489d0d745020720c4e45f6cee7694f243b58310dfea6060a9",
                "d00e3ddda181fdd5783e6d81b5a2f0c9a6698ac36935401a1ce8e608675bcfbf",
            ),
        ),
    )
}
