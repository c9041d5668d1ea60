"""The names that `import wormgnn` gives."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wormgnn
from wormgnn import errors

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
    found = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        for alias in statement.names:
            found[alias.asname or alias.name] = (statement.module, alias.name)
    assert set(found) == set(wormgnn.__all__) == set(wormgnn._HOMES)
    for name, (module, own) in found.items():
        assert getattr(importlib.import_module(str(module)), own) is getattr(wormgnn, name)


def test_there_are_few_names_and_none_is_a_module():
    assert len(wormgnn.__all__) <= 45
    modules = {path.stem for path in Path(wormgnn.__file__).parent.iterdir()}
    assert not modules & set(wormgnn.__all__)
    assert issubclass(wormgnn.CompareError, errors.WormgnnError)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        wormgnn.nothing  # noqa: B018


def test_importing_the_package_imports_nothing_slow():
    code = (
        "import sys, wormgnn; print([m for m in sys.modules if m in ('torch', 'pandas', 'numpy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
