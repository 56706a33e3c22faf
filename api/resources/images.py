"""Which images a spec may name: the operator's globs, read the same way by the API and by the planner."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from functools import lru_cache


def is_allowed(image: str, patterns: Collection[str]) -> bool:
    """Whether one of the patterns matches the whole reference; a reference without a tag means `latest`, as in Docker.

    `*` matches anything, a `/` too. No patterns: nothing is allowed.
    """
    return _is_allowed(image, frozenset(patterns))


@lru_cache(maxsize=1024)
def _is_allowed(image: str, patterns: frozenset[str]) -> bool:
    """Of thousands of playgrounds most name the same few images."""
    named = image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"
    return any(fnmatchcase(form, pattern) for form in {image, named} for pattern in patterns)


def refusal(image: str, patterns: Collection[str]) -> str:
    """The sentence for one that is not allowed."""
    allowed = f"only {', '.join(sorted(patterns))}" if patterns else "none but those built from plugins"
    return f"The image {image} is not allowed here ({allowed}). The operator's setting allowed_images decides."
