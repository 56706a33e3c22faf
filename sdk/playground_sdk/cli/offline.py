"""The verbs that need no server: validate, explain."""

from typing import Annotated, Any

import typer

from playground_sdk.cli.failures import FAILED, UsageFailure
from playground_sdk.cli.manifest_files import FILES, RECURSIVE, checked_documents
from playground_sdk.cli.output import Output
from playground_sdk.cli.session import options_of
from playground_sdk.manifests.check import API_VERSION, KINDS, schema_of
from playground_sdk.manifests.documents import ManifestError, dotted
from playground_sdk.schema import Node, Schema, closest

__all__ = ["explain", "validate"]


def validate(
    ctx: typer.Context,
    filename: Annotated[list[str], FILES],
    *,
    recursive: Annotated[bool, RECURSIVE] = False,
) -> None:
    """Check manifests without a server; exit code 1 when something is wrong.

    Every problem is told with its file, document, line and path. What only the server can know (which releases,
    images and ports there are) is not looked at: apply --dry-run=server does.
    """
    out = Output(quiet=options_of(ctx).quiet)
    try:
        documents = checked_documents(filename, recursive=recursive)
    except ManifestError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(FAILED) from exc
    for document in documents:
        if not out.quiet:
            out.line(f"playground/{document.name} valid")


def explain(
    ctx: typer.Context,
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help="A field's path, such as spec.resources; a kind for all of it.")
    ] = "Playground",
    *,
    recursive: Annotated[bool, typer.Option("--recursive", "-R", help="Show the fields below as well.")] = False,
) -> None:
    """Say what a field of a manifest means, of which type it is, and what is in it."""
    out = Output(quiet=options_of(ctx).quiet)
    kind, steps = _asked(field)
    schema = schema_of(kind)
    node = _found(schema, kind, steps)
    out.facts([("Kind", f"{kind} ({API_VERSION})"), ("Field", f"{dotted(steps) or '(all)'} <{_type(schema, node)}>")])
    for fact in _facts(schema, node):
        out.line(fact)
    if below := schema.object_of(_item(schema, node)):
        out.line("\nFields:")
        _show_fields(out, schema, below, 1 if not recursive else 8, "  ")


def _asked(field: str) -> tuple[str, list[str]]:
    """(kind, steps) of a path; a kind may stand in front, in any case, and may be plural."""
    first, *steps = [step.partition("[")[0] for step in field.strip(".").split(".")]
    named = {name.lower(): name for name in KINDS}
    kind = named.get(first.lower()) or named.get(first.lower().removesuffix("s"))
    return (kind, steps) if kind else (next(iter(KINDS)), [first, *steps])


def _found(schema: Schema, kind: str, steps: list[str]) -> Node:
    """The schema of a field.

    Raises:
        UsageFailure: there is no such field.
    """
    node: Node = schema.root
    for index, step in enumerate(steps):
        holder = schema.object_of(_item(schema, node))
        fields: dict[str, Any] = dict(holder["properties"]) if holder else {}
        if step not in fields:
            before = ".".join(steps[:index]) or kind
            meant = closest(step, fields)
            hint = f"did you mean {'.'.join([*steps[:index], meant])}?" if meant else f"there is {', '.join(fields)}."
            raise UsageFailure(f"{before} has no field {step}; {hint if fields else 'it has no fields.'}")
        node = schema.resolve(fields[step])
    return node


def _item(schema: Schema, node: Node) -> Node:
    """What a list is made of; anything else is itself."""
    for branch in schema.branches(node):
        if branch.get("type") == "array":
            return schema.resolve(branch.get("items") or {})
    return node


def _type(schema: Schema, node: Node) -> str:
    """A field's type in a word or two."""
    words = []
    for branch in schema.branches(node):
        if branch.get("type") == "array":
            words.append(f"list of {_type(schema, branch.get('items') or {})}")
        elif "enum" in branch:
            words.append("|".join(map(str, branch["enum"])))
        elif "const" in branch:
            words.append(str(branch["const"]))
        elif branch.get("type") != "null":
            found = branch.get("type", "any")
            words.append(found if isinstance(found, str) else "|".join(found))
    return " or ".join(dict.fromkeys(words)) or "any"


def _facts(schema: Schema, node: Node) -> list[str]:
    """Description, default and examples, as far as there are some."""
    told = []
    if description := node.get("description"):
        told.append("\n" + " ".join(str(description).split()))
    if node.get("default") is not None:
        told.append(f"\nDefault: {node['default']}")
    examples = [str(example) for branch in schema.branches(node) for example in branch.get("examples") or ()]
    return [*told, f"Examples: {', '.join(examples)}"] if examples else told


def _show_fields(out: Output, schema: Schema, node: Node, depth: int, indent: str) -> None:
    """Each field of an object with its type and its first sentence; the fields below as deep as asked for."""
    required = frozenset(node.get("required") or ())
    for name, raw in node["properties"].items():
        field = schema.resolve(raw)
        mark = " (required)" if name in required else ""
        said = " ".join(str(field.get("description", "")).split())
        out.line(f"{indent}{name} <{_type(schema, field)}>{mark}" + (f"\n{indent}    {said}" if said else ""))
        below = schema.object_of(_item(schema, field))
        if depth > 1 and below is not None:
            _show_fields(out, schema, below, depth - 1, indent + "  ")
