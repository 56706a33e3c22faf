"""From the `{id}` in a path to a record: a record's number, a uid, a Docker id (whole or a prefix), or a name."""

from pydantic import JsonValue

from api.http.dependencies import Context
from api.http.errors import ApiError
from api.resources.playground import Playground
from api.resources.tombstone import Tombstone
from api.resources.value import timestamp

_LONGEST = 300
_NUMBER = 10
"""Digits of a record's number at most; a longer run of digits is a Docker id that happens to have no letters."""


async def find_playground(context: Context, lookup: str) -> Playground | None:
    """The playground, or None."""
    if not can_exist(lookup):
        return None
    playgrounds = context.deps.store.playgrounds
    if is_number(lookup):
        found = await context.records(playgrounds.get, int(lookup))
        if found is not None:
            return found
    return await context.records(playgrounds.get, lookup)


async def find_tombstone(context: Context, lookup: str) -> Tombstone | None:
    """What is left of a playground that was removed, or None."""
    if not can_exist(lookup):
        return None
    playgrounds = context.deps.store.playgrounds
    if is_number(lookup):
        found = await context.records(playgrounds.tombstone, int(lookup))
        if found is not None:
            return found
    return await context.records(playgrounds.tombstone, lookup)


async def get_playground(context: Context, lookup: str) -> Playground:
    """The playground. Raises ApiError(404), with `status: deleted` for one that was there."""
    found = await find_playground(context, lookup)
    if found is not None:
        return found
    tombstone = await find_tombstone(context, lookup)
    if tombstone is None:
        raise unknown(lookup)
    gone: dict[str, JsonValue] = {
        "status": "deleted",
        "id": tombstone.container_id or tombstone.uid,
        "name": tombstone.name,
        "plugin_release": tombstone.plugin_release,
        "deleted_at": timestamp(tombstone.deleted_at),
    }
    raise ApiError(404, f"Playground {tombstone.name} was deleted at {timestamp(tombstone.deleted_at)}.", extra=gone)


async def get_living(context: Context, lookup: str) -> Playground:
    """The playground, to change it. Raises ApiError: 404, or 409 while it is being deleted."""
    found = await get_playground(context, lookup)
    if found.metadata.deletion_requested_at is not None:
        raise being_deleted(found)
    return found


def being_deleted(playground: Playground) -> ApiError:
    """409: too late for a change."""
    return ApiError(409, f"Playground {playground.metadata.name} is being deleted; create it again instead.")


def unknown(lookup: str) -> ApiError:
    """404 for what never was."""
    return ApiError(
        404,
        f"There is no playground {lookup[:80]!r}: neither a record's number, a Docker id, nor a name. "
        "GET containers/ lists those there are.",
    )


def is_number(lookup: str) -> bool:
    """Whether it reads as a record's number."""
    return lookup.isascii() and lookup.isdigit() and len(lookup) <= _NUMBER


def can_exist(lookup: str) -> bool:
    """Whether there can be anything of that name at all."""
    return 0 < len(lookup) <= _LONGEST and "\0" not in lookup
