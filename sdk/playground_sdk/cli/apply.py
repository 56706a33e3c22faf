"""The verb ``apply``: makes playgrounds what manifests say.

Everything is read and checked before anything is sent. Then one that the server refuses is reported, and the others go
on; the exit code is the first failure's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.manifest_files import FILES, RECURSIVE, checked_documents
from playground_sdk.cli.preview import Previews
from playground_sdk.cli.progress import ProgressView
from playground_sdk.cli.results import Results
from playground_sdk.cli.session import Session
from playground_sdk.cli.uploads import push_plugin
from playground_sdk.declarative import Applied
from playground_sdk.errors import ApiError, NotFoundError
from playground_sdk.manifests.check import archive_of, with_archive
from playground_sdk.manifests.documents import Document

__all__ = ["DryRun", "apply"]


class DryRun(StrEnum):
    """Who tells what would be done."""

    NONE = "none"
    CLIENT = "client"
    SERVER = "server"


def apply(
    ctx: typer.Context,
    filename: Annotated[list[str], FILES],
    *,
    recursive: Annotated[bool, RECURSIVE] = False,
    dry_run: Annotated[
        DryRun,
        typer.Option("--dry-run", metavar="client|server", help="Only tell: offline, or with the controller's plan."),
    ] = DryRun.NONE,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what the selector matches and the manifests no longer hold.")
    ] = False,
    selector: Annotated[
        str, typer.Option("--selector", "-l", metavar="LABELS", help="What --prune looks at: team=vision.")
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every one that shall run is ready.")] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long to wait, for all.")] = 300,
) -> None:
    """Make playgrounds what manifests say: create, change, or leave them as they are.

    Nothing is sent before all of it is valid. A folder or ZIP in spec.plugin.archive is packed and uploaded, unless
    the server has its content. Prints playground/NAME created, configured, unchanged or pruned.
    """
    if prune != bool(selector):
        raise UsageFailure("--prune needs a selector, and a selector is for --prune: --prune -l team=vision")
    documents = checked_documents(filename, recursive=recursive)
    if prune:
        _check_selected(documents, selector)
    session = Session.of(ctx)
    results = Results(session.out)
    if dry_run is DryRun.CLIENT:
        for document in documents:
            results.tell(document.name, "valid (client dry run)")
        return
    run = _Run(session, results, dry=dry_run is DryRun.SERVER)
    run.apply(documents)
    if prune:
        run.prune(documents, selector)
    if wait and not run.dry:
        results.await_ready(session, run.applied, timeout)
    results.finish()


@dataclass
class _Run:
    """One apply: what it works with, and what is to become ready (name to uid)."""

    session: Session
    results: Results
    dry: bool
    applied: dict[str, str] = field(default_factory=dict)
    _pushed: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._previews = Previews(self.session)

    def apply(self, documents: Sequence[Document]) -> None:
        """Upload what is needed, and apply one document after the other."""
        for document in documents:
            try:
                applied = self._previews.of(document).applied if self.dry else self._apply(document)
            except ApiError as exc:
                self.results.fail(document.name, exc)
            else:
                self._tell(applied)

    def _apply(self, document: Document) -> Applied:
        path = archive_of(document)
        if path is None:
            return self.session.client.playgrounds.apply(document.value)
        if path not in self._pushed:
            with ProgressView(self.session.out) as view:
                pushed = push_plugin(self.session, path, view)
            for warning in pushed.warnings:
                self.session.out.note(f"warning: {warning}")
            self._pushed[path] = pushed.digest
        return self.session.client.playgrounds.apply(with_archive(document, self._pushed[path]))

    def _tell(self, applied: Applied) -> None:
        suffix = " (server dry run)" if self.dry else ""
        self.results.tell(applied.name, f"{applied.outcome}{suffix}")
        if self.dry and not self.session.out.quiet:
            for line in (applied.plan or "").splitlines():
                self.session.out.line(f"  {line}")
        if applied.note:
            self.session.out.note(f"  {applied.note}")
        if applied.playground["spec"].get("state") != "Stopped":
            self.applied[applied.name] = applied.playground["metadata"].get("uid", "")

    def prune(self, documents: Sequence[Document], selector: str) -> None:
        """Delete what the selector matches and no document names; nothing at all when something has failed."""
        if self.results.exit_code:
            self.session.out.note("Nothing is pruned, because not everything could be applied.")
            return
        kept = {document.name for document in documents}
        resources = self.session.client.playgrounds
        for item in resources.list(labels=selector):
            name = item["metadata"]["name"]
            if name in kept or "deletionTimestamp" in item["metadata"]:
                continue
            if self.dry:
                self.results.tell(name, "pruned (server dry run)")
                continue
            try:
                resources.delete(name)
            except NotFoundError:
                continue
            except ApiError as exc:
                self.results.fail(name, exc)
            else:
                self.results.tell(name, "pruned")


def _check_selected(documents: Sequence[Document], selector: str) -> None:
    """Every document has to be one of those the selector is about, or the next prune would take it away unseen.

    Raises:
        UsageFailure: one lacks a label that the selector asks for with ``=``.
    """
    pairs = [part.partition("=") for part in selector.split(",") if "=" in part and "!" not in part and "(" not in part]
    for document in documents:
        labels = (document.value.get("metadata") or {}).get("labels") or {}
        for name, _, value in pairs:
            if labels.get(name.strip()) != value.lstrip("=").strip():
                raise UsageFailure(
                    f"{document.name} ({document.file}) lacks the label {name.strip()}={value.lstrip('=').strip()}: "
                    "what is pruned by a selector has to carry its labels."
                )
