"""Draw docs/table1.png, the picture of the README, from the reference results."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt

from wormgnn import plots, results


def main() -> None:
    """Accuracy on the same worms and on unseen ones against the number of training worms."""
    found = results.read("table1.kato")
    if found is None:
        raise SystemExit("no reference results: wormgnn run table1 --reference")
    plots.use_style()
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
    for axes, seen in zip(panels, (True, False), strict=True):
        plots.accuracy_against(found.table, axes, seen=seen)
        axes.set_title("same worm, test fold" if seen else "unseen worms")
    plots.figure_legend(figure)
    figure.savefig(Path(__file__).with_name("table1.png"), dpi=110)


if __name__ == "__main__":
    main()
