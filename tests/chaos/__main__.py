"""`python -m tests.chaos [--only NAME …]`: run the scenarios and print their figures as a table and as JSON."""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.scenarios import SCENARIOS, Chaos
from tests.images.build import HTTP_IMAGE, ensure_http_image
from tests.testbed.engine import OwnEngine
from tests.testbed.namespace import again_inside, network_namespace

NAMESPACE = "playground-chaos"


def main() -> int:
    """Exit code 0 when every scenario ended with nothing wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--only", nargs="*", choices=sorted(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--kills", type=int, default=500, help="of the controller")
    parser.add_argument("--engine-kills", type=int, default=20)
    parser.add_argument("--hang", type=float, default=90.0, help="seconds")
    parser.add_argument("--playgrounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        ensure_http_image()
        with network_namespace(NAMESPACE):
            return again_inside(NAMESPACE, "tests.chaos", ["--inside", *sys.argv[1:]])
    results: dict[str, dict[str, object]] = {}
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="playground-chaos-"))
        if options.keep:
            print(f"Everything is in {folder}")
        else:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        with OwnEngine(folder, NAMESPACE, [HTTP_IMAGE]) as engine:
            for scenario in options.only:
                dice = random.Random(options.seed)
                chaos = Chaos(
                    engine, folder, dice, options.kills, options.engine_kills, options.hang, options.playgrounds
                )
                results[scenario] = run(scenario, chaos)
    print(json.dumps(results, indent=1))
    return 0 if all(result["passed"] for result in results.values()) else 1


def run(name: str, chaos: Chaos) -> dict[str, object]:
    """Run one scenario and print its figures."""
    began = time.monotonic()
    print(f"{name}: {(SCENARIOS[name].__doc__ or '').strip()}", flush=True)
    try:
        figures: dict[str, object] = SCENARIOS[name](chaos) | {"passed": True}
    except Exception as error:  # the next scenario shall run all the same
        figures = {"passed": False, "why": f"{type(error).__name__}: {error}"}
    figures["took_s"] = round(time.monotonic() - began)
    print("  " + ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
