"""What an apply would change, told without changing or uploading anything.

The server can't tell what becomes of a content that it does not have. Then it is asked about the content that runs
now, and the digest is put in afterwards: everything else is as the server says.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from playground_sdk.cli.session import Session
from playground_sdk.cli.uploads import digest_of
from playground_sdk.declarative import Applied, Difference
from playground_sdk.errors import NotFoundError, ValidationError
from playground_sdk.manifests.check import archive_of, with_archive
from playground_sdk.manifests.documents import Document
from playground_sdk.objects import Playground

__all__ = ["Previews"]

_NOT_SENT = "its content is not on the server yet: apply uploads it, and the server checks it then"


class Previews:
    """Asks for one document after the other; a folder's digest is computed once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._digests: dict[Path, str] = {}

    def of(self, document: Document) -> Difference:
        """What applying the document would change.

        Raises:
            ApiError: the server refuses it.
        """
        resources = self._session.client.playgrounds
        path = archive_of(document)
        if path is None:
            return resources.diff(document.value)
        if path not in self._digests:
            self._digests[path] = digest_of(path)
        manifest = with_archive(document, self._digests[path])
        try:
            return resources.diff(manifest)
        except ValidationError as exc:
            if not _is_about_the_archive(exc.detail):
                raise
        return self._of_unsent(document, manifest)

    def _of_unsent(self, document: Document, manifest: dict[str, Any]) -> Difference:
        resources = self._session.client.playgrounds
        try:
            before = resources.get(document.name)
        except NotFoundError:
            return Difference(None, Applied("created", cast("Playground", manifest), note=_NOT_SENT))
        running = before["status"].get("archive")
        if not running:
            return Difference(before, Applied("configured", cast("Playground", manifest), note=_NOT_SENT))
        told = resources.diff(with_archive(document, running))
        after = deepcopy(told.applied.playground)
        after["spec"]["plugin"]["archive"] = manifest["spec"]["plugin"]["archive"]
        return Difference(told.before, Applied("configured", after, note=_NOT_SENT))


def _is_about_the_archive(detail: object) -> bool:
    """Whether a refusal speaks of ``spec.plugin.archive`` and of nothing else."""
    problems = detail.get("detail") if isinstance(detail, Mapping) else None
    if not isinstance(problems, list) or not problems:
        return False
    places = [problem.get("loc") if isinstance(problem, Mapping) else None for problem in problems]
    return all(isinstance(place, list) and place[-3:] == ["spec", "plugin", "archive"] for place in places)
