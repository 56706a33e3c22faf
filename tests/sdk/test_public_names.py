"""The public surface: what ``__all__`` says is what there is."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import playground_sdk

MODULES = sorted(found.name for found in pkgutil.walk_packages(playground_sdk.__path__, "playground_sdk."))


@pytest.mark.parametrize("name", MODULES)
def test_all_names_exactly_what_a_module_defines_in_public(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert module.__doc__
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    }
    exported = set(module.__all__)
    assert list(module.__all__) == sorted(module.__all__, key=lambda key: (not key.isupper(), key[0].islower(), key))
    assert defined <= exported
    assert all(hasattr(module, key) for key in exported)


def test_the_package_hands_out_every_public_class_of_its_library() -> None:
    for name in playground_sdk.__all__:
        assert getattr(playground_sdk, name).__name__ == name
    assert set(playground_sdk.__all__) <= set(dir(playground_sdk))
    with pytest.raises(AttributeError, match="Nothing"):
        _ = playground_sdk.Nothing


def test_importing_the_package_loads_neither_requests_nor_the_command_line() -> None:
    code = (
        "import sys, playground_sdk; "
        "print(sorted(set(sys.modules) & {'requests', 'rich', 'typer', 'playground_sdk.client'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_library_works_without_the_extra() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['typer', 'rich', 'yaml'])); "
        "from playground_sdk import AgentClient, Change, PluginRelease, Progress; "
        "import playground_sdk.content, playground_sdk.schema; print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "fine"
