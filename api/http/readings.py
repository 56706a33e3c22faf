"""What is read most, ready to be sent: playgrounds in their wire forms, kept for as long as nobody has changed them.

Each request first asks the records whether anything was committed since the last one (`api.store.glance`); what was
changed is forgotten, and made anew when it is asked for. So a reply is never older than the last write that was
acknowledged before the request came, whoever wrote it. On PostgreSQL there are no readings: the records are read.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field

import orjson
import structlog
from pydantic import JsonValue

from api.http.kept_forms import Form, KeptForms
from api.resources.agent_view import container_detail, container_view
from api.resources.declared import manifest_view
from api.resources.playground import Playground
from api.resources.release import PluginRelease
from api.store import StoreError
from api.store.glance import Glance, Touched

KEPT_BYTES = 16 * 1024 * 1024
"""Of wire forms: those of some 3,000 playgrounds."""
LARGEST_PAGE = 1000
_AT_ONCE = 8
"""Records that are read while all other requests wait, a tenth of a millisecond each; more are read in a thread."""
_ATTEMPTS = 3
_CONTAINER_DIGITS = range(12, 65)
_NUMBER = 10
_FORMS: dict[str, Callable[[Playground], dict[str, JsonValue]]] = {
    "view": container_view,
    "detail": container_detail,
    "manifest": manifest_view,
}
Read = Callable[[Sequence[str]], Awaitable[tuple[int, tuple[Playground, ...]]]]
"""`Playgrounds.some`, in a thread."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FormsPage:
    """Some playgrounds on the wire, as of one instant."""

    bodies: list[bytes]
    version: int
    """The newest version of all at that instant."""
    count: int
    """Playgrounds there are."""
    remaining: int
    """Of which so many come after this page."""
    last_id: int
    """The record id of the page's last one; 0 on an empty page."""


