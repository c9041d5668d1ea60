"""A model of one's own, registered under a name and compared with the MLP.

    python examples/my_model.py

Copy it, change the class, and raise `version` whenever a change is meant to change results: what a
run has computed is kept, and found by the model's name, options and version, not by its code.
"""

from torch import Tensor

from wormgnn import Experiment, Line, Plan, compare, run
from wormgnn.models import Model, register
from wormgnn.models.layers import Linear
from wormgnn.models.networks import Network


class Products(Network):
    """Scores from neurons, and from products of what neurons do: `A x + C (U x * V x)`.

    An ensemble: all members are computed at once, each with weights of its own.
    """

    def __init__(
        self, members: int, neurons: int, outputs: int, features: int = 2, hidden: int = 8
    ) -> None:
        super().__init__()
        self.direct = Linear(members, features * neurons, outputs)
        self.left = Linear(members, features * neurons, hidden)
        self.right = Linear(members, features * neurons, hidden)
        self.products = Linear(members, hidden, outputs)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """`(features, neurons, frames)`, the same for all, to `(members, outputs, frames)`."""
        x = x.flatten(-3, -2)
        scores: Tensor = self.direct(x) + self.products(self.left(x) * self.right(x))
        return scores


register("products", Model(Products, states={}, version=1))

LINES = (
    Line("Products", Plan("products", sizes=(1,))),
    Line("MLP", Plan("mlp", options={"norm": "none"}, sizes=(1,))),
)

if __name__ == "__main__":
    table = run(Experiment("mine", "Do products help?", LINES), "simulated", "smoke")
    print(compare(table.rows, {"model": "Products"}, {"model": "MLP"}, by=["seen"]))
