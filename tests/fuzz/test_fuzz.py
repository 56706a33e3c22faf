"""A small part of `make fuzz`."""

import socket
import threading

from tests.e2e.eventually import eventually
from tests.fuzz.requests import Asked
from tests.fuzz.run import FuzzWire, fuzz


def test_nothing_is_found_in_a_few_hundred_requests() -> None:
    figures = fuzz(300)
    assert figures.asked >= 300
    assert not figures.leaks, figures
    assert len(figures.statuses) >= 4, "the requests come through to different ends"


def test_a_kept_connection_that_the_server_has_closed_meanwhile_is_made_anew() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once_each() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        server = threading.Thread(target=answer_once_each)
        server.start()
        wire = FuzzWire(f"http://127.0.0.1:{listener.getsockname()[1]}", "token")
        assert wire.ask(Asked("GET", "/")).status == 204
        eventually(wire._is_dropped, 10, "the server's end of the connection")
        assert wire.ask(Asked("GET", "/")).status == 204
        wire.close()
        server.join()
