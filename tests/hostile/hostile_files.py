"""Files that are an attack as a whole: archives, XML, pickles, YAML. Each has a name that says what it tries."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl

XXE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9))
    + "]>"
)
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>'


class Runs:
    """Unpickled, it makes the file ``sentinel``."""

    def __init__(self, sentinel: str) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> Any:
        return (open, (self.sentinel, "w"))


def workbook(rows: list[list[object]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows or [["a", "b"], ["1", "2"]]:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_parts(content: bytes, parts: dict[str, bytes]) -> bytes:
    """The same archive with other parts, or more of them."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name in packed.namelist():
            out.writestr(name, parts.get(name, packed.read(name)))
        for name in parts.keys() - set(packed.namelist()):
            out.writestr(name, parts[name])
    return made.getvalue()


def ods(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr("content.xml", content)
        out.writestr("META-INF/manifest.xml", "<manifest/>")
    return made.getvalue()


def archives(sentinel: str) -> dict[str, bytes]:
    """ZIP files that pass for workbooks."""
    plain = workbook()
    stated = bytearray(with_parts(plain, {"xl/worksheets/sheet1.xml": b"0" * 12_000_000}))
    central = stated.find(b"PK\x01\x02")
    while central >= 0:  # it says that it expands to nothing
        stated[central + 24 : central + 28] = struct.pack("<I", 1)
        central = stated.find(b"PK\x01\x02", central + 4)
    link = io.BytesIO(plain)
    with zipfile.ZipFile(link, "a") as packed:
        entry = zipfile.ZipInfo("xl/link.xml")
        entry.external_attr = 0o120777 << 16
        packed.writestr(entry, "/etc/passwd")
    doubled = io.BytesIO(plain)
    with zipfile.ZipFile(doubled, "a") as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        packed.writestr("xl/worksheets/sheet1.xml", SHEET.format(CELL.format("other")))
    encrypted = bytearray(plain)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = encrypted.find(mark)
        while place >= 0:
            encrypted[place + at] |= 1
            place = encrypted.find(mark, place + 4)
    overlapping = bytearray(plain)
    first = overlapping.find(b"PK\x01\x02")
    second = overlapping.find(b"PK\x01\x02", first + 4)
    overlapping[second + 42 : second + 46] = overlapping[first + 42 : first + 46]
    return {
        "zip bomb": with_parts(plain, {"xl/bomb.xml": b"0" * 12_000_000}),
        "zip bomb that lies about its size": bytes(stated),
        "zip bomb of nested zips": with_parts(plain, {"xl/inner.xml": with_parts(plain, {"x.xml": b"0" * 9_000_000})}),
        "zip with a path upwards": with_parts(plain, {f"../../..{sentinel}": b"x", "..\\..\\x.xml": b"<x/>"}),
        "zip with an absolute path": with_parts(plain, {sentinel: b"x", "C:\\x.xml": b"<x/>"}),
        "zip with a symbolic link": link.getvalue(),
        "zip with two parts of one name": doubled.getvalue(),
        "zip that says it is encrypted": bytes(encrypted),
        "zip with overlapping parts": bytes(overlapping),
        "zip cut off": plain[: len(plain) // 2],
        "zip without an end": plain[:-22],
        "zip of a method that nobody has": plain.replace(
            b"PK\x03\x04\x14\x00\x00\x00\x08\x00", b"PK\x03\x04\x14\x00\x00\x00\x61\x00"
        ),
        "ole, as with a password": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
        "macros": with_parts(plain, {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}),
        "external link": with_parts(plain, {"xl/externalLinks/externalLink1.xml": b"<x/>"}),
        "formula with a cached value": with_parts(
            plain,
            {
                "xl/worksheets/sheet1.xml": SHEET.format(
                    f'<row r="1"><c r="A1" t="str"><f>cmd|\'/C touch {sentinel}\'!A0</f><v>=1+1</v></c></row>'
                ).encode()
            },
        ),
        "gzip": zlib.compress(b"0" * 10_000_000),
    }


def xml_files() -> dict[str, bytes]:
    """Workbooks and sheets whose XML asks for more than to be read."""
    plain, sheet = workbook(), "xl/worksheets/sheet1.xml"
    late = f"<!--{'x' * 5000}-->"
    found = {
        "external entity": f"{XXE}{SHEET.format(CELL.format('&a;'))}".encode(),
        "billion laughs": f"{LAUGHS}{SHEET.format(CELL.format('&j;'))}".encode(),
        "entity after a long comment": f"{late}{XXE}{SHEET.format(CELL.format('&a;'))}".encode(),
        "entity in UTF-16": f'<?xml version="1.0" encoding="UTF-16"?>{XXE}{SHEET.format(CELL.format("&a;"))}'.encode(
            "utf-16"
        ),
        "parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'
        + SHEET.format("").encode(),
        "external DTD": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + SHEET.format("").encode(),
        "xinclude": SHEET.format(
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
        ).encode(),
        "nested without end": b"<a>" * 200_000,
        "unclosed": SHEET.format(CELL.format("a")).encode()[:-40],
        "no XML": b"\x00\x01\x02" * 99,
    }
    return {f"xlsx: {name}": with_parts(plain, {sheet: content}) for name, content in found.items()} | {
        f"ods: {name}": ods(content) for name, content in found.items()
    }


def pickles(sentinel: str) -> dict[str, bytes]:
    """What runs code as it is opened by a careless reader."""
    import numpy as np

    made = {f"pickle, protocol {number}": pickle.dumps(Runs(sentinel), protocol=number) for number in (0, 2, 4, 5)}
    array = io.BytesIO()
    np.save(array, np.array([Runs(sentinel)], dtype=object), allow_pickle=True)
    arrays = io.BytesIO()
    np.savez(arrays, a=np.array([Runs(sentinel)], dtype=object))
    made |= {"npy with objects": array.getvalue(), "npz with objects": arrays.getvalue()}
    made["pickle in zlib, as joblib has it"] = zlib.compress(pickle.dumps(Runs(sentinel)))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Runs(sentinel)))
        archive.writestr("archive/version", "3")
    made["pickle in a zip, as torch has it"] = packed.getvalue()
    made["skops that calls open"] = skops_that_calls("io", "open", sentinel)
    made["skops that calls system"] = skops_that_calls("posix", "system", f"touch {sentinel}")
    made["skops with eval"] = skops_that_calls("builtins", "eval", f"open({sentinel!r}, 'w')")
    made["python source"] = f"open({sentinel!r}, 'w')\n".encode()
    return made


