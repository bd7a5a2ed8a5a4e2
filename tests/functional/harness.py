"""What the functional tests share: the command line in this process, and deliveries made by hand."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
from openpyxl import load_workbook

from smartstart.access import FILE as ACCESS_LOG
from smartstart.cli.main import main
from smartstart.synthetic.deliveries import COLUMNS, REGISTER_QUESTIONNAIRE
from smartstart.warehouse.cipher import load_cipher
from smartstart.workspace import find_workspace

RUN_FIELDS = {
    "period", "files", "eligible", "uncertain", "not_eligible", "allocated", "lists", "ledger_head",
}  # fmt: skip
FILE_FIELDS = {"file", "contract", "rows_in", "accepted", "quarantined", "duplicates", "superseded", "refused"}
PRACTICES = ("08990101", "08990202", "08990303")
QUARTERLY = ("personen", "kinderen", "huishoudens", "inkomen", "wonen", "vragenlijst", "meldingen")
WEEKLY = ("personen", "vragenlijst", "meldingen")
Row = dict[str, str]


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str

    @cached_property
    def json(self) -> Any:
        assert self.code in {0, 1, 3}, f"{self.command} gave {self.code}: {self.err}"
        return json.loads(self.out)

    @property
    def text(self) -> str:
        return self.out + self.err


@contextlib.contextmanager
def same_secrets(seed: str) -> Iterator[None]:
    """Make keys and ids, and so who is drawn, the same in every run: what is found can be found again."""
    chance = random.Random(seed)
    with mock.patch("secrets.token_hex", lambda size: chance.randbytes(size).hex()):
        yield


def smartstart(*words: object, w: Path | None = None, typed: str | None = None) -> Done:
    """Run the command line in this process, exactly as the installed script does; ``typed`` is on standard input."""
    command = tuple(map(str, (*words, *(("-w", w) if w else ()))))
    out, err = io.StringIO(), io.StringIO()
    before = os.umask(0o022)  # the common setting of a machine: the command itself must be stricter
    code: Any = None
    try:
        with (
            mock.patch.object(sys, "argv", ["smartstart", *command]),
            mock.patch.object(sys, "stdin", sys.stdin if typed is None else io.StringIO(f"{typed}\n")),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            main()
    except SystemExit as stop:
        code = stop.code
    finally:
        os.umask(before)
    assert isinstance(code, int)
    return Done(command, code, out.getvalue(), err.getvalue())


def ok(*words: object, w: Path | None = None) -> Done:
    """Run a command that must succeed."""
    done = smartstart(*words, w=w)
    assert done.code == 0, f"{done.command} gave {done.code}: {done.err}"
    assert "Traceback" not in done.err
    return done


def in_a_process(*words: object, before: str = "") -> subprocess.Popen[str]:
    """Start the command line in a process of its own; ``before`` is Python that runs first."""
    code = f"import sys\n{before}\nfrom smartstart.cli.main import main\nsys.argv[0] = 'smartstart'\nmain()\n"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> Done:
    out, err = process.communicate(timeout=60)
    return Done(("process",), process.returncode, out, err)


def is_one_sentence(done: Done, code: int) -> bool:
    """Tell whether an error is what is promised: its exit code, one sentence, no traceback, nothing on stdout."""
    lines = done.err.strip().splitlines()
    return (
        done.code == code
        and done.out == ""
        and len(lines) == 1
        and lines[0].startswith("Error: ")
        and lines[0].endswith((".", "?"))
        and "Traceback" not in done.err
        and "unexpected fault" not in done.err
    )


def quick_engine() -> duckdb.DuckDBPyConnection:
    """Stand in for the warehouse's own: without the check of the extension's signature, most of an opening's time."""
    connection = duckdb.connect(":memory:", config={"threads": 1, "allow_unsigned_extensions": True})
    load_cipher(connection)
    return connection


# --- deliveries made by hand ------------------------------------------------------------------------------


