"""Dry runs: what a write would come to, and what the reconciler would make of it."""

from pydantic import JsonValue
from starlette.responses import Response

from api.http.controller_client import ControllerUnreachableError
from api.http.dependencies import Context
from api.http.replies import JsonReply
from api.resources.declared import manifest_view
from api.resources.desired import DesiredState
from api.resources.manifest import API_VERSION
from api.resources.playground import Playground


async def dry_run_reply(ctx: Context, result: str, after: Playground) -> Response:
    """200 with the result, the record as it would be, and the plan of the pass that would follow.

    The plan is the controller's own, asked of it: without it the reply says why there is none.
    """
    reply: dict[str, JsonValue] = {
        "apiVersion": API_VERSION,
        "kind": "DryRun",
        "result": result,
        "object": manifest_view(after),
        "plan": None,
    }
    referred = await ctx.records(ctx.deps.store.secrets.referred, after.spec)
    try:
        wanted = DesiredState(playground=after, secrets=referred.digests, unusable_sets=referred.unusable)
        reply["plan"] = await ctx.ask_controller(ctx.deps.controller.plan, wanted)
    except ControllerUnreachableError as error:
        reply["planUnavailable"] = f"The plan comes from the controller, which could not be asked. {error}"
    return JsonReply(reply, headers={"Playground-Result": result})