def skops_that_calls(module: str, name: str, *words: str) -> bytes:
    """A model file that calls a function when everything in it is trusted."""
    told = [
        {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(one)}
        for one in words
    ]
    inner = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": told}
    schema = {
        "__class__": name,
        "__module__": module,
        "__loader__": "ConstructorFromReduceNode",
        "content": inner,
        "protocol": 2,
        "_skops_version": "0.16.0",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    return packed.getvalue()


def yamls(sentinel: str) -> dict[str, bytes]:
    """YAML that makes objects, blows up, or reads otherwise than it looks."""
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    texts = {
        "object/apply": f"!!python/object/apply:os.system ['touch {sentinel}']",
        "object/new": f"x: !!python/object/new:os.system ['touch {sentinel}']",
        "object": "x: !!python/object:os.environ {}",
        "name": "x: !!python/name:os.system",
        "module": "x: !!python/module:os",
        "tuple": "x: !!python/tuple [1]",
        "long tag": f"x: !<tag:yaml.org,2002:python/object/apply:os.system> ['touch {sentinel}']",
        "tag by a directive": f"%TAG ! tag:yaml.org,2002:python/\n---\nx: !object/apply:os.system ['touch {sentinel}']",
        "anchors without end": bomb,
        "anchor in a choice": f"{bomb}eligibility: {{age_on: *a11}}",
        "anchor of itself": "a: &a [*a]",
        "merge": "a: &a {x: 1}\nb:\n  <<: *a\n  municipality: x",
        "merge of many": "a: &a {x: 1}\nb: {<<: [*a, *a, *a]}",
        "deep sequence": "x: " + "[" * 3000 + "]" * 3000,
        "deep mapping": "{a: " * 3000 + "1" + "}" * 3000,
        "deep compact": "- " * 3000 + "1",
        "key twice": "municipality: {name: a, name: b, code: '0797'}",
        "key of a sequence": "? [a, b]\n: c",
        "key of a mapping": "? {a: b}\n: c",
        "a day that does not exist": "x: 2024-13-45",
        "number without end": "x: " + "9" * 20_000,
        "infinity": "schema_version: .inf\nmunicipality: .nan",
        "sexagesimal": "schema_version: 190:20:30",
        "octal": "municipality: {name: x, code: 0797}",
        "binary": "x: !!binary aGVsbG8=",
        "set": "x: !!set {a, b}",
        "several documents": "a: 1\n---\nb: 2",
        "control character": "x: \x07",
        "null byte": "x: \x00",
        "line break in a key": '"x\\nError: all is well.": 1',
        "escape in a key": '"x\\e[2J": 1',
        "tab": "a:\n\tb: 1",
        "unclosed": "a: [1, 2",
        "no mapping": "just a line",
        "empty": "",
        "alias of nothing": "x: *nobody",
        "many keys": "".join(f"k{number}: 1\n" for number in range(20_000)),
        "long scalar": f"x: {'y' * 1_000_000}",
        "a float that is none": "x: !!float nope",
    }
    return {name: text.encode() for name, text in texts.items()} | {
        "not UTF-8": b"x: \xff\xfe",
        "UTF-16": "x: 1".encode("utf-16"),
        "pickle": pickle.dumps(Runs(sentinel)),
    }


def tars(sentinel: str) -> dict[str, bytes]:
    """Backups that would write elsewhere."""

    def made(*entries: tuple[str, bytes | None, bytes], link: str = "") -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:") as out:
            for name, content, kind in entries:
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname, entry.size = kind, link, len(content or b"")
                out.addfile(entry, io.BytesIO(content or b""))
        return packed.getvalue()

    def manifest(*names: str) -> tuple[str, bytes, bytes]:
        from hashlib import sha256

        from smartstart.backups import _FORMAT, MANIFEST

        files = {name: sha256(b"x").hexdigest() for name in names}
        return MANIFEST, json.dumps({"format": _FORMAT, "files": files}).encode(), tarfile.REGTYPE

    plain = tarfile.REGTYPE
    found = {
        f"tar: {name}": made((name, b"x", plain), manifest(name))
        for name in (
            "../../x",
            "/dev/shm/x",
            sentinel,
            "a/../../x",
            "C:\\x",
            "\\\\server\\x",
            "ledger/../../x",
            "programme.yaml",
        )
    }
    found |= {
        f"tar: {kind!r}": made(("programme.yaml", None, kind), manifest(), link="/etc/passwd")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    }
    from smartstart.backups import MANIFEST

    deep = b"[" * 100_000 + b"]" * 100_000
    return found | {
        "tar: manifest without end": made((MANIFEST, deep, plain)),
        "tar: no manifest": made(("x", b"x", plain)),
        "tar: manifest is a pickle": made((MANIFEST, pickle.dumps(Runs(sentinel)), plain)),
        "tar: cut off": made(("x", b"x" * 5000, plain), manifest("x"))[:3000],
        "tar: compressed": zlib.compress(made(("x", b"x", plain))),
    }


def jsons(sentinel: str) -> dict[str, bytes]:
    """What should be JSON, or a line of it."""
    return {
        "json without end": b"[" * 100_000 + b"]" * 100_000,
        "json of numbers without end": b'{"x": ' + b"9" * 20_000 + b"}",
        "json: not a number": b'{"x": NaN}',
        "json: key twice": b'{"a": 1, "a": 2}',
        "json: half surrogate": b'{"a": "\\ud800"}',
        "json: a list": b"[]",
        "json: null": b"null",
        "json: not UTF-8": b"\xff\xfe{}",
        "json: empty": b"",
        "json: a number": b"1e999",
        "json: prototype": b'{"__class__": "os", "__proto__": {}}',
        "json: terminal": json.dumps({"\x1b[2J\nError: all is well.": 1}).encode(),
        "json: pickle": pickle.dumps(Runs(sentinel)),
    }


def everything(sentinel: str) -> Iterator[tuple[str, str, bytes]]:
    """Yield (family, name, content) of all of them."""
    groups: dict[str, Callable[[], dict[str, bytes]]] = {
        "zip": lambda: archives(sentinel),
        "xml": xml_files,
        "pickle": lambda: pickles(sentinel),
        "yaml": lambda: yamls(sentinel),
        "tar": lambda: tars(sentinel),
        "json": lambda: jsons(sentinel),
    }
    for family, made in groups.items():
        for name, content in made().items():
            yield family, name, content
