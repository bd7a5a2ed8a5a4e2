"""Rows of a large file that wait on disk, sealed, until it is decided which way each goes."""

from __future__ import annotations

import io
import secrets
import tempfile
from collections.abc import Iterator

import polars as pl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class WaitingRows:
    """Frames that are added once and can be looked at again and again.

    The key is kept nowhere. The file has no name, so that it is gone with the process, however that ends; it lies
    where ``TMPDIR`` says.
    """

    def __init__(self) -> None:
        """Make room on disk, and a key in memory."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when nobody looks at the rows any more
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._lengths: list[int] = []

    def append(self, rows: pl.DataFrame) -> None:
        """Put rows behind those that wait already. Raises OSError when the disk is full."""
        plain = io.BytesIO()
        rows.write_ipc(plain, compression="lz4")
        self._lengths.append(
            self._file.write(self._cipher.encrypt(_nonce(len(self._lengths)), plain.getbuffer(), None))
        )

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield the frames in the order in which they were added."""
        begin = 0
        for nth, length in enumerate(self._lengths):
            self._file.seek(begin)
            yield pl.read_ipc(io.BytesIO(self._cipher.decrypt(_nonce(nth), self._file.read(length), None)))
            begin += length


def _nonce(nth: int) -> bytes:
    return nth.to_bytes(12, "big")  # the key is of this file alone, so that a count never comes twice
