"""The Gradio base image, which plugins' images are built on: used when it is there, built when it is not.

`image/` is the recipe and goes into the image; the modules decide which Python it stands on (python_base), what of
this machine's network settings goes along (host), and show progress (progress). `command` is the command line.
"""

from controller.baseimage.ensure import ensure_base_image
from controller.baseimage.errors import BaseImageError
from controller.baseimage.options import BaseImageOptions
from controller.baseimage.progress import ConsoleProgress, Progress

__all__ = ["BaseImageError", "BaseImageOptions", "ConsoleProgress", "Progress", "ensure_base_image"]
