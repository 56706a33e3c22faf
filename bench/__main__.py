"""`python -m bench [--only NAME …]`: run scenarios, show and keep what they found. Exit code 1 when a claim fell.

Scenarios that need a Docker Engine of their own are run by this same program in a network namespace (`--inside`).
"""

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, plots, report, result
from bench.peers.install import install_all
from bench.scenario import Bench, Scenario
from bench.scenarios import SCENARIOS
from tests.images.build import HTTP_IMAGE, ensure_http_image
from tests.testbed.engine import OwnEngine
from tests.testbed.namespace import again_inside, network_namespace

NAMESPACE = "playground-bench"
USUAL_OUTPUT, RESULTS, TOOLS = Path(".bench"), "results.json", "tools"


def main() -> int:
    """Run what was asked for. 0: all claims held; 1: one fell, or a scenario broke."""
    options = _options()
    chosen = [SCENARIOS[name] for name in options.only or SCENARIOS]
    fine = True
    if options.inside:
        fine = run([each for each in chosen if each.needs_engine], options)
        return 0 if fine else 1
    ensure_http_image()
    names = {each.name for each in chosen}
    result.forget(options.out / RESULTS, names)
    beside = [each for each in chosen if not each.needs_engine]
    if len(beside) < len(chosen):
        install_all(options.out.resolve() / TOOLS, print)  # there is no way to a registry from the namespace
        with network_namespace(NAMESPACE):
            fine = again_inside(NAMESPACE, "bench", ["--inside", *sys.argv[1:]]) == 0
    fine = run(beside, options) and fine
    found = [each for each in result.load(options.out / RESULTS) if each.scenario in names]
    print(report.claims(found))
    return 0 if fine else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=sorted(SCENARIOS), metavar="NAME", help=", ".join(SCENARIOS))
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual rounds (0.1: does it work?)")
    parser.add_argument("--out", type=Path, default=USUAL_OUTPUT, help="where results.json and plots/ are kept")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def run(scenarios: list[Scenario], options: argparse.Namespace) -> bool:
    """Run scenarios one after the other; whether all went well and every claim held."""
    if not scenarios:
        return True
    fine = True
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="playground-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        tools = options.out.resolve() / TOOLS
        tools.mkdir(parents=True, exist_ok=True)
        engine = None
        if options.inside:
            engine = stack.enter_context(OwnEngine(folder / "engine", NAMESPACE, [HTTP_IMAGE]))
        bench = Bench(folder, tools, lambda text: print(f"  {text}", flush=True), options.scale, engine)
        for scenario in scenarios:
            fine = _run_one(scenario, bench, options.out) and fine
    return fine


def _run_one(scenario: Scenario, bench: Bench, out: Path) -> bool:
    print(f"{scenario.name}: {scenario.title}", flush=True)
    where, at, began = machine.look(), datetime.now(UTC), time.monotonic()
    try:
        findings = scenario.run(bench)
    except Exception as error:  # the others shall run all the same
        print(f"  BROKE: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return False
    found = result.Result(
        scenario=scenario.name,
        title=scenario.title,
        at=at.strftime("%Y-%m-%d %H:%M UTC"),
        took=time.monotonic() - began,
        scale=bench.scale,
        machine=where,
        findings=findings,
    )
    print(report.tables(found), flush=True)
    result.save(out / RESULTS, [found])
    plots.draw(found, out / "plots")
    return all(claim.held for claim in findings.claims)


if __name__ == "__main__":
    sys.exit(main())
