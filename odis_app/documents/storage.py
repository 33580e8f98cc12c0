"""Where the sealed bytes live: a folder, through fsspec, so that another store is one line away."""

from __future__ import annotations

from pathlib import Path

import fsspec
from fsspec import AbstractFileSystem


class StoreError(RuntimeError):
    """The store does not answer, is full, or lost a file."""


class Store:
    """Sealed objects by key, under one root. Nothing half-written is ever at its key."""

    def __init__(self, root: Path, filesystem: AbstractFileSystem | None = None) -> None:
        self.root = root
        self.files = filesystem or fsspec.filesystem("file")

    def put(self, key: str, sealed: bytes) -> None:
        """Write an object: aside first, then in one move. Raises StoreError and leaves nothing when it fails."""
        target, aside = self._path(key), self._path(f"{key}.part")
        try:
            self.files.makedirs(target.rpartition("/")[0], exist_ok=True)
            with self.files.open(aside, "wb") as file:
                file.write(sealed)
            self.files.mv(aside, target)
        except OSError as error:
            self._forget(aside)
            raise StoreError(f"writing failed ({error.strerror or type(error).__name__})") from error

    def get(self, key: str) -> bytes:
        """The object. Raises StoreError when it is not there."""
        try:
            with self.files.open(self._path(key), "rb") as file:
                return bytes(file.read())
        except OSError as error:
            raise StoreError(f"reading failed ({error.strerror or type(error).__name__})") from error

    def remove(self, key: str) -> None:
        """Forget an object; one that is not there is no error."""
        self._forget(self._path(key))

    def _forget(self, path: str) -> None:
        try:
            self.files.rm_file(path)
        except OSError:
            return

    def _path(self, key: str) -> str:
        if not key.replace("/", "").replace(".part", "").isalnum():
            raise ValueError("a storage key is letters, digits and slashes")
        return f"{self.root}/{key}"
