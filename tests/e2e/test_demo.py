"""`make demo ONCE=1`, without the set-up: a prediction is shown, and nothing is left."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.engine import containers_of, networks_of
from tests.e2e.eventually import eventually
from tests.e2e.plugins import ROOT
from tests.e2e.server import clean_environment, free_range

pytestmark = [pytest.mark.engine, pytest.mark.gradio]


def test_the_demo_predicts_and_leaves_nothing(tmp_path: Path) -> None:
    ports = free_range(10)
    environment = clean_environment(
        tmp_path / "home", ONCE="1", PLAYGROUND_PORT_RANGE=f"{ports[0]}-{ports[-1]}", COLUMNS="200"
    )
    temporary = Path(environment["TMPDIR"])
    demo = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "demo.py")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        (named,) = eventually(lambda: list(temporary.glob("*/controller-id")), 30, "the demo's controller")
        controller_id = named.read_text().strip()
        output, _ = demo.communicate(timeout=120)
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == 0, output
    assert "greet('world') → 'Hello, world!'" in output
    assert f"http://127.0.0.1:{ports[0]}" in output
    for stage in ("uploading", "starting", "completed", "Serving"):
        assert stage in output
    assert output.splitlines()[-1] == "Nothing is left but the images."
    assert containers_of(controller_id) == []
    assert networks_of(controller_id) == []
    assert [path.name for path in temporary.iterdir() if path.name.startswith("playground")] == []
