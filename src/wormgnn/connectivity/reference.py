"""Reference tables of the comparison: `python -m wormgnn.connectivity.reference`.

Takes the trained GNNs of Table 1 from the store (and trains what is not there), and writes
`connectivity`, `edge_reliability`, `edge_pairs` and `connectivity_matrices` of a dataset into
results/.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import numpy as np
import pandas as pd

from wormgnn import reference
from wormgnn.connectivity import matrices
from wormgnn.connectivity.comparison import PERMUTATIONS, compare
from wormgnn.connectivity.edges import Inferred, aligned, inferred
from wormgnn.connectivity.reliability import histogram, reliability
from wormgnn.datasets.registry import load
from wormgnn.profiles import profile_named
from wormgnn.protocol import code_of
from wormgnn.recording import Recording
from wormgnn.store import Store


def averages(found: Inferred, recordings: Sequence[Recording]) -> pd.DataFrame:
    """Edges and correlations averaged over worms, one row for each pair of neurons.

    Columns receiver, sender, average (of all networks as they are), aligned (average of
    networks with aligned signs), sd (of aligned networks and worms), correlation (of
    traces), derivative (correlation of derivatives).
    """
    networks = aligned(found.networks)
    own = {m.name: m.weights.mean(axis=0) for m in matrices.correlations(recordings, found.neurons)}
    receiver, sender = np.meshgrid(found.neurons, found.neurons, indexing="ij")
    columns = {
        "receiver": receiver,
        "sender": sender,
        "average": found.networks.mean(axis=(0, 1)),
        "aligned": networks.mean(axis=(0, 1)),
        "sd": networks.std(axis=(0, 1)),
        "correlation": own["Correlation, of traces"],
        "derivative": own["Correlation, of derivatives"],
    }
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def matrix(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """One column of `averages` as a matrix: receivers are rows, senders columns."""
    order = table["receiver"].unique()
    return table.pivot(index="receiver", columns="sender", values=column).loc[order, order]


@click.command()
@click.option("--dataset", default="kato", show_default=True)
@click.option("--profile", default="paper", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--permutations", default=PERMUTATIONS, show_default=True, help="also rewirings")
def main(dataset: str, profile: str, seed: int, permutations: int) -> None:
    """Compute the four tables and write them into results/."""
    recordings, scale = load(dataset), profile_named(profile)
    found = inferred(recordings, scale, Store(), seed)
    tables = {
        "connectivity": compare(found, recordings, permutations, permutations, seed),
        "edge_reliability": reliability(found, seed),
        "edge_pairs": histogram(found),
        "connectivity_matrices": averages(found, recordings),
    }
    command = " ".join(["python -m wormgnn.connectivity.reference", *sys.argv[1:]])
    code = (*code_of(["gnn"]), "wormgnn.neuron_sets", "wormgnn.connectivity.*")
    about = reference.about(
        command, dataset, recordings, seed, code, scale, networks=len(found.networks)
    )
    for name, table in tables.items():
        click.echo(reference.write(f"{name}.{dataset}", table, about))


if __name__ == "__main__":
    main()
