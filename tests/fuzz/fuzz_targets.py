"""What is fuzzed: every reader of bytes that others make. One function of bytes each, and the files it begins with.

The rule is the same for all: what comes in is read, or refused by an error of our own tree in one sentence without a
value of the file. Anything else, an exception of a library, a crash or a hang, is a finding.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import runpy
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from smartstart.errors import SmartstartError

ROOT = Path(__file__).parents[2]
CANARY = "CANARY990"  # stands in the values of every seed; no sentence may hold it
OneInput = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """One reader: its name, the seeds, and what makes its function of bytes, given a folder to write in."""

    name: str
    seeds: Callable[[], list[bytes]]
    make: Callable[[Path], OneInput]


@contextmanager
def documented() -> Iterator[None]:
    """Let an error of our own pass, if it says one sentence and no value of the file."""
    try:
        yield
    except SmartstartError as error:
        sentence = str(error)
        if CANARY in sentence or "\n" in sentence or not sentence:
            raise AssertionError("an error says a value of the file, or more than a sentence") from error


# --- deliveries -------------------------------------------------------------------------------------------


def _table() -> Any:
    from valid_delivery import valid_delivery

    table = valid_delivery()["personen"]
    return (
        replace(table, rows=table.rows[:2])
        .with_cell(1, "geslachtsnaam", f"{CANARY}, Ré")
        .with_cell(2, "voornamen", f'"{CANARY}"; of')
    )


def _read_and_sort(path: Path) -> None:
    """Read one file as ``check`` does, and see that its rows add up."""
    from valid_delivery import AS_OF, CONTRACTS

    from smartstart.check_files import _anybody
    from smartstart.extracts.reading import read_extract
    from smartstart.intake.sorting import sort_delivery

    extract = read_extract(path, CONTRACTS["personen"])
    (file,) = sort_delivery([extract], AS_OF, only_consented=False, known=_anybody([extract]))
    counts = file.counts()
    assert counts.pop("rows_in") == sum(counts.values())


def delimited_seeds() -> list[bytes]:
    from file_formats import as_csv

    table = _table()
    whole = as_csv(table)
    return [whole, as_csv(table, encoding="utf-16"), as_csv(table, separator="\t", line_end="\r\n"), b'a;b\n"x\ny";2\n']


def delimited(folder: Path) -> OneInput:
    from smartstart.extracts.delimited import split
    from smartstart.extracts.encoding import decode

    path, times = folder / "personen.csv", iter(range(2**62))

    def one_input(content: bytes) -> None:
        with documented():
            records = split(decode(content, "personen.csv"), "personen.csv")
            numbers = [*records.frame["_row"].to_list(), *(fault.row for fault in records.faults)]
            assert sorted(numbers) == list(range(1, records.rows_in + 1))
            if next(times) % 20 == 0:  # the whole way takes a hundred times as long
                path.write_bytes(content)
                _read_and_sort(path)

    return one_input


def sheets_seeds() -> list[bytes]:
    """Return whole workbooks, and the parts in which a reader can be led astray; the first byte says which."""
    from file_formats import SHEET, as_ods, as_xlsx, unzipped

    book, sheet = as_xlsx(_table()), as_ods(_table())
    parts = unzipped(book)
    cell = b'<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2" t="s"><v>0</v></c><c r="C2" t="b"><v>1</v></c></row>'
    small = parts[SHEET].partition(b"<sheetData>")[0] + b"<sheetData>" + cell + b"</sheetData></worksheet>"
    return [
        b"\x00" + book,
        b"\x01" + sheet,
        b"\x02" + parts[SHEET],
        b"\x02" + small,
        b"\x03" + unzipped(sheet)["content.xml"],
        b"\x04" + parts["xl/workbook.xml"],
        b"\x05" + parts["xl/_rels/workbook.xml.rels"],
    ]


def sheets(folder: Path) -> OneInput:
    from file_formats import SHEET, as_ods, as_xlsx, unzipped, zipped

    from smartstart.extracts.sheets import read_sheet

    book, sheet = unzipped(as_xlsx(_table())), unzipped(as_ods(_table()))
    within = {
        2: (book, SHEET),
        3: (sheet, "content.xml"),
        4: (book, "xl/workbook.xml"),
        5: (book, "xl/_rels/workbook.xml.rels"),
    }

    def one_input(content: bytes) -> None:
        kind, body = (content[0] % 6, content[1:]) if content else (0, b"")
        if kind in within:
            parts, name = within[kind]
            body = zipped(parts | {name: body})
        with documented():
            records = read_sheet(body, "personen.xlsx" if kind != 3 else "personen.ods")
            assert records.frame.height + len(records.faults) == records.rows_in

    return one_input


def parquet_seeds() -> list[bytes]:
    from file_formats import as_parquet
    from oddities import parquet_in_categories, parquet_natively

    table = _table()
    return [as_parquet(table), parquet_in_categories(table), parquet_natively(table)]


def parquet(folder: Path) -> OneInput:
    path = folder / "personen.parquet"

    def one_input(content: bytes) -> None:
        path.write_bytes(content)
        with documented():
            _read_and_sort(path)

    return one_input


def manifest_seeds() -> list[bytes]:
    line = f"{hashlib.sha256(b'x').hexdigest()}  personen.csv\n"
    return [line.encode(), (line.replace("  ", " *") + "\n" + "0" * 64 + "  ../x\n" + "abc\n").encode()]


def manifest(folder: Path) -> OneInput:
    from valid_delivery import CONTRACTS

    from smartstart.extracts.finding import find_files

    (folder / "personen.csv").write_bytes(b"x")

    def one_input(content: bytes) -> None:
        (folder / "manifest.sha256").write_bytes(content)
        with documented():
            find_files(folder, CONTRACTS, {*CONTRACTS})

    return one_input


# --- configuration ----------------------------------------------------------------------------------------


def configuration_seeds() -> list[bytes]:
    """Return every kind of YAML that people write; the first byte says which."""
    configs = ROOT / "configs"
    seeds = [b"\x00" + path.read_bytes() for path in sorted((configs / "programmes").glob("*.yaml"))]
    seeds += [b"\x01" + path.read_bytes() for path in sorted((ROOT / "data_contracts").glob("[kv]*.yaml"))]
    seeds += [b"\x02" + path.read_bytes() for path in sorted((configs / "instruments").glob("*.yaml"))]
    return [*seeds, b"\x03" + _agreement_text().encode(), b"\x00a: 2024-02-01\nb: &x [1, 2]\nc: *x\n"]


def configuration(folder: Path) -> OneInput:
    from smartstart.contracts.odcs import load_contract
    from smartstart.exchange.agreement import load_agreement
    from smartstart.programme.instruments import load_instrument
    from smartstart.programme.loading import load_programme

    path = folder / "some.yaml"
    loaders: tuple[Callable[[Path], object], ...] = (load_programme, load_contract, load_instrument, load_agreement)

    def one_input(content: bytes) -> None:
        path.write_bytes(content[1:])
        with documented():
            loaders[content[0] % 4 if content else 0](path)

    return one_input


# --- the ledger -------------------------------------------------------------------------------------------


def _golden() -> tuple[list[bytes], list[bytes]]:
    """Return ledgers that an earlier version wrote, and their keys."""
    folder = ROOT / "tests" / "golden" / "0.1.0"
    keys = [bytes.fromhex(line) for line in (folder / "keys").read_text("ascii").split()]
    return [path.read_bytes() for path in sorted(folder.glob("*.jsonl"))], keys


def ledger_seeds() -> list[bytes]:
    short = [b"".join(content.splitlines(keepends=True)[:4]) for content in _golden()[0]]
    return [mode + content for content in short for mode in (b"\x00", b"\x01")]


def ledger(folder: Path) -> OneInput:
    """Read a ledger as the program does and as the auditor's tool does: neither may be lost for words.

    In the second mode every line is sealed again, as a forger would, so that more than the hashes is judged.
    """
    from smartstart.trial.entries import from_jsonl
    from smartstart.trial.ledger import verify

    faults: Callable[..., list[str]] = runpy.run_path(str(ROOT / "tools" / "verify_ledger.py"))["faults"]
    keys = _golden()[1]

    def one_input(content: bytes) -> None:
        resealed, text = bool(content) and content[0] % 2 == 1, content[1:]
        if resealed:
            text = _resealed(text)
        sound = False
        with documented():
            found = verify(from_jsonl(text), keys=keys, head=None)
            sound = found.ok
            assert not any(CANARY in sentence for sentence in found.faults)
        told = faults(text, keys)
        assert all("\n" not in sentence for sentence in told)
        assert not (sound and told), "the auditor's tool finds a fault where the program finds none"

    return one_input


def _resealed(text: bytes) -> bytes:
    from smartstart.trial.canonical import canonical_json

    lines, previous = [], "0" * 64
    for number, line in enumerate(text.split(b"\n"), start=1):
        try:
            entry = json.loads(line)
            entry |= {"seq": number, "previous": previous}
            entry.pop("hash", None)
            previous = hashlib.sha256(canonical_json(entry)).hexdigest()
            lines.append(canonical_json(entry | {"hash": previous}))
        except (ValueError, TypeError, AttributeError, RecursionError):
            lines.append(line)
    return b"\n".join(lines)


# --- what municipalities exchange, and backups ------------------------------------------------------------


def _made(number: int) -> Any:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def _agreement() -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from smartstart.exchange.agreement import Agreement, Partner, Reader
    from smartstart.identity.exchange_keys import public_half

    signs = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    one = Partner("0797", "Heusden", public_half(signs), public_half(_made(2)))
    return Agreement("2027-03", "1", False, Reader("statisticus", public_half(_made(3))), (one,)), signs


def _agreement_text() -> str:
    import yaml

    plain = asdict(_agreement()[0])
    return str(yaml.safe_dump(plain | {"municipalities": list(plain["municipalities"])}))


def _summary(tier: Any) -> bytes:
    from smartstart.exchange.summary import Cell, Summary

    cells = (
        Cell("placed_without_mother", "event", "24", "1", "offer", 20, 19, events=1),
        Cell("placed_without_mother", "event", "24", "1", "care_as_usual", 21, 21, events=0),
        Cell("welbevinden", "scale", "eindmeting", "1", "offer", 20, 2, None, 13.0, 12.0, 85.0, 74.0, 79.0),
        Cell("welbevinden", "scale", "eindmeting", "1", "care_as_usual", 20, 2, None, 13.0, 12.0, 85.0, 74.0, 79.0),
    )
    return Summary(
        tier, "0797", CANARY, "smart-start", "statisticus", "2027-03", "2024-01-10", "2026-10-04", "2027-01-01", "p",
        "d", "offer", "care_as_usual", True, cells,
    ).content()  # fmt: skip


def exchange_seeds() -> list[bytes]:
    from smartstart.exchange.envelope import Head, sealed

    agreement, signs = _agreement()
    inside = _summary("exchange")
    envelope = sealed(inside, Head("2027-03", "1", "0797", "summary"), agreement, signs)
    return [b"\x00" + _summary("restricted"), b"\x00" + envelope, b"\x01" + inside]


def exchange(folder: Path) -> OneInput:
    """Pool a file as it came (first byte even), or its content sealed and signed anew (odd), as its sender could."""
    from smartstart.contracts.odcs import load_contracts
    from smartstart.exchange.envelope import Head, sealed
    from smartstart.pooling import pool_files

    agreement, signs = _agreement()
    contracts = load_contracts(ROOT / "data_contracts")
    path, head = folder / "samenvatting.json", Head("2027-03", "1", "0797", "summary")

    def one_input(content: bytes) -> None:
        body = content[1:]
        path.write_bytes(sealed(body, head, agreement, signs) if content[:1] and content[0] % 2 else body)
        with documented(), _at_hand(contracts):
            pool_files([path], agreement, folder)

    return one_input


@contextmanager
def _at_hand(contracts: Any) -> Iterator[None]:
    """Let the reader's key be there without a folder of keys, and the contracts be read once."""
    with (
        mock.patch("smartstart.pooling.seal_key", lambda _folder: _made(3)),
        mock.patch("smartstart.pooling.load_contracts", lambda _folder: contracts),
    ):
        yield


