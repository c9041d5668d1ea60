"""Draw docs/table1.png, the picture of the README, from the reference results."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt

from wormgnn import plots, reference


def main() -> None:
    """Accuracy on unseen worms against the number of training worms."""
    found = reference.read("table1.kato")
    if found is None:
        raise SystemExit("no reference results: wormgnn run table1 --dataset kato --reference")
    plots.use_style()
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    for ax, seen in zip(axes, (True, False), strict=True):
        plots.accuracy_by_training_worms(found.table, ax, seen=seen)
    fig.legend(
        *axes[1].get_legend_handles_labels(), fontsize="small", ncols=7, loc="outside lower center"
    )
    fig.savefig(Path(__file__).with_name("table1.png"), dpi=110)


if __name__ == "__main__":
    main()
