"""Lookups: one word that may be a record id, a uid, a container id or its beginning, a name, or a container's name."""

import re

from sqlalchemy import ColumnElement, Table, and_, or_

_RECORD_ID = re.compile(r"[0-9]{1,11}")
_CONTAINER_ID = re.compile(r"[0-9a-f]{12,64}")
_AFTER_HEX = "g"
_LARGEST = 2**63 - 1


def record_id(lookup: int | str) -> int | None:
    """The record id that the word may be: a number, or fewer than 12 digits (12 may begin a container's id)."""
    if isinstance(lookup, int):
        return lookup
    return int(lookup) if _RECORD_ID.fullmatch(lookup) else None


def storable(word: str) -> bool:
    """Whether a column could hold the word at all: PostgreSQL has no NUL, and half of a character is no text."""
    try:
        return "\x00" not in word and bool(word.encode())
    except UnicodeEncodeError:
        return False


def fits(number: int) -> bool:
    """Whether a column could hold the number: 64 bits."""
    return abs(number) <= _LARGEST


def any_of(lookup: int | str, table: Table, *, id_column: str) -> ColumnElement[bool] | None:
    """The condition that a row answers to the word, each part of it served by an index. None: nothing can match."""
    columns = table.c
    if isinstance(lookup, int):
        return columns[id_column] == lookup if fits(lookup) else None
    if not storable(lookup):
        return None
    conditions = [columns.uid == lookup, columns.name == lookup, columns.container_name == lookup]
    number = record_id(lookup)
    if number is not None:
        conditions.append(columns[id_column] == number)
    if _CONTAINER_ID.fullmatch(lookup.lower()):
        beginning = lookup.lower()
        conditions.append(and_(columns.container_id >= beginning, columns.container_id < beginning + _AFTER_HEX))
    return or_(*conditions)
