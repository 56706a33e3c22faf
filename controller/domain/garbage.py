"""What is kept for playgrounds, as it was seen, and what of it may go."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image with our controller's label."""

    id: str
    tags: tuple[str, ...]
    release: str
    created_at: float
    """Seconds since the epoch."""
    in_use: bool
    """Whether a container of anybody, running or not, was made from it."""


@dataclass(frozen=True, slots=True)
class ListedNetwork:
    """A network with our controller's label."""

    name: str
    created_at: float
    """Seconds since the epoch."""
    in_use: bool
    """Whether a container of anybody, running or not, is to be on it."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """An archive (by its digest) or a build log (by its playground's uid), and when it was last written."""

    name: str
    modified_at: float


@dataclass(frozen=True, slots=True)
class Inventory:
    """A complete observation: made whole or not at all, since what is missing from it may be removed."""

    images: tuple[ListedImage, ...]
    archives: tuple[KeptFile, ...]
    build_logs: tuple[KeptFile, ...]
    wanted_images: frozenset[str]
    """References that some playground's spec stands for."""
    wanted_digests: frozenset[str]
    """Contents that a release or a playground stands for."""
    uids: frozenset[str]
    """All playgrounds there are."""
    networks: tuple[ListedNetwork, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveImage:
    """Remove an image, by tag, or by id where it has none."""

    reference: str
    cause: str

    def __str__(self) -> str:
        return f"RemoveImage {self.reference}, {self.cause}"


@dataclass(frozen=True, slots=True)
class RemoveNetwork:
    """Remove a network."""

    name: str
    cause: str

    def __str__(self) -> str:
        return f"RemoveNetwork {self.name}, {self.cause}"


@dataclass(frozen=True, slots=True)
class RemoveArchive:
    """Remove an uploaded archive."""

    digest: str
    cause: str

    def __str__(self) -> str:
        return f"RemoveArchive {self.digest[:19]}, {self.cause}"


@dataclass(frozen=True, slots=True)
class RemoveBuildLog:
    """Remove the log of an image build."""

    uid: str
    cause: str

    def __str__(self) -> str:
        return f"RemoveBuildLog {self.uid}, {self.cause}"


@dataclass(frozen=True, slots=True)
class PruneRecords:
    """Forget ended builds, events and tombstones from before these times, and quarantines that are over."""

    builds_before: float
    events_before: float
    tombstones_before: float
    cause: str
    journal_before: float = 0.0

    def __str__(self) -> str:
        return f"PruneRecords, {self.cause}"


Collection: TypeAlias = RemoveImage | RemoveNetwork | RemoveArchive | RemoveBuildLog | PruneRecords
