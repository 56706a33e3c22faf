"""What can be chosen about the base image."""

from dataclasses import dataclass

DEFAULT_NAME = "playground-gradio-base:latest"
PYTHON_BASE_NAME = "playground-python-base:latest"
PUBLIC_PYTHON_IMAGE = "python:3.12-slim"
NO_CA_BUNDLE = "none"


@dataclass(frozen=True)
class BaseImageOptions:
    """The choices, all with defaults that serve on a machine with or without a registry in reach.

    ``name``         the image that plugins are built on. Any other than the default is never built: it is used as it
                     is, or pulled.
    ``rebuild``      build even when the image is there and its recipe has not changed
    ``python_image`` the Python image to start from; None: the public slim image, else one of the host's own packages
    ``ca_bundle``    path of a PEM file that replaces the image's trust store; None: the host's own bundle when it holds
                     a certificate that the image lacks; "none": the image's as it is
    ``index_url``    the package index; None: the host's own setting of pip or uv, else the public one
    ``silence_s``    how long a pull may stay silent before it is given up, in seconds
    ``deadline_s``   how long the build may take, in seconds
    """

    name: str = DEFAULT_NAME
    rebuild: bool = False
    python_image: str | None = None
    ca_bundle: str | None = None
    index_url: str | None = None
    silence_s: float = 15.0
    deadline_s: float = 1800.0

    @property
    def is_default(self) -> bool:
        """Whether the image is the one that we build."""
        return self.name in (DEFAULT_NAME, DEFAULT_NAME.removesuffix(":latest"))
