"""JSON as it lies in a column."""

from typing import Any

import orjson

from api.store.errors import ValueRefused


def dump_json(value: Any, *, sort_keys: bool = False) -> str:
    """The text of a JSON column.

    Raises:
        ValueRefused: for a number beyond 64 bits, or half of a character.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else None).decode()
    except TypeError as error:
        raise ValueRefused(f"The database cannot hold a value: {error}.") from error
