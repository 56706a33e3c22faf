"""Which images, archives, logs and records may go: pure, from a complete inventory, each with its cause.

Only what carries our label and our controller's id is in the inventory at all; the rest of the machine is not ours to
look at. What is young may belong to something that is just being made: it stays for a grace period.
"""

from collections import defaultdict
from dataclasses import dataclass

from api.resources.identity import split_release
from controller.domain.garbage import (
    Collection,
    Inventory,
    ListedImage,
    ListedNetwork,
    PruneRecords,
    RemoveArchive,
    RemoveBuildLog,
    RemoveImage,
    RemoveNetwork,
)

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Keep:
    """How much is kept. Times in seconds."""

    images_per_plugin: int = 2
    """Newest images of each plugin that stay though nobody wants them: the next request for one is quick."""
    image_grace: float = HOUR / 6
    network_grace: float = 60.0
    archive_grace: float = HOUR
    log_grace: float = 24 * HOUR
    builds: float = 24 * HOUR
    events: float = 24 * HOUR
    tombstones: float = HOUR / 6
    journal: float = HOUR
    """How long a watch may be away and go on from where it was."""


def collect(inventory: Inventory, now: float, keep: Keep) -> tuple[Collection, ...]:
    """What may go, in a stable order."""
    return (
        *_images(inventory, now, keep),
        *unused_networks(inventory.networks, now, keep.network_grace),
        *(
            RemoveArchive(file.name, "no release and no playground stands for it")
            for file in sorted(inventory.archives, key=lambda file: file.name)
            if file.name not in inventory.wanted_digests and now - file.modified_at >= keep.archive_grace
        ),
        *(
            RemoveBuildLog(file.name, "its playground is gone")
            for file in sorted(inventory.build_logs, key=lambda file: file.name)
            if file.name not in inventory.uids and now - file.modified_at >= keep.log_grace
        ),
        PruneRecords(
            builds_before=now - keep.builds,
            events_before=now - keep.events,
            tombstones_before=now - keep.tombstones,
            journal_before=now - keep.journal,
            cause="ended builds, old events, tombstones and quarantines that are over",
        ),
    )


def unused_networks(networks: tuple[ListedNetwork, ...], now: float, grace: float) -> tuple[RemoveNetwork, ...]:
    """Those that nobody is on and that are older than the grace (seconds)."""
    return tuple(
        RemoveNetwork(network.name, "no container is on it")
        for network in sorted(networks, key=lambda network: network.name)
        if not network.in_use and now - network.created_at >= grace
    )


def _images(inventory: Inventory, now: float, keep: Keep) -> tuple[RemoveImage, ...]:
    by_plugin: defaultdict[str, list[ListedImage]] = defaultdict(list)
    for image in inventory.images:
        by_plugin[split_release(image.release)[0]].append(image)
    removals = []
    for _, images in sorted(by_plugin.items()):
        newest_first = sorted(images, key=lambda image: (-image.created_at, image.id))
        tagged = [image for image in newest_first if image.tags]
        spared = {image.id for image in tagged[: keep.images_per_plugin]}
        for image in newest_first:
            if image.in_use or image.id in spared or inventory.wanted_images.intersection(image.tags):
                continue
            if now - image.created_at < keep.image_grace:
                continue
            kept = keep.images_per_plugin
            cause = f"unused, and not among the newest {kept} of its plugin" if image.tags else "it has lost its name"
            removals += [RemoveImage(reference, cause) for reference in image.tags or (image.id,)]
    return tuple(removals)
