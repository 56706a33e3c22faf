"""How large, how many and how deep a plugin archive may be."""

from pydantic import Field

from api.resources.value import Value

MIB = 1024 * 1024


class ArchiveLimits(Value):
    """Bounds of a plugin archive; sizes in bytes. The defaults leave room for a model's weights, not for a bomb."""

    max_archive_bytes: int = Field(default=1024 * MIB, gt=0)
    """The ZIP file itself."""
    max_total_bytes: int = Field(default=2048 * MIB, gt=0)
    """All files together, uncompressed."""
    max_entry_bytes: int = Field(default=1024 * MIB, gt=0)
    """One file, uncompressed."""
    max_entries: int = Field(default=5_000, gt=0, le=65_534)
    max_directory_bytes: int = Field(default=2 * MIB, gt=0)
    """The ZIP's table of contents, which is held in memory while it is checked."""
    max_depth: int = Field(default=32, gt=0)
    """Parts of a path."""
    max_path_bytes: int = Field(default=1_024, gt=0)
    max_part_bytes: int = Field(default=255, gt=0)
    """One part of a path: what a Linux file system takes."""
    max_ratio: int = Field(default=200, gt=0)
    """Uncompressed over compressed. Text reaches 30; beyond this it is a bomb, or mostly zeros."""
    ratio_free_bytes: int = Field(default=MIB, ge=0)
    """Files up to this size may be compressed as much as they like …"""
    ratio_free_total_bytes: int = Field(default=16 * MIB, ge=0)
    """… until all files together are larger than this: then the ratio holds for the archive as a whole, too."""
