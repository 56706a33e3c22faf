"""`python -m bench.publish`: put the newest results and plots of `.bench` into the docs, which show nothing else."""

import argparse
import subprocess
import sys
from pathlib import Path

from bench import plots, result
from bench.__main__ import RESULTS, USUAL_OUTPUT

DOCS = Path(__file__).resolve().parent.parent / "docs" / "performance"


def main() -> int:
    """Copy, draw, and write the generated parts of the docs anew."""
    parser = argparse.ArgumentParser(prog="python -m bench.publish", description=__doc__)
    parser.add_argument("--out", type=Path, default=USUAL_OUTPUT, help="where `python -m bench` has kept them")
    found = result.load(parser.parse_args().out / RESULTS)
    whole = [each for each in found if each.scale == 1]
    if left_out := [each.scenario for each in found if each.scale != 1]:
        print(f"Left out, as only a part of the rounds was run: {', '.join(left_out)}", file=sys.stderr)
    if not whole:
        print("There is no result of a whole run: run `make bench` first.", file=sys.stderr)
        return 1
    result.save(DOCS / RESULTS, whole)
    for each in result.load(DOCS / RESULTS):
        plots.draw(each, DOCS)
    return subprocess.run([sys.executable, "-m", "tests.docs.generate"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
