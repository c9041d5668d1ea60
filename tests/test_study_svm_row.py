import matplotlib.pyplot as plt
import pandas as pd

from wormgnn import results
from wormgnn.paper import pages
from wormgnn.paper.studies import svm_row

PRINTED = pages.paper_reported()["table1_two_state_accuracy_percent"]["SVM"]


def test_means_are_over_members_and_worms_of_each_machine():
    rows = results.read("svm-row.kato").table
    table = svm_row.both_numbers(rows)
    one = rows[rows["line"] == "trace, whole, rbf, C 1, gamma 10"]
    found = table.query("seen_by == 'trace' and gamma == '10'").iloc[0]
    assert round(found["unseen"], 6) == round(100 * one.loc[~one["seen"], "accuracy"].mean(), 6)
    assert round(found["same"], 6) == round(100 * one.loc[one["seen"], "accuracy"].mean(), 6)
    assert len(table) == rows["line"].nunique()


def test_the_nearest_machine_is_the_nearest_to_both_numbers():
    far = dict(seen_by="both", scaling="whole", kernel="rbf", c=1, same_sd=1.0, unseen_sd=1.0)
    table = pd.DataFrame(
        [
            {**far, "gamma": "3", "same": 98.8, "unseen": 70.0},
            {**far, "gamma": "7", "same": 98.8, "unseen": 82.0},
            {**far, "gamma": "9", "same": 94.0, "unseen": 82.8},
        ]
    )
    assert svm_row.nearest(table, PRINTED, 2)["gamma"].tolist() == ["7", "3"]
    axes = svm_row.draw(table, PRINTED, plt.figure().subplots())
    assert axes.collections[-1].get_offsets().tolist() == [[98.8, 82.8]]
