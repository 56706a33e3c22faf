"""Writes what is made from the code: docs/openapi.json, the schemas, and the routes in docs/resource-api.md.

A test holds the files to the code; run this after a change of either.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from api.http.v1.table import ALL, DESCRIPTION
from api.resources.kinds import EventManifest, PluginReleaseManifest
from api.resources.manifest import PlaygroundManifest

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- routes -->", "<!-- end of routes -->"
KINDS: dict[str, type[BaseModel]] = {
    "playground": PlaygroundManifest,
    "event": EventManifest,
    "pluginrelease": PluginReleaseManifest,
}
APPLIED = {"playground"}
"""Kinds that people write: the SDK checks them offline, by a copy of its own."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generated(docs: Path) -> dict[Path, str]:
    """Every generated file, by its path from the project's root. `docs` is the page with the routes as it is."""
    files = {Path("docs/openapi.json"): text_of(DESCRIPTION)}
    for name, model in KINDS.items():
        schema = {"$schema": DIALECT, **model.model_json_schema(by_alias=True)}
        files[Path(f"manifests/schemas/{name}.json")] = text_of(schema)
        if name in APPLIED:
            files[Path(f"sdk/playground_sdk/schemas/{name}.json")] = text_of(schema)
    page = docs.read_text()
    files[Path("docs/resource-api.md")] = re.sub(
        rf"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{routes()}\n{END}", page, flags=re.DOTALL
    )
    return files


def text_of(value: dict[str, Any]) -> str:
    """JSON as it lies in the repository."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def routes() -> str:
    """The table of routes."""
    lines = ["| route | what it does | parameters | answers |", "|---|---|---|---|"]
    for operation in ALL:
        names = ", ".join(f"`{each.name}`" for each in operation.parameters if each.where != "path")
        statuses = ", ".join(str(answer.status) for answer in sorted(operation.answers, key=lambda each: each.status))
        lines.append(f"| `{operation.method} {operation.path}` | {operation.summary} | {names} | {statuses} |")
    return "\n".join(lines)


def main() -> int:
    """Write the files."""
    for path, text in generated(ROOT / "docs/resource-api.md").items():
        (ROOT / path).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
