"""Secrets: names that a spec may refer to, and what their values may be."""

import re
from collections.abc import Iterable, Mapping

NAME_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.-]*$"
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


def variables_of(value: str) -> dict[str, str]:
    """The variables of a set: one `NAME=value` a line, taken literally; empty lines and those with a # first are none.

    As `kubectl create secret --from-env-file` reads them. Raises ValueError, which names the line and shows none of it.
    """
    variables: dict[str, str] = {}
    for number, line in enumerate(value.replace("\r\n", "\n").split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, is_one, text = line.partition("=")
        if not is_one or not re.fullmatch(VARIABLE_PATTERN, name):
            raise ValueError(f"line {number} is not NAME=value")
        if name in variables:
            raise ValueError(f"line {number} gives a variable that an earlier line gives")
        variables[name] = text
    if not variables:
        raise ValueError("there is no line NAME=value")
    return variables


def set_problem(value: str) -> str | None:
    """Why that cannot be a set of variables; None when it can."""
    try:
        variables_of(value)
    except ValueError as error:
        return str(error)
    return None


_SENSITIVE = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY", re.IGNORECASE)


def sensitive_values(environment: Mapping[str, str], secret_names: Iterable[str]) -> tuple[str, ...]:
    """What must not be shown of an environment: the values of the named variables, and of those named like secrets.

    Each line of a value by itself, as logs are lines; the longest first.
    """
    named = set(secret_names)
    values = {
        line.strip()
        for name, value in environment.items()
        if name in named or _SENSITIVE.search(name)
        for line in value.splitlines()
    }
    return tuple(sorted((value for value in values if len(value) >= SHORTEST_MASKED), key=lambda v: (-len(v), v)))


def masked(text: str, values: Iterable[str]) -> str:
    """The text with every value replaced."""
    for value in values:
        text = text.replace(value, MASK)
    return text
