"""`python -m bench.hello PORT`: a Starlette application that says hello, served as our API is: the most there is."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http.serve import listen, uvicorn_config
from api.priority import go_first


async def hello(_request: Request) -> Response:
    """`GET /`."""
    return PlainTextResponse("hello")


if __name__ == "__main__":
    application = Starlette(routes=[Route("/", hello)])
    go_first()
    uvicorn.Server(uvicorn_config(application)).run(sockets=[listen("127.0.0.1", int(sys.argv[1]))])
