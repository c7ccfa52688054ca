"""A server that answers each request with exactly the bytes a test gives it, or not at all."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

HANG_UP = b""  # close without a word
HOLD = None  # keep the connection open and say nothing


@dataclass
class RawServer:
    """What it was asked is in `requests`; the answers are used up in order, the last one again and again."""

    url: str
    answers: list[bytes | None]
    requests: list[bytes] = field(default_factory=list)
    held: list[socket.socket] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.requests.append(_read_request(connection))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is None:
                self.held.append(connection)
                continue
            connection.sendall(answer)
            connection.close()


@contextmanager
def raw_server(answers: Sequence[bytes | None]) -> Iterator[RawServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(url=f"http://127.0.0.1:{listener.getsockname()[1]}/api/", answers=list(answers))
    thread = threading.Thread(target=server.serve, args=[listener], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for connection in server.held:
            connection.close()


def http(body: Any, *, status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """A whole answer; `body` is text as it is, or anything else as JSON."""
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close"]
    lines.append(f"Content-Length: {len(content) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def _read_request(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return body
