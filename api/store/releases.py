"""Plugin releases that are known."""

from pydantic import JsonValue

from api.resources.listing import Page
from api.resources.playground import PluginSource
from api.resources.release import PluginRelease


class Releases:
    """Plugin releases."""

    def put(
        self,
        code: str,
        version: str,
        name: str,
        source: PluginSource,
        config: dict[str, JsonValue],
        size: int,
        *,
        now: float,
    ) -> PluginRelease:
        raise NotImplementedError

    def get(self, lookup: int | str) -> PluginRelease | None:
        raise NotImplementedError

    def list(self, *, page: int, page_size: int) -> Page[PluginRelease]:
        raise NotImplementedError

    def delete(self, lookup: int | str) -> bool:
        raise NotImplementedError

    def digests_in_use(self) -> frozenset[str]:
        raise NotImplementedError
