"""A plugin release: `code@version` and the content it stands for at this moment."""

from pydantic import JsonValue

from api.resources.playground import PluginSource
from api.resources.value import Value


class PluginRelease(Value):
    """A known release. Uploaded again with other content it keeps its name and gets a new digest."""

    id: int
    code: str
    version: str
    name: str
    source: PluginSource
    config: dict[str, JsonValue]
    size: int
    """Bytes of the uploaded archive."""
    created_at: float
    updated_at: float

    @property
    def plugin_release(self) -> str:
        """`code@version`."""
        return f"{self.code}@{self.version}"


class ReleaseChange(Value):
    """What a release was, if it was known, and what it stands for since."""

    before: PluginRelease | None
    after: PluginRelease
