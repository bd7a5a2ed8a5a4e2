"""The encoding of a text file, judged strictly, and its text: whole, or in parts that end with a line."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator

from smartstart.errors import DataRefused

_UTF8_READ_AS_CP1252 = re.compile("[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")  # é becomes Ã and a sign behind it
_MARK = "\ufeff"  # of the byte order
_HEAD_BYTES = 4_096  # in which a file that is no text gives itself away


def decode(content: bytes, name: str) -> str:
    """Return the text that bytes are. Raises DataRefused as ``encoding_of`` does."""
    return content.decode(encoding_of(lambda: [content], name)).lstrip(_MARK)


def encoding_of(blocks: Callable[[], Iterable[bytes]], name: str) -> str:
    """Return the encoding of a text: a byte order mark decides, then UTF-8, then Windows-1252.

    ``blocks`` gives its bytes, from the begin, each time that it is called. Raises DataRefused for what is no text, is
    in no such encoding, or in two of them.
    """
    for encoding in _candidates(_head(blocks()), name):
        texts = _decoded(blocks(), encoding)
        try:
            mixed = _mixed_at(texts) if encoding == "cp1252" else None
            for _ in texts:  # all of it must be in this encoding
                pass
        except UnicodeDecodeError:
            continue
        if mixed:
            raise DataRefused(
                f"{name}: some bytes are UTF-8 (line {mixed}) and others are not; save the file as UTF-8."
            )
        return encoding
    raise DataRefused(f"{name}: the bytes are neither UTF-8, UTF-16 nor Windows-1252; save the file as UTF-8.")


def lines_in_turn(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode blocks to texts that end with a line; a line that is cut goes on in the next."""
    rest, has_begun = "", False
    for text in _decoded(blocks, encoding):
        rest += text if has_begun else text.lstrip(_MARK)
        has_begun = has_begun or bool(rest)
        # a carriage return at the end may be half of a line end
        end = max(rest.rfind("\n"), rest.rfind("\r", 0, -1)) + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _head(blocks: Iterable[bytes]) -> bytes:
    head = b""
    for block in blocks:
        head += block[:_HEAD_BYTES]
        if len(head) >= _HEAD_BYTES:
            break
    return head[:_HEAD_BYTES]


def _candidates(head: bytes, name: str) -> tuple[str, ...]:
    if b"\x00\x00\x00" in head or head[:4] == b"PK\x03\x04":
        raise DataRefused(f"{name}: this is not text; give the file the ending of its real format.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    if 0 in head[:4] and head[:2] != b"\x00\x00":
        return ("utf-16-le" if head[1:2] == b"\x00" else "utf-16-be",)
    return ("utf-8", "cp1252")


def _decoded(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _mixed_at(texts: Iterable[str]) -> int | None:
    """Return the first line with signs that are UTF-8 read as Windows-1252, if any; takes every text."""
    line, found, before = 1, None, ""
    for text in texts:
        here = before + text
        if found is None and (pair := _UTF8_READ_AS_CP1252.search(here)):
            found = line + here.count("\n", 0, pair.start())
        line += text.count("\n")
        before = here[-1:].strip("\n")  # a pair can be cut by the end of a block; a line end is counted once
    return found
