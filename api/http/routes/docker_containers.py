"""`containers/docker/`: the same playgrounds by their containers, for clients that speak of the engine's containers."""

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.http.body import read_object
from api.http.controller_client import ControllerUnreachableError
from api.http.creates import create_playground
from api.http.dependencies import Context, context
from api.http.errors import ApiError
from api.http.lookups import get_living
from api.http.pages import MAX_PAGE_SIZE, check_query
from api.http.replies import JsonReply
from api.http.routes.containers import delete_playground, read_playground, set_state
from api.http.routing import resource
from api.resources.agent_view import container_view
from api.resources.listing import PlaygroundFilters
from api.resources.playground import DesiredRunState


async def list_containers(request: Request) -> Response:
    """`GET containers/docker/`: all that have a container, as a bare list; others' after them, where that is set."""
    ctx = context(request)
    check_query(request.query_params, ())
    found: list[JsonValue] = []
    number, seen, count = 1, 0, 1
    while seen < count:
        page = await ctx.records(
            ctx.deps.store.playgrounds.list, PlaygroundFilters(), page=number, page_size=MAX_PAGE_SIZE
        )
        if not page.items:
            break
        found += [container_view(item) for item in page.items if item.status.container_id is not None]
        number, seen, count = number + 1, seen + len(page.items), page.count
    if ctx.deps.settings.list_strangers:
        found += await _strangers(ctx)
    return JsonReply(found)


async def _strangers(ctx: Context) -> list[JsonValue]:
    """The engine's containers that are not ours. Raises ApiError(409) when the controller does not tell."""
    try:
        return await ctx.ask_controller(ctx.deps.controller.strangers)
    except ControllerUnreachableError as error:
        raise ApiError(
            409, f"Others' containers are listed by the controller, which does not answer. ({error})"
        ) from error


async def stop_container(request: Request) -> Response:
    """`POST containers/docker/{id}/stop/`."""
    return await _set_state(request, DesiredRunState.STOPPED)


async def start_container(request: Request) -> Response:
    """`POST containers/docker/{id}/start/`."""
    return await _set_state(request, DesiredRunState.RUNNING)


async def _set_state(request: Request, state: DesiredRunState) -> Response:
    ctx = context(request)
    await read_object(request)
    playground = await get_living(ctx, request.path_params["id"])
    return JsonReply(container_view(await set_state(ctx, playground, state)))


ROUTES: list[Route] = [
    *resource("/containers/docker/", GET=list_containers, POST=create_playground),
    *resource("/containers/docker/{id}/stop/", POST=stop_container),
    *resource("/containers/docker/{id}/start/", POST=start_container),
    *resource("/containers/docker/{id}/", GET=read_playground, DELETE=delete_playground),
]
