"""Look for planted texts in bytes: in every common encoding, and in whatever is packed or compressed inside them."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import pyarrow.parquet as pq
from pypdf import PdfReader
from pypdf.errors import PyPdfError

SHORTEST = 6  # bytes: what is shorter turns up by chance in what is sealed or compressed
ANCHOR = 3  # bytes by which a form is looked up before it is compared whole
DEEPEST = 4  # a zip in a zip in a zip


@dataclass(frozen=True)
class Form:
    """One way in which a text can lie in a file: its bytes, and the name of the encoding."""

    content: bytes
    encoding: str


def forms_of(value: str | bytes | float) -> list[Form]:
    """Return every form of a planted text, of the bytes of a key, or of a number."""
    if isinstance(value, float):
        return [*_forms_of_a_number(value), *(each for text in _written(value) for each in forms_of(text))]
    if isinstance(value, bytes):
        return [Form(value, "as it is"), Form(value[::-1], "reversed"), *_spelled(value)]
    found = []
    for text in dict.fromkeys((value, value.upper(), value.lower())):
        found += [
            Form(text.encode(code), code) for code in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
        ]
        found += [Form(text.encode("cp1252", "replace"), "cp1252"), Form(text[::-1].encode(), "reversed")]
        found += [Form(quote(text, safe="").encode(), "url"), Form(_each(text, "%{:02X}").encode(), "url, all")]
        found += [Form(html.escape(text).encode("ascii", "xmlcharrefreplace"), "html")]
        found += [Form("".join(f"&#{ord(c)};" for c in text).encode(), "html, decimal")]
        found += [Form("".join(f"&#x{ord(c):x};" for c in text).encode(), "html, hexadecimal")]
        found += [Form("".join(f"\\u{ord(c):04x}" for c in text).encode(), "json, all")]
        found += [Form(text.encode("unicode_escape"), "json"), *_spelled(text.encode())]
    if value.isdigit():
        found += _forms_of_digits(value)
    return list(dict.fromkeys(found))


def _each(text: str, form: str) -> str:
    return "".join(form.format(byte) for byte in text.encode())


def _spelled(content: bytes) -> list[Form]:
    """Hexadecimal in both cases, and base64 wherever in a group of three the text begins."""
    spelled = [Form(content.hex().encode(), "hex"), Form(content.hex().upper().encode(), "HEX")]
    spelled += [Form(content.hex(" ").encode(), "hex, spaced")]
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + content)
        inner = coded[(0, 2, 3)[shift] : len(coded) - (0, 3, 2)[(shift + len(content)) % 3]]
        spelled += [Form(inner, f"base64, {shift}"), Form(inner.translate(bytes.maketrans(b"+/", b"-_")), "base64url")]
    return spelled


def _forms_of_digits(text: str) -> list[Form]:
    number = int(text)
    even = text if len(text) % 2 == 0 else f"0{text}"
    found = [
        Form(bytes.fromhex(even), "packed digits"),
        Form(bytes.fromhex((text + "f")[: len(even)]), "packed digits"),
    ]
    sizes = [8] if number >= 2**32 else [4, 8]
    found += [Form(number.to_bytes(size, order), f"integer, {size}") for size in sizes for order in ("little", "big")]  # type: ignore[arg-type]
    return found + _forms_of_a_number(float(number))


def _forms_of_a_number(value: float) -> list[Form]:
    return [Form(struct.pack(order, value), f"double, {order[0]}") for order in ("<d", ">d")]


def _written(value: float) -> list[str]:
    """A number as it is written: whole, rounded, with a comma, as a percentage; never so short that it is chance."""
    rounded = [
        repr(value),
        *(f"{value:.{digits}f}" for digits in (7, 9, 12)),
        *(f"{100 * value:.{n}f}" for n in (6, 9)),
    ]
    return [text.replace(".", point) for text in rounded for point in ".,"]


class Needles:
    """All forms of all kinds, made ready once; ``kinds_in`` costs some milliseconds for a megabyte."""

    def __init__(self, kinds: Mapping[str, Iterable[str | bytes | float]]) -> None:
        wanted: dict[bytes, set[tuple[str, str]]] = defaultdict(set)
        for kind, values in kinds.items():
            for value in values:
                for form in forms_of(value):
                    wanted[form.content].add((kind, form.encoding))
        self.wanted = {content: told for content, told in wanted.items() if len(content) > ANCHOR}
        self._by_anchor: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
        self._seen = np.zeros(256**ANCHOR, dtype=bool)
        for content in self.wanted:
            places = range(len(content) - ANCHOR + 1)  # the rarest part of a form tells it apart soonest
            at = min(places, key=lambda place: self._cost(content[place : place + ANCHOR]))
            anchor = content[at : at + ANCHOR]
            self._by_anchor[anchor].append((at, content))
            self._seen[anchor[0] | anchor[1] << 8 | anchor[2] << 16] = True

    def _cost(self, anchor: bytes) -> tuple[int, int]:
        return (ANCHOR - len(set(anchor) - {0}), len(self._by_anchor.get(anchor, ())))

    def found_in(self, content: bytes, shortest: int = SHORTEST) -> set[tuple[str, str]]:
        """Return (kind, encoding) of every form in these bytes that is at least so long."""
        if len(content) < ANCHOR:
            return set()
        raw = np.frombuffer(content, dtype=np.uint8).astype(np.uint32)
        places = np.flatnonzero(self._seen[raw[:-2] | raw[1:-1] << 8 | raw[2:] << 16])
        found: set[bytes] = set()
        for place in places.tolist():
            for at, form in self._by_anchor[content[place : place + ANCHOR]]:
                if place >= at and content.startswith(form, place - at):
                    found.add(form)
        return {told for form in found if len(form) >= shortest for told in self.wanted[form]}


# --- what is packed in what -------------------------------------------------------------------------------


def layers(content: bytes, *, plain: bool = True, depth: int = 0) -> Iterator[tuple[bytes, bool]]:
    """Yield bytes and what is packed in them; the flag says that they are plain, so that short forms mean something."""
    inner = list(_inner(content)) if depth < DEEPEST else []
    plain = plain and content[8:12] != b"DUCK"
    yield content, plain and not inner
    plain = plain and not content.startswith(b"%PDF") and content[257:262] != b"ustar"  # fonts, and sealed databases
    for part in inner:
        yield from layers(part, plain=plain, depth=depth + 1)


def _inner(content: bytes) -> Iterator[bytes]:
    if content.startswith(b"PK\x03\x04"):
        yield from _zipped(content)
    elif content.startswith(b"%PDF"):
        yield from _in_pdf(content)
    elif content.startswith(b"PAR1") and content.endswith(b"PAR1"):
        yield from _in_parquet(content)
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as packed:
            for entry in packed:
                member = packed.extractfile(entry)
                yield member.read() if member else entry.name.encode()
    for head, opened in ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ", lzma.decompress)):
        if content.startswith(head):
            yield opened(content)
    if content[:2] in {b"\x78\x01", b"\x78\x9c", b"\x78\xda"}:
        yield from _inflated(content, zlib.MAX_WBITS)


def _zipped(content: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for entry in packed.infolist():
            yield entry.filename.encode()
            if not entry.flag_bits & 1:  # sealed: what it says is for who has the passphrase
                yield packed.read(entry)


def _in_parquet(content: bytes) -> Iterator[bytes]:
    """Yield what compression and dictionaries hide: every cell, and what is told about file and columns."""
    table = pq.read_table(io.BytesIO(content))
    yield "\n".join(str(cell) for column in table.columns for cell in column.to_pylist()).encode()
    yield str(table.schema).encode()


def _in_pdf(content: bytes) -> Iterator[bytes]:
    for start in re.finditer(rb"stream\r?\n", content):
        yield from _inflated(content[start.end() :], zlib.MAX_WBITS)
    try:
        reader = PdfReader(io.BytesIO(content))
    except PyPdfError:  # cut off, or not a PDF after all
        return
    if not reader.is_encrypted:
        yield "\n".join(page.extract_text() for page in reader.pages).encode()
        yield str(reader.metadata).encode()


def _inflated(content: bytes, bits: int) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj(bits).decompress(content)
    except zlib.error:
        return
