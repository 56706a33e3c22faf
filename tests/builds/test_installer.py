"""The script inside the build: which wheels it takes and what it runs."""

from pathlib import Path

import pytest

from controller.builds.installer import VENV_PYTHON, chosen_wheels, command, is_hashed

TAGS = frozenset({("cp311", "cp311", "manylinux_2_17_x86_64"), ("py3", "none", "any")})
PLAN = {
    "manager": "pip", "options": ["--pre"], "requirements": "requirements.txt", "wheels_dir": "wheels",
    "wheels": ["wheels/a-1-py3-none-any.whl"], "index": ["--index-url", "https://i/"], "offline": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wheels", "chosen"),
    [
        ([], []),
        (["wheels/a-1.0-py3-none-any.whl"], ["wheels/a-1.0-py3-none-any.whl"]),
        (["wheels/a-1.0-py2.py3-none-any.whl"], ["wheels/a-1.0-py2.py3-none-any.whl"]),
        (["wheels/a-1.0-1build-py3-none-any.whl"], ["wheels/a-1.0-1build-py3-none-any.whl"]),
        (["wheels/a-1.0-cp310-cp310-manylinux_2_17_x86_64.whl"], []),
        (["wheels/a-1.0-cp311-cp311-win_amd64.whl"], []),
        (["wheels/a-1-py3-none-any.whl", "wheels/a-2-py3-none-any.whl"], []),
        (["wheels/A_b-1-py3-none-any.whl", "wheels/a.b-1-cp311-cp311-manylinux_2_17_x86_64.whl"],
         ["wheels/A_b-1-py3-none-any.whl"]),
        (["wheels/nonsense.whl", "wheels/b-1-py3-none-any.whl"], ["wheels/b-1-py3-none-any.whl"]),
    ],
)  # fmt: skip
def test_chosen_wheels(wheels: list[str], chosen: list[str]) -> None:
    assert chosen_wheels(wheels, TAGS) == chosen


def test_without_knowledge_of_tags_every_wheel_is_tried() -> None:
    wheels = ["wheels/a-1.0-cp310-cp310-win_amd64.whl"]
    assert chosen_wheels(wheels, None) == wheels


@pytest.mark.parametrize(
    ("options", "text", "hashed"),
    [([], "numpy\n", False), ([], "a==1 --hash=sha256:00\n", True), (["--require-hashes"], "", True)],
)
def test_hashes_leave_the_wheels_to_the_requirements(
    options: list[str], text: str, hashed: bool, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    assert is_hashed({**PLAN, "options": options}, tmp_path) is hashed
    assert not is_hashed({**PLAN, "options": [], "requirements": None}, tmp_path)


def test_pip() -> None:
    assert command(PLAN, ["wheels/a-1-py3-none-any.whl"], has_pip=True) == [
        VENV_PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", "--no-input",
        "--index-url", "https://i/", "--find-links", "wheels", "--pre", "--no-index",
        "--requirement", "requirements.txt", "./wheels/a-1-py3-none-any.whl",
    ]  # fmt: skip


@pytest.mark.parametrize(("manager", "has_pip"), [("uv", True), ("pip", False)])
def test_uv(manager: str, has_pip: bool) -> None:
    found = command({**PLAN, "manager": manager, "offline": False, "requirements": None}, [], has_pip=has_pip)
    assert found == [
        "uv", "pip", "install", "--python", VENV_PYTHON, "--compile-bytecode", "--index-url", "https://i/",
        "--find-links", "wheels", "--pre",
    ]  # fmt: skip
