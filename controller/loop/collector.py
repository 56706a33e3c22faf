"""The garbage collector: takes the inventory, plans, and does what the plan says; a log line for each removal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import structlog

from api.archives.files import ArchiveFiles
from api.clock import Clock
from api.resources.desired import Claim
from api.store import Store, StoreError
from controller.builds.build_logs import BuildLogs
from controller.domain.garbage import (
    Collection,
    Inventory,
    KeptFile,
    PruneRecords,
    RemoveArchive,
    RemoveBuildLog,
    RemoveImage,
    RemoveNetwork,
)
from controller.engine.errors import EngineError
from controller.engine.interface import Engine
from controller.planner import Policy
from controller.planner.garbage import Keep, collect, unused_networks
from controller.planner.wanted import image_reference

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Collector:
    """Removes what nobody needs any more."""

    store: Store
    engine: Engine
    archives: ArchiveFiles
    build_logs: BuildLogs
    policy: Policy
    keep: Keep
    clock: Clock
    tidy_logs: Callable[[], int] = lambda: 0
    """Forgets logs of containers that are gone, beyond their caps; how many went."""

    def plan(self) -> tuple[Collection, ...]:
        """What would go now. Raises EngineError or StoreError: from half an inventory nothing is planned."""
        return collect(self._inventory(), self.clock.now(), self.keep)

    def run(self, claim: Claim) -> int:
        """Collect once; returns how many things went. Raises EngineError or StoreError when it cannot look."""
        return self._remove(claim, self.plan()) + self.tidy_logs()

    def tidy(self, claim: Claim) -> None:
        """Before this controller goes: leave no empty network on the machine. What cannot be seen stays."""
        try:
            self._remove(claim, unused_networks(self.engine.networks(), self.clock.now(), grace=0.0))
        except EngineError as error:
            log.warning("networks not looked at", error=str(error))

    def _remove(self, claim: Claim, collections: tuple[Collection, ...]) -> int:
        removed = 0
        for collection in collections:
            try:
                rows = self._do(claim, collection)
            except (EngineError, StoreError, OSError) as error:
                log.warning("not collected", plan=str(collection), error=str(error))
                continue
            removed += rows
            if rows:
                log.info("collected", plan=str(collection), cause=collection.cause, count=rows)
        return removed

    def _inventory(self) -> Inventory:
        """What is kept is looked at before what is wanted: what comes to be wanted in between is not missed."""
        images = self.engine.images()
        networks = self.engine.networks()
        archives = tuple(KeptFile(file.digest, file.modified_at) for file in self.archives.list())
        build_logs = self.build_logs.list()
        desired = self.store.work.load_all()
        specs = [state.playground.spec for state in desired]
        return Inventory(
            images=images,
            archives=archives,
            build_logs=build_logs,
            wanted_images=frozenset(image_reference(spec, self.policy) for spec in specs),
            wanted_digests=self.store.releases.digests_in_use(),
            uids=frozenset(state.playground.metadata.uid for state in desired),
            networks=networks,
        )

    def _do(self, claim: Claim, collection: Collection) -> int:
        match collection:
            case RemoveImage(reference=reference):
                self.engine.remove_image(reference)
                return 1
            case RemoveNetwork(name=name):
                self.engine.remove_network(name)
                return 1
            case RemoveArchive(digest=digest):
                return int(self._still_unused(digest) and self.archives.delete(digest))
            case RemoveBuildLog(uid=uid):
                self.build_logs.remove(uid)
                return 1
            case PruneRecords():
                return self.store.work.prune(
                    claim,
                    tombstones_before=collection.tombstones_before,
                    events_before=collection.events_before,
                    builds_before=collection.builds_before,
                    journal_before=collection.journal_before,
                    now=self.clock.now(),
                )
            case _:
                assert_never(collection)

    def _still_unused(self, digest: str) -> bool:
        """Whether nobody came to want the archive while other things were removed: it could not be made again.

        An upload renews the file before its record is written, so one of the two tells.
        """
        try:
            modified_at = self.archives.path(digest).stat().st_mtime
        except FileNotFoundError:
            return False
        is_old = self.clock.now() - modified_at >= self.keep.archive_grace
        return is_old and digest not in self.store.releases.digests_in_use()
