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

    The key is kept nowhere. The file lies where ``TMPDIR`` says and has no name, where the system can do without: it is
    gone with the process, however that ends.
    """

    def __init__(self) -> None:
        """Make room on disk, and a key in memory."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when nobody looks at the rows any more
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._lengths: list[int] = []

    def append(self, rows: pl.DataFrame) -> None:
        """Put rows behind those that wait already. Raises OSError, with the folder, when the disk is full."""
        plain = io.BytesIO()
        rows.write_ipc(plain, compression="lz4")
        sealed = self._cipher.encrypt(_nonce(len(self._lengths)), plain.getbuffer(), None)
        try:
            self._file.write(sealed)
            self._file.flush()
        except OSError as fault:
            raise OSError(fault.errno, fault.strerror, tempfile.gettempdir()) from None
        self._lengths.append(len(sealed))

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield the frames in the order in which they were added."""
        begin = 0
        for nth, length in enumerate(self._lengths):
            self._file.seek(begin)
            yield pl.read_ipc(io.BytesIO(self._cipher.decrypt(_nonce(nth), self._file.read(length), None)))
            begin += length


def _nonce(nth: int) -> bytes:
    return nth.to_bytes(12, "big")  # the key is of this file alone, so that a count never comes twice
