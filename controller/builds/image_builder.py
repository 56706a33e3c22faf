"""One image from one plugin archive: read it, make the recipe, stream the context to the engine, keep the log."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from api.archives.config import read_config
from api.archives.errors import ArchiveError, ArchiveNotFound
from api.archives.files import ArchiveFiles
from controller.builds.build_logs import BuildLogs
from controller.builds.context import stream_context
from controller.builds.errors import RecipeInvalid
from controller.builds.pool import BuildError, BuildJob
from controller.builds.recipe import BuildOptions, archive_recipe
from controller.engine.errors import (
    BuildCancelled,
    BuildTimedOut,
    EngineError,
    EngineFailed,
    EngineUnavailable,
    ImageBuildFailed,
)
from controller.engine.interface import Engine, ImageToBuild
from controller.planner.wanted import LABEL_CONTROLLER, LABEL_RELEASE

log = structlog.get_logger()
LABEL_DIGEST = "playground.digest"


@dataclass(frozen=True, slots=True)
class ImageBuilder:
    """Builds images through the engine interface. Safe to share between threads."""

    engine: Engine
    archives: ArchiveFiles
    logs: BuildLogs
    controller_id: str
    base_image: str
    options: BuildOptions
    deadline: float
    """Seconds for one build."""

    def build(self, job: BuildJob, cancelled: threading.Event, on_step: Callable[[str], None]) -> BuildError | None:
        """Build the job's image. Every way in which it can fail is an answer, not an exception."""
        bound = log.bind(uid=job.uid, image=job.image)
        try:
            self._build(job, cancelled, on_step)
        except ArchiveNotFound as error:
            return BuildError(str(error), terminal=True)
        except (ArchiveError, RecipeInvalid) as error:
            return BuildError(str(error), terminal=True)
        except ImageBuildFailed as error:
            return BuildError(error.reason, error.log_tail)
        except BuildTimedOut as error:
            return BuildError(error.reason, error.log_tail)
        except BuildCancelled:
            bound.info("build cancelled")
            return None
        except EngineFailed as error:  # it answers, so this may last: with back-off, and told when it does
            return BuildError(str(error), by_engine=True)
        except EngineUnavailable as error:
            bound.warning("build interrupted", error=str(error))
            return None
        except EngineError as error:
            return BuildError(str(error))
        except Exception as error:  # a build must never take its pool's thread down, nor be silent about why
            bound.exception("build broke")
            return BuildError(f"The build broke inside the controller: {error!r}. Its log has the details.")
        bound.info("image built")
        return None

    def _build(self, job: BuildJob, cancelled: threading.Event, on_step: Callable[[str], None]) -> None:
        if not self.engine.has_image(self.base_image):
            mend = "Make it with `playground-server base-image`, or name another with PLAYGROUND_BASE_IMAGE."
            raise ImageBuildFailed(f"The base image {self.base_image} is not on this machine. {mend}")
        with self.archives.open(job.digest) as archive, self.logs.write(job.uid) as write_line:
            config = read_config(archive)
            recipe = archive_recipe(archive, config, self.base_image, self.options)
            for note in (*config.warnings, *recipe.notes):
                write_line(f"note: {note}")

            def on_line(line: str) -> None:
                write_line(line)
                if line.strip():
                    on_step(line.strip()[:200])

            image = ImageToBuild(
                tag=job.image,
                labels={
                    LABEL_CONTROLLER: self.controller_id,
                    LABEL_RELEASE: f"{config.code}@{config.version}",
                    LABEL_DIGEST: job.digest,
                },
                network="none" if self.options.offline else None,
            )
            self.engine.build(
                stream_context(archive, recipe), image, cancelled=cancelled, deadline=self.deadline, on_line=on_line
            )
