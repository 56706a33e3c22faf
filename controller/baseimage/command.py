"""``base-image``: the command line of this package, shared by ``playground-server`` and ``python -m``."""

from typing import Annotated

import typer
from rich.console import Console

from controller.baseimage.ensure import ensure_base_image
from controller.baseimage.errors import BaseImageError
from controller.baseimage.options import DEFAULT_NAME, BaseImageOptions
from controller.baseimage.progress import ConsoleProgress
from controller.engine.connect import connect
from controller.engine.errors import EngineError

_NAME_VARIABLES = ["PLAYGROUND_BASE_IMAGE", "GRADIO_CONTAINER_BASE_IMAGE"]
_CALL_TIMEOUT_S = 30.0


def base_image(
    *,
    name: Annotated[str, typer.Option(envvar=_NAME_VARIABLES, help="The image plugins are built on.")] = DEFAULT_NAME,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build even if the image is there.")] = False,
    python_image: Annotated[
        str | None, typer.Option(envvar="PLAYGROUND_PYTHON_IMAGE", help="The Python image to start from.")
    ] = None,
    ca_bundle: Annotated[
        str | None,
        typer.Option(envvar="PLAYGROUND_CA_BUNDLE", help="PEM file to trust instead; `none`: the image's own."),
    ] = None,
    index_url: Annotated[
        str | None, typer.Option(envvar="PLAYGROUND_INDEX_URL", help="Package index for the image and for plugins.")
    ] = None,
    docker_host: Annotated[str | None, typer.Option(envvar="DOCKER_HOST", help="The engine's address.")] = None,
) -> None:
    """See to the Gradio base image: use the one that is there, else build it."""
    options = BaseImageOptions(
        name=name, rebuild=rebuild, python_image=python_image, ca_bundle=ca_bundle, index_url=index_url
    )
    try:
        api = connect(docker_host, _CALL_TIMEOUT_S)
        with api:
            ensure_base_image(options, api, ConsoleProgress())
    except (BaseImageError, EngineError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        raise typer.Exit(1) from None
