"""What a plugin may ask for that no image is built for."""


class RecipeInvalid(Exception):
    """The plugin asks for something that a build does not do; `str()` says what, and how to mend it."""
