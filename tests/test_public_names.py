"""The names that `import wormgnn` gives."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wormgnn

SOURCE = Path(wormgnn.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", wormgnn.__all__)
def test_every_name_resolves_and_is_documented(name):
    assert getattr(wormgnn, name) is not None
    assert re.search(rf"`{name}`", wormgnn.__doc__ or "")
    assert name in dir(wormgnn)


def test_type_checkers_see_the_same_names():
    (block,) = (
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen: dict[str, object] = {}
    for statement in block.body:
        exec(ast.unparse(statement), {"__package__": "wormgnn"}, seen)
    assert set(seen) == set(wormgnn.__all__)
    assert all(seen[name] is getattr(wormgnn, name) for name in seen)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        wormgnn.nothing  # noqa: B018


def test_importing_the_package_imports_nothing_slow():
    code = (
        "import sys, wormgnn; print([m for m in sys.modules if m in ('torch', 'pandas', 'numpy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
