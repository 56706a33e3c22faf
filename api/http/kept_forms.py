"""Wire forms in memory, within a bound: what was not asked for longest goes first. Knows nothing of records."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

_ENTRY_BYTES = 1000
"""About what an entry takes beside its forms: the objects, and the words."""


@dataclass(frozen=True, slots=True)
class Form:
    """A playground as it is sent, and the resource version that it shows."""

    body: bytes
    version: int


@dataclass(slots=True)
class _Entry:
    size: int = _ENTRY_BYTES
    forms: dict[str, Form] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)


class KeptForms:
    """Forms by the playground's uid and the form's name; and words that lead to a uid."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._uids: dict[str, str] = {}
        self.size = 0
        """Bytes in use, about."""

    def get(self, uid: str, name: str) -> Form | None:
        """The form, if it is kept."""
        entry = self._entries.get(uid)
        form = entry.forms.get(name) if entry is not None else None
        if form is not None:
            self._entries.move_to_end(uid)
        return form

    def by_word(self, word: str, name: str) -> Form | None:
        """The form of what the word leads to, if both are kept."""
        uid = self._uids.get(word)
        return None if uid is None else self.get(uid, name)

    def put(self, uid: str, name: str, form: Form) -> None:
        """Keep a form, in the place of an older one; others may have to go for it."""
        entry = self._entries.get(uid)
        if entry is None:
            entry = self._entries[uid] = _Entry()
            self.size += entry.size
        before = entry.forms.get(name)
        grown = len(form.body) - (len(before.body) if before else 0)
        entry.forms[name] = form
        entry.size += grown
        self.size += grown
        self._entries.move_to_end(uid)
        while self.size > self._most_bytes and len(self._entries) > 1:
            self.forget(next(iter(self._entries)))

    def learn(self, word: str, uid: str) -> None:
        """From now on the word leads to the uid, as long as something of it is kept."""
        entry = self._entries.get(uid)
        if entry is not None:
            self.forget_words((word,))
            entry.words.add(word)
            self._uids[word] = uid

    def forget(self, uid: str) -> None:
        """All forms of it, and the words that lead to it."""
        entry = self._entries.pop(uid, None)
        if entry is not None:
            self.size -= entry.size
            for word in entry.words:
                del self._uids[word]

    def forget_words(self, words: Iterable[str]) -> None:
        """These words lead nowhere until they are learnt anew."""
        for word in words:
            uid = self._uids.pop(word, None)
            if uid is not None:
                self._entries[uid].words.discard(word)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()
        self._uids.clear()
        self.size = 0
