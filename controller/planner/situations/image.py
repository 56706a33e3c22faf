"""The image: it is there before anything is done to a container of an older spec."""

from controller.domain.actions import (
    StartBuild,
    StartContainer,
)
from controller.domain.observed import BuildEnded, ImageState
from controller.domain.plan import Plan, Situation
from controller.planner.situations.steps import RETURN_PAUSE, cancel_build
from controller.planner.view import View

BUILD_PAUSE, LONGEST_BUILD_PAUSE = 2.0, 10.0
BUILD_SHARE = 0.1
"""Of a build's age: so late its progress may be told. Its end is told at once, whatever the pause is."""
INTERRUPTED_BUILD_PAUSE = 5.0
"""Between a build of which nobody knows how it ended (the engine went away) and the next one."""


def superseded_build(view: View) -> Plan | None:
    """An image is being built that is not the wanted one any more."""
    if view.build_in_progress is None or view.build_in_progress.image == view.image:
        return None
    return Plan(Situation.SUPERSEDED_BUILD, cancel_build(view, f"generation {view.generation} wants {view.image}"))


def older_down(view: View) -> Plan | None:
    """The new image is not there yet, or cannot be made, and the older container ended by itself: start it again."""
    previous = view.previous
    if view.current is not None or view.observed.image is ImageState.PRESENT or previous is None:
        return None
    if not previous.has_ended or not view.can_roll_back or (previous.finished_at or 0.0) <= view.last_asked_at:
        return None
    if (previous.finished_at or 0.0) + RETURN_PAUSE > view.now and previous.run != view.status.ready_run:
        return None  # it ended soon after it had been started again: not at once
    cause = "it ended by itself, and the wanted image is not there yet"
    return Plan(Situation.OLDER_DOWN, (StartContainer(previous.id, previous.name, cause),))


def building(view: View) -> Plan | None:
    """The wanted image is being built."""
    build = view.build_in_progress
    if view.current is not None or build is None:
        return None
    pause = min(LONGEST_BUILD_PAUSE, max(BUILD_PAUSE, BUILD_SHARE * (view.now - build.since)))
    return Plan(Situation.BUILDING, look_again=view.now + pause)


def build_failed(view: View) -> Plan | None:
    """The build of the wanted image has failed, and that is news."""
    if view.current is None and view.image_is_absent and view.build_failure is not None:
        return Plan(Situation.BUILD_FAILED)
    return None


def image_backing_off(view: View) -> Plan | None:
    """The image is not there, the last attempt failed, and the next one is not due."""
    if view.current is None and view.image_is_absent and view.is_backing_off:
        return Plan(Situation.IMAGE_BACKING_OFF, look_again=view.status.next_attempt_at)
    return None


def image_missing(view: View) -> Plan | None:
    """The image is not there, and it is not one that we build."""
    if view.current is None and view.image_is_absent and view.spec.plugin is None:
        return Plan(Situation.IMAGE_MISSING)
    return None


def build_needed(view: View) -> Plan | None:
    """The image is not there and can be built."""
    if view.current is not None or not view.image_is_absent or view.spec.plugin is None:
        return None
    cause = "the image is not there"
    last = view.observed.build
    if isinstance(last, BuildEnded) and last.image == view.image and last.error is None:
        again_at = last.ended_at + INTERRUPTED_BUILD_PAUSE
        if again_at > view.now and last.ended_at > view.last_asked_at:
            return Plan(Situation.BUILD_NEEDED, look_again=again_at)
    return Plan(
        Situation.BUILD_NEEDED,
        (StartBuild(view.image, view.spec.plugin.digest, view.generation, cause),),
        look_again=view.now + BUILD_PAUSE,
    )
