"""The base image's scenario: our Dockerfile with caches of nobody, and pip with the same locks."""

import pytest

from bench.scenarios.gradio_base import by_pip, fresh
from controller.baseimage.ensure import base_files
from controller.baseimage.options import NO_CA_BUNDLE, BaseImageOptions
from controller.baseimage.progress import ConsoleProgress
from controller.engine.connect import EngineClient


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The real context; the engine is not asked for anything where no trust is looked up."""
    unused = EngineClient(base_url="unix:///nowhere", version="1.41")
    with unused:
        return base_files(BaseImageOptions(ca_bundle=NO_CA_BUNDLE), unused, ConsoleProgress())


def test_no_download_cache_is_shared_with_the_usual_build(files: dict[str, bytes]) -> None:
    usual = files["Dockerfile"]
    assert b"id=playground-uv" in usual
    assert b"id=playground-uv" not in fresh(usual)
    assert fresh(usual) != fresh(usual)


def test_pip_installs_the_same_locks_but_for_itself(files: dict[str, bytes]) -> None:
    ours = files["install/requirements.lock"].decode()
    theirs = by_pip(files)["install/requirements.lock"].decode()
    pinned = [line.split("==")[0] for line in ours.splitlines() if "==" in line]
    assert [line.split("==")[0] for line in theirs.splitlines() if "==" in line] == [p for p in pinned if p != "pip"]
    assert "pip" in pinned