def bsn(nth: int) -> str:
    """Return the nth of a row of numbers that pass the elfproef and belong to nobody we know."""
    base = 98_000_000 + 2 * nth
    rest = _weighed(base)
    if rest == 10:
        base, rest = base + 1, _weighed(base + 1)
    return f"{base}{rest}"


def _weighed(base: int) -> int:
    return sum(weight * int(digit) for weight, digit in zip(range(9, 1, -1), str(base), strict=True)) % 11


@dataclass
class Town:
    """Extracts made by hand: add women and events, then write them as a folder."""

    def __post_init__(self) -> None:
        self.tables: dict[str, list[Row]] = {name: [] for name in COLUMNS}

    def woman(
        self,
        nth: int,
        *,
        practice: str = PRACTICES[0],
        client: str | None = None,
        filled: date = date(2024, 3, 11),
        week: int = 13,
        consent: str | None = None,
        questionnaire: bool = True,
        **person: str,
    ) -> str:
        """Add a woman of 24, in week 13 on the day of her questionnaire, unless said otherwise; return her BSN."""
        number = bsn(nth)
        if not any(row["burgerservicenummer"] == number for row in self.tables["personen"]):
            self._add("personen", burgerservicenummer=number, **self._person(nth) | person)
            day = "20240201"
            partner = "zonder_partner" if nth % 2 else "gehuwd_paar"
            work, benefit = ("N", "participatiewet") if nth % 3 else ("J", "geen")
            self._add(
                "huishoudens", burgerservicenummer=number, peildatum=day, huishoudtype=partner, aantal_kinderen="0"
            )
            self._add("inkomen", burgerservicenummer=number, peildatum=day, betaald_werk=work, soort_uitkering=benefit)
            self._add("wonen", burgerservicenummer=number, peildatum=day, eigendom="huur", huurtoeslag="J")
        if questionnaire:
            self._add(
                "vragenlijst",
                clientnummer=client or f"C{nth:06}",
                burgerservicenummer=number,
                praktijk_agb=practice,
                invuldatum=f"{filled:%d-%m-%Y}",
                aterme_datum=f"{filled + timedelta(days=280 - 7 * week):%d-%m-%Y}",
                meetmoment="nulmeting",
                toestemming_datum=f"{filled:%d-%m-%Y}" if consent is None else consent,
                zwangerschap_gewenst="J",
                roken="N",
            )
        return number

    def child(self, mother: int, child: int, born: str) -> None:
        self._add(
            "kinderen",
            burgerservicenummer_moeder=bsn(mother), burgerservicenummer_kind=bsn(child), geboortedatum_kind=born,
        )  # fmt: skip

    def event(self, nth: int, kind: str, day: str) -> None:
        self._add("meldingen", burgerservicenummer=bsn(nth), soort=kind, datum=day)

    def write(self, folder: Path, files: Iterable[str] = QUARTERLY) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name in files:
            columns = REGISTER_QUESTIONNAIRE if name == "vragenlijst" else COLUMNS[name]
            write_csv(folder / f"{name}.csv", columns, self.tables[name])
        return folder

    def _add(self, table: str, **row: str) -> None:
        self.tables[table].append(row)

    @staticmethod
    def _person(nth: int) -> Row:
        return {
            "voornamen": f"Vrouwe{nth}", "voorvoegsel": "van", "geslachtsnaam": f"Proefstra{nth}",
            "geboortedatum": "19990310", "geslachtsaanduiding": "V", "straatnaam": "Testdreef", "huisnummer": str(nth),
            "huisletter": "", "postcode": "5151 ZZ", "woonplaats": "Drunen", "gemeentecode": "0797",
            "indicatie_geheim": "0", "datum_overlijden": "", "reden_opschorting": "",
        }  # fmt: skip


