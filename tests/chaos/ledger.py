"""What was asked for and acknowledged: the client's own books, against which the system is held."""

import random
import threading
from dataclasses import dataclass, field

import requests

from tests.chaos.servers import TOKEN
from tests.images.build import HTTP_IMAGE

HEADERS = {"Authorization": TOKEN}


@dataclass
class Ledger:
    """Creates and deletes by number (the playground's `model`)."""

    url: str
    wanted: set[int] = field(default_factory=set)
    acknowledged: int = 0
    put_off: int = 0
    """Writes answered 500, "try again later": a stopped process may hold SQLite's lock. Nothing of them is kept."""
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def create(self) -> int:
        """Ask for one more playground; returns its number."""
        with self._lock:
            self._next += 1
            number = self._next
        body = {"plugin_release": "chaos@1", "kind": "code_server", "image": HTTP_IMAGE, "model": number}
        reply = requests.post(f"{self.url}/containers/", json=body, headers=HEADERS, timeout=10)
        if self._acknowledged(reply, {200, 201}):
            with self._lock:
                self.wanted.add(number)
        return number

    def delete(self, number: int) -> None:
        """Ask for that one's deletion."""
        params = {"model": str(number), "plugin_release": "chaos@1"}
        found = requests.get(f"{self.url}/containers/", params=params, headers=HEADERS, timeout=10).json()
        (record,) = found["results"]
        reply = requests.delete(f"{self.url}/containers/{record['record_id']}", headers=HEADERS, timeout=10)
        if self._acknowledged(reply, {204}):
            with self._lock:
                self.wanted.discard(number)

    def stir(self, dice: random.Random, at_most: int) -> None:
        """One random create or delete, never more than `at_most` playgrounds."""
        if self.wanted and (len(self.wanted) >= at_most or dice.random() < 0.45):
            self.delete(dice.choice(sorted(self.wanted)))
        else:
            self.create()

    def records(self) -> list[dict[str, object]]:
        """All playgrounds the API lists."""
        page = requests.get(f"{self.url}/containers/", params={"page_size": 1000}, headers=HEADERS, timeout=10).json()
        return list(page["results"])

    def _acknowledged(self, reply: requests.Response, good: set[int]) -> bool:
        """Whether it holds from now on. Any answer but the good ones and a 500 is a mistake of ours."""
        assert reply.status_code in {*good, 500}, f"the API refused a write: {reply.status_code} {reply.text[:200]}"
        with self._lock:
            self.acknowledged += reply.status_code in good
            self.put_off += reply.status_code == 500
        return reply.status_code in good
