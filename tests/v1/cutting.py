"""A network that breaks: it stands between a client and the API and cuts every connection after some bytes."""

import contextlib
import random
import socket
import threading


class CuttingProxy:
    """Listens on a free port of 127.0.0.1 and passes on what is said to `upstream`, until it hangs up on both.

    How many bytes of answers a connection lives to see is drawn anew for each; `cuts` counts those that were cut.
    """

    def __init__(self, upstream: int, *, at_most: int, seed: int) -> None:
        self._upstream = upstream
        self._at_most = at_most
        self._dice = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Hang up on everybody, and see all threads go."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            _hang_up(one)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream))
                self._open += [client, server]
                for source, target, budget in (
                    (client, server, None),
                    (server, client, self._dice.randrange(self._at_most)),
                ):
                    thread = threading.Thread(target=self._pass_on, args=(source, target, budget), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, budget: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if budget is not None and len(data) >= budget:
                    target.sendall(data[:budget])
                    self.cuts += 1
                    break
                target.sendall(data)
                budget = None if budget is None else budget - len(data)
        _hang_up(source)
        _hang_up(target)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
