"""A UNIX socket in front of the engine's that can cut the event streams, and slow everything down."""

import socket
import threading
import time
from pathlib import Path


class EngineProxy:
    """Forwards bytes both ways; `cut()` breaks every connection that asked for `/events`.

    `delay` is how many seconds what the controller sends is held back.
    """

    def __init__(self, path: Path, target: Path) -> None:
        self.host = f"unix://{path}"
        self._target = str(target)
        self.delay = 0.0
        self._lock = threading.Lock()
        self._streams: list[socket.socket] = []
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> int:
        """Break the event streams; returns how many there were."""
        with self._lock:
            streams, self._streams = self._streams, []
        for stream in streams:
            stream.shutdown(socket.SHUT_RDWR)
        return len(streams)

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(self._target)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._pump, args=(client, engine, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(engine, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        try:
            while data := source.recv(65536):
                if from_client and b"/events?" in data[:200]:
                    with self._lock:
                        self._streams.append(source)
                if from_client and self.delay:
                    time.sleep(self.delay)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