def backup_seeds() -> list[bytes]:
    from smartstart.backups import _FORMAT, MANIFEST, _packed
    from smartstart.workspace import MARK

    files = {MARK: b"{}", "ledger/a.jsonl": CANARY.encode()}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    about = {"format": _FORMAT, "made_on": "2024-01-01", "ledger_head": "", "files": sums}
    whole = _packed({MANIFEST: json.dumps(about).encode(), **files})
    sparse = io.BytesIO()
    with tarfile.open(fileobj=sparse, mode="w", format=tarfile.PAX_FORMAT) as packed:
        entry = tarfile.TarInfo("a")
        entry.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "5", "mtime": "1.5"}
        entry.size = 1
        packed.addfile(entry, io.BytesIO(b"x"))
    return [whole, sparse.getvalue()]


def backup(folder: Path) -> OneInput:
    from smartstart.backups import _unpacked

    path = folder / "b.tar"

    def one_input(content: bytes) -> None:
        path.write_bytes(content)
        with documented():
            _unpacked(path)

    return one_input


TARGETS: dict[str, Target] = {
    one.name: one
    for one in (
        Target("delimited", delimited_seeds, delimited),
        Target("sheets", sheets_seeds, sheets),
        Target("parquet", parquet_seeds, parquet),
        Target("manifest", manifest_seeds, manifest),
        Target("configuration", configuration_seeds, configuration),
        Target("ledger", ledger_seeds, ledger),
        Target("exchange", exchange_seeds, exchange),
        Target("backup", backup_seeds, backup),
    )
}


