"""What has to hold of a record for a write to it to be done."""

from typing import Literal, NamedTuple

from api.resources.playground import Playground
from api.resources.value import Value


class Refusal(NamedTuple):
    """Which kind of condition does not hold, and a sentence for its client."""

    kind: Literal["conflict", "precondition"]
    message: str


class Precondition(Value):
    """All that is given must hold, at the moment of the write."""

    resource_version: int | None = None
    """The version that the document was made from."""
    uid: str | None = None
    """Which playground of that name is meant."""
    match: frozenset[int] | None = None
    """`If-Match`: one of these versions."""
    must_exist: bool = False
    """`If-Match: *`."""
    must_not_exist: bool = False
    """`If-None-Match: *`."""

    @property
    def is_empty(self) -> bool:
        """Whether the client demands nothing."""
        return self == Precondition()

    def refusal(self, name: str, found: Playground | None) -> Refusal | None:
        """Why the write must not be done to what was found; None when it may."""
        if found is None:
            return self._refusal_of_absent(name)
        version = found.metadata.resource_version
        if self.must_not_exist:
            return Refusal("precondition", f"Playground {name} is there already, at resourceVersion {version}.")
        if self.match is not None and version not in self.match:
            asked = ", ".join(str(number) for number in sorted(self.match)) or "another"
            return Refusal(
                "precondition",
                f"Playground {name} is at resourceVersion {version}, and not at {asked}: read it again.",
            )
        if self.uid is not None and self.uid != found.metadata.uid:
            return Refusal(
                "conflict",
                f"Playground {name} is another one than the document's: its uid is {found.metadata.uid}, and not "
                f"{self.uid[:80]}. Leave metadata.uid out to write to it nevertheless.",
            )
        if self.resource_version is not None and self.resource_version != version:
            return Refusal(
                "conflict",
                f"Playground {name} has changed since the document was read: it is at resourceVersion {version}, and "
                f"not at {self.resource_version}. Read it again, or leave metadata.resourceVersion out.",
            )
        return None

    def _refusal_of_absent(self, name: str) -> Refusal | None:
        if self.must_exist or self.match is not None:
            return Refusal("precondition", f"There is no playground {name}, and If-Match asks for one.")
        if self.uid is not None or self.resource_version is not None:
            return Refusal(
                "conflict",
                f"There is no playground {name} any more, and the document is of one that was there: leave "
                "metadata.uid and metadata.resourceVersion out to create it.",
            )
        return None
