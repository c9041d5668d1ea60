"""Messages that name what may be chosen."""

import pytest

from wormgnn.errors import ChoiceError


@pytest.mark.parametrize(
    ("choices", "listed"),
    [
        (["SVM", "MLP"], "SVM, MLP"),
        ([7, 4, 2], "7, 4, 2"),
        (["1 to 10"], "1 to 10"),
        (["MLP", "MLP, no norm"], "'MLP', 'MLP, no norm'"),
    ],
)
def test_choices_are_quoted_where_a_comma_would_split_one(choices, listed):
    assert str(ChoiceError("model", "x", choices)) == f"unknown model 'x': choose one of {listed}"