class Readings:
    """The forms. For the event loop's thread alone."""

    def __init__(self, glance: Glance, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._glance = glance
        self._kept = KeptForms(kept_bytes)
        self._order: _Order | None = None
        self._filling: list[_Filling] = []
        self._one_at_a_time = asyncio.Lock()

    def detail(self, lookup: str) -> Form | None:
        """The Agent's form of what is looked up by the word; None when there is none, or it can't be told here."""
        digits = lookup.isascii() and lookup.isdigit()
        number = int(lookup) if digits and len(lookup) <= _NUMBER else None

        def find() -> Playground | None:
            found = self._glance.one(number) if number is not None else None
            return found or self._glance.one(lookup)

        # A word that is not written as records write it leads to them too, and could not be forgotten by it.
        is_number = digits and len(lookup) < _CONTAINER_DIGITS.start
        lasting = lookup == lookup.lower() and not (is_number and lookup.startswith("0"))
        return self._find("detail", f"*{lookup}", find, lasting=lasting)

    def named(self, name: str) -> Form | None:
        """The manifest of the playground of that name; None when there is none, or it can't be told here."""
        return self._find("manifest", f"={name}", lambda: self._glance.named(name), lasting=True)

    def release(self, name: str) -> PluginRelease | None:
        """The release `code@version`, read now; None when there is none, or it can't be told here."""
        try:
            return self._glance.release(name)
        except StoreError as error:
            self._give_up(error)
            return None

    async def page(self, form: str, read: Read, *, offset: int, size: int) -> FormsPage | None:
        """A page of all playgrounds, by ascending record id; `form` is `view` or `manifest`.

        None when it can't be told here: it is too large, changes too quickly, or the records do not answer.
        """
        return await self._page(form, read, size, lambda _: offset)

    async def page_after(
        self, form: str, read: Read, *, after: int, size: int, version: int | None
    ) -> FormsPage | None:
        """The same, beginning after a record id. None also when `version` is given and not the newest of all."""

        def first(order: _Order) -> int | None:
            return order.after(after) if version in {None, self._glance.version} else None

        return await self._page(form, read, size, first)

    def _find(self, form: str, word: str, find: Callable[[], Playground | None], *, lasting: bool) -> Form | None:
        try:
            self._refresh()
            known = self._kept.by_word(word, form)
            found = find() if known is None else None
        except StoreError as error:
            self._give_up(error)
            return None
        if found is None:
            return known
        made = self._keep(form, found)
        if lasting:
            self._kept.learn(word, found.metadata.uid)
        return made

    async def _page(
        self, form: str, read: Read, size: int, first: Callable[["_Order"], int | None]
    ) -> FormsPage | None:
        if size > LARGEST_PAGE:
            return None
        try:
            for _ in range(_ATTEMPTS):
                order = self._refresh_order()
                if order is None:
                    continue
                start = first(order)
                if start is None:
                    return None
                uids = order.uids[start : start + size]
                forms = {uid: self._kept.get(uid, form) for uid in uids}
                missing = [uid for uid, found in forms.items() if found is None]
                version = self._glance.version
                if len(missing) > _AT_ONCE:
                    async with self._one_at_a_time:  # many ask for the same page when it is new
                        still = [uid for uid in missing if self._kept.get(uid, form) is None]
                        await self._fill(form, read, still)
                    continue
                if missing:
                    version, found = self._glance.some(tuple(missing))
                    forms |= {each.metadata.uid: self._keep(form, each) for each in found}
                bodies = [each.body for each in forms.values() if each is not None]
                if version == self._glance.version and len(bodies) == len(uids):
                    last_id = order.ids[start + len(uids) - 1] if uids else 0
                    return FormsPage(bodies, version, len(order.ids), max(0, len(order.ids) - start - size), last_id)
        except StoreError as error:
            self._give_up(error)
        return None

    async def _fill(self, form: str, read: Read, uids: Sequence[str]) -> None:
        """Read them in a thread, and keep those that nobody has changed meanwhile."""
        if not uids:
            return
        filling = _Filling()
        self._filling.append(filling)
        try:
            _, found = await read(uids)
            self._refresh()
        finally:
            self._filling.remove(filling)
        for playground in found:
            if not filling.everything and playground.metadata.uid not in filling.changed:
                self._keep(form, playground)

    def _keep(self, form: str, playground: Playground) -> Form:
        made = Form(orjson.dumps(_FORMS[form](playground)), playground.metadata.resource_version)
        self._kept.put(playground.metadata.uid, form, made)
        return made

    def _refresh(self) -> None:
        """Forget what was changed: then all that is kept is as of the glance's version."""
        news = self._glance.news()
        if news.everything:
            self._forget_all()
        for touched in news.touched:
            self._kept.forget(touched.uid)
            self._kept.forget_words(_words(touched))
            if self._order is not None:
                self._order.note(touched)
            for filling in self._filling:
                filling.changed.add(touched.uid)

    def _refresh_order(self) -> "_Order | None":
        self._refresh()
        if self._order is None:
            self._order = _Order(self._glance.order())
            self._refresh()  # what came between the news and the order is in it, and noted once more
        return self._order

    def _forget_all(self) -> None:
        self._kept.clear()
        self._order = None
        for filling in self._filling:
            filling.everything = True

    def _give_up(self, error: StoreError) -> None:
        """The records are asked in the usual way, which says what is wrong."""
        _log.warning("readings not fresh", error=str(error))
        self._forget_all()


@dataclass(eq=False, slots=True)
class _Filling:
    """A read that is under way in a thread, and what was changed since it began."""

    changed: set[str] = field(default_factory=set)
    everything: bool = False


class _Order:
    """All playgrounds by ascending record id."""

    def __init__(self, found: Sequence[tuple[int, str]]) -> None:
        self.ids = [number for number, _ in found]
        self.uids = [uid for _, uid in found]
        self._id_of = {uid: number for number, uid in found}

    def after(self, record_id: int) -> int:
        """The place of the first one with a larger id."""
        return bisect_right(self.ids, record_id)

    def note(self, touched: Touched) -> None:
        """Add it, or take it away, or leave it where it is."""
        known = self._id_of.get(touched.uid)
        if touched.id is None and known is not None:
            place = bisect_left(self.ids, known)
            del self.ids[place], self.uids[place], self._id_of[touched.uid]
        elif touched.id is not None and known is None:
            place = bisect_left(self.ids, touched.id)
            self.ids.insert(place, touched.id)
            self.uids.insert(place, touched.uid)
            self._id_of[touched.uid] = touched.id


def _words(touched: Touched) -> Iterator[str]:
    """What leads to the playground as it is now, and may have led to another one before."""
    if touched.id is None:
        return
    yield from (f"*{touched.id}", f"*{touched.uid}", f"*{touched.name}", f"={touched.name}")
    yield f"*{touched.container_name}"
    if touched.container_id is not None:
        yield from (f"*{touched.container_id[:digits]}" for digits in _CONTAINER_DIGITS)
