"""The files of the workspace, in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.records import StoredFile


class Files:
    """Files that were announced, uploaded and shared. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, StoredFile] = {}

    def announce(self, name: str, length: int) -> StoredFile:
        """Expect the bytes of a file."""
        with self._lock:
            file = StoredFile(id=f"F0LOCAL{len(self._files) + 1:03d}", name=name, length=length)
            self._files[file.id] = file
            return file

    def find(self, file_id: str) -> StoredFile:
        """The file, or `file_not_found`."""
        with self._lock:
            if file_id not in self._files:
                raise ApiError("file_not_found")
            return self._files[file_id]

    def store(self, file_id: str, content: bytes) -> None:
        """Keep the bytes that were announced; others are refused."""
        file = self.find(file_id)
        if file.content is not None or len(content) != file.length:
            raise ApiError("upload_refused")
        with self._lock:
            self._files[file_id] = replace(file, content=content)

    def share(self, file_id: str, title: str, channel: str | None) -> StoredFile:
        """Share a file whose bytes have come."""
        file = self.find(file_id)
        if file.content is None:
            raise ApiError("file_not_found")
        with self._lock:
            shared = file.shared_in | ({channel} if channel else set())
            self._files[file_id] = replace(file, title=title, shared_in=frozenset(shared))
            return self._files[file_id]
