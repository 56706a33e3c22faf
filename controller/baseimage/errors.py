"""What goes wrong with base images, in the words of the one who has to mend it."""


class BaseImageError(Exception):
    """An image cannot be had; the text says in a sentence what to do."""