def broken_seeds() -> list[bytes]:
    return [b"x"]


def broken(folder: Path) -> OneInput:
    """A reader with a fault: the driver must see it."""

    def one_input(content: bytes) -> None:
        raise KeyError(CANARY)

    return one_input


BROKEN = Target("broken", broken_seeds, broken)


def spoiled(seeds: list[bytes], times: int, seed: int) -> Iterator[bytes]:
    """Spoil seeds without any fuzzer, the same way in every run: bytes changed, cut, doubled and moved."""
    chance = random.Random(seed)
    for _ in range(times):
        content = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            if not content:
                break
            at, to = sorted(chance.randrange(len(content) + 1) for _ in range(2))
            way = chance.randrange(4)
            if way == 0 and at < len(content):
                content[at] ^= 1 << chance.randrange(8)
            elif way == 1:
                del content[at : min(to, at + 40)]
            elif way == 2:
                content[at:at] = content[at:to][:40]
            else:
                content[at:at] = bytes(chance.choice((0, 34, 59, 10, 45, 91, 123, 255)) for _ in range(3))
        yield bytes(content)


def regressions(name: str) -> list[bytes]:
    """Return what was found and mended: it stays in every corpus."""
    folder = Path(__file__).parent / "found" / name
    return [path.read_bytes() for path in sorted(folder.glob("*"))] if folder.is_dir() else []


__all__ = ["BROKEN", "CANARY", "TARGETS", "Target", "regressions", "spoiled"]
