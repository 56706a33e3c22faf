"""Secrets: names that a spec may refer to, and what their values may be."""

NAME_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
MAX_BYTES = 64 * 1024
SHORTEST_MASKED = 6
"""Shorter values are not looked for in logs: `1` would be found everywhere."""
MASK = "*****"


def value_problem(value: str) -> str | None:
    """Why that cannot be a secret's value; None when it can."""
    if not value:
        return "The value is empty: pipe it into the command."
    if "\0" in value:
        return "The value holds a NUL character, which no environment can."
    if len(value.encode("utf-8", "surrogateescape")) > MAX_BYTES:
        return f"The value is longer than {MAX_BYTES} bytes."
    return None
