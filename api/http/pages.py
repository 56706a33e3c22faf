"""Lists: which page is asked for, filters out of the query, and the form they are answered in."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from pydantic import JsonValue
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from api.http.errors import MOST_PROBLEMS, InvalidRequestError, Problem, one_of
from api.http.links import page_url
from api.resources.identity import Kind
from api.resources.listing import Page, PlaygroundFilters
from api.resources.phase import Phase

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
_MAX_PAGE = 1_000_000
_WORD = 300

Item = TypeVar("Item")
Word = TypeVar("Word", Phase, Kind)


def check_query(query: QueryParams, known: Collection[str], repeated: Collection[str] = ()) -> None:
    """Refuses what is unknown, empty, or there twice: a misspelt filter must not answer with everything."""
    problems: list[Problem] = []
    for name in dict.fromkeys(query.keys()):
        if len(problems) == MOST_PROBLEMS:
            break
        values = query.getlist(name)
        if name not in known:
            say = (
                f"There is no such parameter here; there is {one_of(sorted(known))}."
                if known
                else "None is known here."
            )
            problems.append(Problem(("query", name), say, "unknown_parameter", values[0]))
        elif any(not value or len(value) > _WORD or "\0" in value for value in values):
            problems.append(
                Problem(("query", name), "A value is expected, of at most 300 characters.", input=values[0])
            )
        elif len(values) > 1 and name not in repeated:
            problems.append(Problem(("query", name), "This may be given once only.", "repeated", [*values]))
    if problems:
        raise InvalidRequestError(*problems)


def page_of(query: QueryParams) -> tuple[int, int]:
    """(page, page_size), the page counted from 1."""
    page = integer(query, "page", 1, _MAX_PAGE, 1)
    return page, integer(query, "page_size", 1, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)


def integer(query: QueryParams, name: str, low: int, high: int, default: int) -> int:
    """A whole number of the query between `low` and `high`."""
    text = query.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high:
        return int(text)
    raise InvalidRequestError(
        Problem(("query", name), f"A whole number from {low} to {high} is expected.", "int", text)
    )


def filters_of(query: QueryParams) -> PlaygroundFilters:
    """The filters of the list of playgrounds."""
    model = query.get("model")
    if model is not None and not is_integer_text(model):
        raise InvalidRequestError(Problem(("query", "model"), "A whole number is expected.", "int", model))
    return PlaygroundFilters(
        status=_word(query, "status", Phase),
        plugin_release=query.get("plugin_release"),
        model=None if model is None else int(model),
        kind=_word(query, "kind", Kind),
        labels=tuple(query.getlist("label")),
    )


def is_integer_text(text: str) -> bool:
    """Whether `text` is a whole number that a database holds."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 18


def page_view(
    connection: HTTPConnection,
    page: Page[Item],
    number: int,
    size: int,
    view: Callable[[Item], Mapping[str, JsonValue]],
) -> dict[str, JsonValue]:
    """The form of a page: `page_head`, and the `results`."""
    results: list[JsonValue] = [dict(view(item)) for item in page.items]
    return page_head(connection, page.count, number, size) | {"results": results}


def page_head(connection: HTTPConnection, count: int, number: int, size: int) -> dict[str, JsonValue]:
    """`count`, `next` and `previous` (absolute, with the filters and the page size)."""
    kept = [(name, value) for name, value in connection.query_params.multi_items() if name not in {"page", "page_size"}]

    def address(other: int) -> str:
        return page_url(connection, [*kept, ("page", str(other)), ("page_size", str(size))])

    return {
        "count": count,
        "next": address(number + 1) if number * size < count else None,
        "previous": address(number - 1) if number > 1 else None,
    }


def _word(query: QueryParams, name: str, words: type[Word]) -> Word | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return words(text)
    except ValueError:
        known = one_of([word.value for word in words])
        raise InvalidRequestError(Problem(("query", name), f"One of {known} is expected.", "enum", text)) from None
