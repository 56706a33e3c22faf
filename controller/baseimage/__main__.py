"""``python -m controller.baseimage``: the same as ``playground-server base-image``."""

import typer

from controller.baseimage.command import base_image

if __name__ == "__main__":
    typer.run(base_image)