def town_of(women: int = 24) -> Town:
    """Return a first quarter: women of three practices, every one of them eligible."""
    town = Town()
    for nth in range(1, women + 1):
        town.woman(nth, practice=PRACTICES[nth % 3])
    return town


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Row], *, encoding: str = "utf-8") -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), delimiter=";", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def read_csv(path: Path) -> list[Row]:
    """Read an extract in plain Python, apart from the code under test."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def change_header(path: Path, old: str, new: str) -> None:
    head, _, body = path.read_text("utf-8").partition("\n")
    assert old in head.split(";")
    head = ";".join(part for part in (new if name == old else name for name in head.split(";")))
    path.write_text(f"{head}\n{body}", "utf-8")


# --- workspaces -------------------------------------------------------------------------------------------


def init(folder: Path, *options: object) -> Path:
    ok("init", folder, "--rehearsal", *options)
    return folder


def quarterly(workspace: Path, folder: Path, period: str = "2024Q1", as_of: str = "2024-04-02", *more: object) -> Done:
    return smartstart(
        "run", "quarterly", "--extracts", folder, "--period", period, "--as-of", as_of, "--json", *more, w=workspace
    )


def weekly(workspace: Path, folder: Path, period: str, as_of: str, *more: object) -> Done:
    return smartstart(
        "run", "weekly", "--extracts", folder, "--period", period, "--as-of", as_of, "--json", *more, w=workspace
    )


def copied(workspace: Path, to: Path) -> Path:
    shutil.copytree(workspace, to)
    return to


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file of a folder with its time and bytes: what "touches nothing" is held against.

    The access log is left out: that somebody looked is always told.
    """
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ACCESS_LOG
    }


def documents(workspace: Path) -> dict[str, bytes]:
    """Return the bytes of every file but the two databases, whose pages are sealed anew when they are opened."""
    return {
        name: content
        for name, (_, content) in everything(workspace).items()
        if not name.startswith(("warehouse.duckdb", "vault.sqlite", "tmp/"))
    }


def arms(workspace: Path) -> dict[str, str]:
    """Return BSN -> arm, for the women of ``Town``."""
    with find_workspace(workspace).open() as (warehouse, vault):
        drawn = {row["research_id"]: row["arm"] for row in warehouse.rows("SELECT research_id, arm FROM allocation")}
        known = vault.known_ids(bsn(nth) for nth in range(1, 400))
    return {number: drawn[who] for number, who in known.items() if who in drawn}


def women_of(arm: str, workspace: Path) -> list[int]:
    """Return the numbers of the women of ``Town`` with this arm."""
    drawn = arms(workspace)
    return [nth for nth in range(1, 400) if drawn.get(bsn(nth)) == arm]


def listed(workspace: Path) -> dict[tuple[str, str], list[str]]:
    """Return (batch, practice) -> client numbers, from the XLSX files of invitations on the disk."""
    found = {}
    for path in invitation_workbooks(workspace):
        found[path.parent.name, path.stem] = [row[0] for row in list_rows(path)]
    return found


def invitation_workbooks(workspace: Path) -> list[Path]:
    """Return the workbooks of invitations: a batch's folder begins with its year, other lists lie beside them."""
    return sorted((workspace / "lists").glob("[0-9]*/*.xlsx"))


def list_rows(path: Path) -> list[tuple[str, ...]]:
    """Return the women on a list as rows of text."""
    book = load_workbook(path)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    header = next(at for at, row in enumerate(rows) if row[0] == "Cliëntnummer")
    women = []
    for row in rows[header + 1 :]:
        if row[0] is None or row[1] is None:
            break
        women.append(tuple("" if cell is None else str(cell) for cell in row))
    return women


def all_listed(workspace: Path) -> set[str]:
    return {client for clients in listed(workspace).values() for client in clients}


def client(nth: int) -> str:
    return f"C{nth:06}"


def counts_of(report: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {file["contract"]: file for file in report["files"]}


def reconciles(file: dict[str, Any]) -> bool:
    ways = ("accepted", "quarantined", "duplicates", "superseded", "refused")
    return bool(file["rows_in"] == sum(file[way] for way in ways))


def by(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups
