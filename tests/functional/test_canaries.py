"""Planted people, of whom nothing may come to light but a name and a client number on the list of their own midwife."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import re
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness import (
    PRACTICES,
    QUARTERLY,
    WEEKLY,
    Done,
    Town,
    all_listed,
    arms,
    bsn,
    change_header,
    copied,
    finished,
    in_a_process,
    list_rows,
    read_csv,
    smartstart,
)
from histories import AS_OF as END_OF_HISTORY
from histories import FIRST_CHILD, FIRST_WOMAN, NAME, write_history
from pypdf import PdfReader
from searching import SHORTEST, Needles, forms_of, layers

from smartstart import releasing, steps
from smartstart.cli.main import app
from smartstart.identity.vault import _key_of, _open
from smartstart.reading_copy import FOLDER, TABLES
from smartstart.risk.candidates import DEFAULT, Candidate
from smartstart.workspace import find_workspace

AS_OF = "2024-04-02"
# (kind, text); numbers of women from 1 to 12 are accepted, 13 is quarantined, 14 gave no consent, 15 is a stranger
WOMEN = range(1, 16)
ACCEPTED, QUARANTINED, REFUSED, STRANGER = range(1, 13), 13, 14, 15
ERASED, CHILD, HISTORY = 11, 120, range(FIRST_WOMAN, FIRST_WOMAN + 40)
INCOME, HOUSEHOLD, BAD_CODE = "ioaw", "ongehuwd_paar", "kanariecode_zonder_betekenis"
HER_BIRTH, DUE, CONSENTED, HIS_BIRTH = date(1999, 2, 27), date(2024, 9, 14), date(2024, 3, 9), date(2019, 8, 17)
SECRET = "kanarie-geheim-van-de-omgeving-77"  # in the environment of whoever runs the commands
MONTHS = ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september")


def name_of(nth: int) -> str:
    return f"Kanariënvliet{nth:02}"


def client_of(nth: int) -> str:
    return f"KANARIE-{nth:05}"


STREET, POSTCODE, TOWN = "Kanariepietdreef", "9753QX", "Kanariewoude"
HOUSE, LETTER = "98741365", "kooitje-achter"
FIRST, PREFIX = "Zwaluwtjena", "van_der_vink"
COMMON_SALTS = ("", "smartstart", "heusden", "0797")


@dataclass(frozen=True)
class Kind:
    """A kind of canary: its texts, and the only places where they may be found (``said`` is what a command prints)."""

    values: tuple[str | bytes | float, ...]
    named: tuple[str, ...] = ()
    seen: bool = True  # it lies somewhere in plain, so that finding it there proves the search


DELIVERED, LISTS, TYPED = "in/*", "*/lists/*", "in/nummer.txt"


def day_texts(day: date) -> tuple[str, ...]:
    """A date in the forms in which it is written."""
    words = f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return (f"{day}", f"{day:%d-%m-%Y}", f"{day:%d/%m/%Y}", f"{day:%Y%m%d}", f"{day:%d.%m.%Y}", words)


def hashes(name: str, women: Iterable[int]) -> tuple[str | bytes, ...]:
    """The unkeyed hashes of numbers, in hexadecimal and as bytes: they hide nobody."""
    made = [hashlib.new(name, f"{salt}{bsn(nth)}".encode()) for nth in women for salt in COMMON_SALTS]
    return tuple(each for one in made for each in (one.hexdigest(), one.digest()))


def canaries(women: Iterable[int] = WOMEN) -> dict[str, list[str]]:
    """Return the texts that the warehouse and the vault are asked about."""
    women = list(women)
    return {
        "bsn": [bsn(nth) for nth in women],
        "name": [name_of(nth) for nth in women],
        "first name": [FIRST],
        "client number": [client_of(nth) for nth in women],
        "address": [STREET, POSTCODE, TOWN, HOUSE, LETTER],
        "quarantined value": [BAD_CODE],
    }


def planted() -> dict[str, Kind]:
    """Return the kinds that are known before anything runs."""
    dotted = [
        (f"{x[:3]}.{x[3:6]}.{x[6:]}", f"{x[:4]}.{x[4:6]}.{x[6:]}", f"{x[:3]} {x[3:6]} {x[6:]}") for x in map(bsn, WOMEN)
    ]
    return {
        "bsn of a woman": Kind(tuple(bsn(nth) for nth in ACCEPTED if nth != ERASED), (DELIVERED,)),
        "bsn of a woman who was erased": Kind((bsn(ERASED),), (DELIVERED,)),
        "bsn of a quarantined row": Kind((bsn(QUARANTINED),), (DELIVERED,)),
        "bsn without consent": Kind((bsn(REFUSED),), (DELIVERED,)),
        "bsn of a stranger": Kind((bsn(STRANGER),), (DELIVERED,)),
        "bsn of a child": Kind((bsn(CHILD),), (DELIVERED,)),
        "bsn of a woman of the history": Kind(tuple(map(bsn, HISTORY)), ("in/history/*",)),
        "bsn of a child of the history": Kind(tuple(bsn(FIRST_CHILD + 2 * nth) for nth in HISTORY), ("in/history/*",)),
        "bsn with points or spaces": Kind(tuple(text for texts in dotted for text in texts), seen=False),
        "md5 of a bsn": Kind(hashes("md5", WOMEN), seen=False),
        "sha1 of a bsn": Kind(hashes("sha1", WOMEN), seen=False),
        "sha256 of a bsn": Kind(hashes("sha256", WOMEN), seen=False),
        "sha512 of a bsn": Kind(hashes("sha512", WOMEN), seen=False),
        "blake2b of a bsn": Kind(hashes("blake2b", WOMEN), seen=False),
        "surname": Kind(tuple(name_of(nth) for nth in ACCEPTED), (DELIVERED, LISTS)),
        "surname of who is on no list": Kind(tuple(map(name_of, (QUARANTINED, REFUSED, STRANGER))), (DELIVERED,)),
        "surname of the history": Kind(tuple(f"{NAME}{nth}" for nth in HISTORY), ("in/history/*",)),
        "given name": Kind((FIRST,), (DELIVERED, LISTS)),
        "prefix of the surname": Kind((PREFIX,), (DELIVERED, LISTS)),
        "street": Kind((STREET,), (DELIVERED,)),
        "house number": Kind((HOUSE,), (DELIVERED,)),
        "house letter": Kind((LETTER,), (DELIVERED,)),
        "postcode": Kind((POSTCODE, f"{POSTCODE[:4]} {POSTCODE[4:]}"), (DELIVERED,)),
        "town": Kind((TOWN,), (DELIVERED,)),
        "client number": Kind(tuple(client_of(nth) for nth in ACCEPTED), (DELIVERED, LISTS)),
        "client number of who is on no list": Kind(
            tuple(map(client_of, (QUARANTINED, REFUSED, STRANGER))), (DELIVERED,)
        ),
        "birth date of a woman": Kind(day_texts(HER_BIRTH), (DELIVERED,)),
        "birth date of a child": Kind(day_texts(HIS_BIRTH), (DELIVERED,)),
        "due date": Kind(day_texts(DUE), (DELIVERED,)),
        "date of consent": Kind(day_texts(CONSENTED), (DELIVERED,)),
        "value of a quarantined row": Kind((BAD_CODE,), (DELIVERED,)),
        "a secret of the environment": Kind((SECRET,), seen=False),
    }


def found_out(place: Path, workspaces: Iterable[Path], keys: Path) -> dict[str, Kind]:
    """Return the kinds that are made while the commands run: what opens things, what leads to her, and her risk."""
    ids, pseudonyms, tokens, persons, risks = set(), set(), set(), set(), set()
    found = [find_workspace(folder) for folder in workspaces]
    for workspace in found:
        with workspace.open() as (warehouse, vault):
            for who, sealed in vault._connection.execute("SELECT research_id, sealed FROM person_key"):
                persons.add(_open(vault._cipher, sealed, *_key_of(who)))
            for who, pseudonym in vault._connection.execute("SELECT research_id, pseudonym FROM identity"):
                ids.add(who)
                pseudonyms.add(pseudonym)
            tokens |= {row["token"] for row in warehouse.rows("SELECT token FROM allocation")}
            risks |= set(_risks(warehouse))
    held = [path for workspace in found for path in workspace.keys_folder.rglob("*") if path.is_file()]
    secrets = {path: path.read_text("utf-8").strip() for path in held}
    keyed = {
        path.stem: {text for other, text in secrets.items() if other.stem == path.stem}
        for path in held
        if path.suffix == ".key"
    }
    kinds = {f"key '{name}'": Kind(tuple(each for text in texts for each in (text, bytes.fromhex(text))), ("keys/*",))
             for name, texts in keyed.items()}  # fmt: skip
    phrases = tuple(text for path, text in secrets.items() if path.suffix != ".key")
    odds = tuple(float(np.log(risk / (1 - risk))) for risk in risks if 0 < risk < 1)
    return kinds | {
        "passphrase": Kind(phrases, ("keys/*",)),
        "key of a person": Kind(tuple(persons), seen=False),
        "research id": Kind(tuple(ids), ("*/vault.sqlite", "out/*b.tar")),
        "pseudonym": Kind(tuple(pseudonyms), ("*/vault.sqlite", "out/*b.tar")),
        "token": Kind(tuple(tokens), ("*/ledger/ledger.jsonl", "out/*b.tar", "out/*.jsonl")),
        "nonce of the second officer": Kind(
            ((place / "out" / "nonce.txt").read_text("utf-8").strip(),), ("out/nonce.txt",)
        ),
        "risk": Kind(tuple(risks), seen=False),
        "log odds of the risk": Kind(odds, seen=False),
    }


def _risks(warehouse: Any) -> Iterator[float]:
    """Every risk and score that stands in a warehouse."""
    columns = warehouse.rows(
        "SELECT schema_name AS s, table_name AS t, column_name AS c FROM duckdb_columns() "
        "WHERE data_type = 'DOUBLE' AND column_name IN ('risk', 'score') AND database_name = 'warehouse'"
    )
    for at in columns:
        rows = warehouse.rows(f'SELECT DISTINCT "{at["c"]}" AS risk FROM "{at["s"]}"."{at["t"]}"')
        yield from (float(row["risk"]) for row in rows if row["risk"] is not None)


def town() -> Town:
    found = Town()
    for nth in WOMEN:
        found.woman(
            nth, practice=PRACTICES[nth % 2], client=client_of(nth), questionnaire=nth != STRANGER,
            consent="" if nth == REFUSED else f"{CONSENTED:%d-%m-%Y}",
            voornamen=FIRST, voorvoegsel=PREFIX, geslachtsnaam=name_of(nth), straatnaam=STREET, postcode=POSTCODE,
            woonplaats=TOWN, huisnummer=HOUSE, huisletter=LETTER, geboortedatum=f"{HER_BIRTH:%Y%m%d}",
            indicatie_geheim="7" if nth % 4 else "0",
        )  # fmt: skip
    for row in found.tables["inkomen"]:
        row["soort_uitkering"] = INCOME
    for row in found.tables["huishoudens"]:
        row["huishoudtype"] = HOUSEHOLD
        if row["burgerservicenummer"] == bsn(QUARANTINED):
            row["huishoudtype"] = BAD_CODE
    found.child(12, CHILD, f"{HIS_BIRTH:%Y%m%d}")
    for row in found.tables["vragenlijst"]:
        row["aterme_datum"] = f"{DUE:%d-%m-%Y}"
        if row["burgerservicenummer"] == bsn(QUARANTINED):
            row["aterme_datum"] = BAD_CODE
    return found


# --- looking ----------------------------------------------------------------------------------------------


@dataclass
class Aviary:
    """A workspace with planted people, all that its commands have said, and every file that lay there after each.

    Files are kept once for their bytes, and looked through at the end, when every key and number is known.
    """

    place: Path
    workspace: Path
    delivery: Path
    lost: int = 0  # the woman of whom a stillbirth was told
    said: list[Done] = field(default_factory=list)
    kept: dict[bytes, Path] = field(default_factory=dict)
    lay: dict[tuple[str, bytes], str] = field(
        default_factory=dict
    )  # (place, checksum) -> the first command after which
    paths: set[str] = field(default_factory=set)
    known: dict[Path, tuple[int, int, bytes]] = field(default_factory=dict)

    @property
    def outside(self) -> Path:
        return self.place / "out"

    def do(self, *words: object, code: int | None = 0, typed: str | None = None) -> Done:
        """Run a command; keep all it has said and every file that is there after it. None is any documented code."""
        elsewhere = words[0] in {"init", "restore", "contracts", "provision"} or words[:2] in WITHOUT_WORKSPACE
        done = smartstart(*words, w=None if elsewhere else self.workspace, typed=typed)
        assert done.code in ({0, 1, 2, 3, 4, 5} if code is None else {code}), (done.command, done.code, done.err)
        assert "unexpected fault" not in done.err or code == 1, (done.command, done.err)
        self.look(done)
        return done

    def look(self, done: Done) -> None:
        self.said.append(done)
        command = " ".join(map(str, done.command[:2]))
        self._keep(f"said {command}", done.text.encode(), command)
        for top in WATCHED:
            for path in (self.place / top).rglob("*"):
                place = path.relative_to(self.place).as_posix()
                self.paths.add(place)
                if path.is_file() and not path.is_symlink():
                    stat = path.stat()
                    at = self.known.get(path)
                    if at is None or at[:2] != (stat.st_mtime_ns, stat.st_size):
                        at = self.known[path] = (
                            *(stat.st_mtime_ns, stat.st_size),
                            self._keep(place, path.read_bytes(), command),
                        )
                    self.lay.setdefault((place, at[2]), command)

    def _keep(self, place: str, content: bytes, command: str) -> bytes:
        digest = hashlib.sha256(content).digest()
        self.lay.setdefault((place, digest), command)
        if digest not in self.kept:
            self.kept[digest] = self.place / "spool" / digest.hex()
            self.kept[digest].write_bytes(content)
        return digest


WITHOUT_WORKSPACE = {("trial", "nonce"), ("trial", "events"), ("trial", "boundaries"), ("trial", "pool")}
WATCHED = ("in", "keys", "w", "rights", "scored", "out", "tmp", "home")


@pytest.fixture(scope="module")
def kinds(aviary: Aviary) -> dict[str, Kind]:
    made = [path for path in (aviary.place / name for name in ("w", "rights", "scored")) if path.is_dir()]
    return planted() | found_out(aviary.place, made, aviary.place / "keys")


@pytest.fixture(scope="module")
def sightings(aviary: Aviary, kinds: dict[str, Kind]) -> set[tuple[str, str, str]]:
    """Return (kind, place, encoding) of everything that was seen anywhere, after any command."""
    needles = Needles({name: kind.values for name, kind in kinds.items()})
    seen: dict[bytes, set[tuple[str, str]]] = {}
    for digest, path in aviary.kept.items():
        seen[digest] = set()
        for layer, plain in layers(path.read_bytes()):
            seen[digest] |= needles.found_in(layer, 4 if plain else SHORTEST)
    found = {(kind, place, encoding) for place, digest in aviary.lay for kind, encoding in seen[digest]}
    return found | {
        (kind, f"path {place}", how) for place in aviary.paths for kind, how in needles.found_in(place.encode())
    }


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aviary]:
    """All commands, the failing ones too, on planted people; keys, temporary files and the home folder are watched."""
    place = tmp_path_factory.mktemp("aviary")
    for name in ("out", "tmp", "home", "keys", "spool"):
        (place / name).mkdir()
    extracts = town().write(place / "in" / "2024Q1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", None)  # Python remembers the one that it found first
        for variable in ("TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "SMARTSTART_KEYS"):
            folder = {"TMPDIR": "tmp", "SMARTSTART_KEYS": "keys"}.get(variable, "home")
            patch.setenv(variable, str(place / folder))
        for variable in ("KANARIE", "AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_PASSWORD"):
            patch.setenv(variable, SECRET)
        found = Aviary(place, place / "w", extracts)
        _played(found, place, extracts)
        yield found
        tempfile.tempdir = None


def _played(found: Aviary, place: Path, extracts: Path) -> None:
    run = ("run", "quarterly", "--extracts", extracts, "--period", "2024Q1", "--as-of", AS_OF)

    found.do("init", found.workspace, "--rehearsal")
    found.do("check", extracts, "--as-of", AS_OF)
    found.do("check", extracts, "--as-of", AS_OF, "--json")
    found.do(*run, "--dry-run")

    # runs that fail: the header is data, a column is wrong, a step breaks down, the process dies
    headless = copied(extracts, place / "in" / "headless")
    for name in QUARTERLY:
        lines = (headless / f"{name}.csv").read_text("utf-8").splitlines()
        (headless / f"{name}.csv").write_text("\n".join(lines[1:] or lines), "utf-8")
    found.do("run", "quarterly", "--extracts", headless, "--period", "2024Q1", "--as-of", AS_OF, code=3)
    found.do("check", headless, code=3)
    misnamed = copied(extracts, place / "in" / "misnamed")
    change_header(misnamed / "personen.csv", "geslachtsnaam", name_of(1))
    found.do("run", "quarterly", "--extracts", misnamed, "--period", "2024Q1", "--as-of", AS_OF, code=3)
    torn = copied(extracts, place / "in" / "torn")
    (torn / "vragenlijst.csv").write_bytes((torn / "vragenlijst.csv").read_bytes() + b"\x81\x8d\x8f\n")
    found.do("run", "quarterly", "--extracts", torn, "--period", "2024Q1", "--as-of", AS_OF, code=3)
    with pytest.MonkeyPatch.context() as patch:
        for step in ("store_rows", "release_lists"):
            patch.setitem(steps.STEPS, step, _fails_with_a_value)
            found.do(*run, code=1)
            patch.undo()
        patch.setattr(releasing, "_invitation", _fails_with_a_value)
        found.do(*run, code=1)
    kill = "import os; from smartstart import steps; steps.STEPS['release_lists'] = lambda run: os.kill(os.getpid(), 9)"
    killed = finished(in_a_process(*run, "-w", found.workspace, before=kill))
    assert killed.code == -9, killed.err
    found.look(killed)

    finally_done = found.do(*run, "--json")
    assert sum(finally_done.json["allocated"].values()) == len(ACCEPTED)  # nobody lost, nobody drawn before
    found.do(*run)
    found.do("status")
    found.do("status", "--json")
    found.do("quarantine", "--json")
    found.do("quarantine", "--xlsx", found.outside / "quarantine.xlsx")
    found.do("lists", "build")
    found.do("trial", "verify")
    found.do("trial", "verify", "--head", "0" * 64, code=5)
    found.do("doctor")
    later = Town()
    later.event(1, "bezwaar", "20240403")
    later.woman(REFUSED, client=client_of(REFUSED), consent="", filled=date(2024, 4, 3), geslachtsnaam=name_of(REFUSED))
    week = later.write(place / "in" / "W14", WEEKLY)
    found.do("run", "weekly", "--extracts", week, "--period", "2024-W14", "--as-of", "2024-04-08")

    _live(found)
    own = found.workspace
    _scored(found)
    found.workspace = own


def _live(found: Aviary) -> None:
    """What life brings between two deliveries: events, lists that come back, epochs."""
    how = ("--on", "2024-04-09", "--owner", "projectleider", "--reason", "by telephone")
    offered = [nth for nth in ACCEPTED if arms(found.workspace).get(bsn(nth)) == "offer" and nth != 1]
    found.do("trial", "event", "aanvaard", *how, typed=bsn(offered[0]))
    found.do("trial", "event", "doodgeboorte", *how, typed=f"{PRACTICES[offered[1] % 2]} {client_of(offered[1])}")
    found.lost = offered[1]
    found.do("trial", "event", "aanvaard", *how, typed=bsn(STRANGER), code=2)
    found.do("trial", "event", "aanvaard", *how, typed=name_of(2), code=2)
    found.do("trial", "erase", "--owner", "FG", "--reason", "asked for", "--yes", typed=name_of(2), code=2)
    for path in sorted((found.workspace / "lists" / "2024Q1").glob("*.xlsx")):
        found.do("lists", "return", path, "--as-of", "2024-04-12")
    found.do("lists", "handover", "--out", found.outside / "overdracht.pdf", "--as-of", "2024-04-12")
    found.do("lists", "pack", "--out", found.outside / "uit", "--as-of", "2024-04-12")
    found.do("letters", "information", "--out", found.outside / "brieven")
    found.do("letters", "own-page", "--out", found.outside / "eigen.pdf", typed=bsn(offered[0]))
    found.do("letters", "own-page", "--out", found.outside / "eigen.pdf", typed=bsn(STRANGER), code=2)
    asking = ("request", found.delivery, "--as-of", "2024-04-12")
    found.do(*asking, "--out", found.outside / "aanvraag.zip")
    found.do(*asking, "--returned", found.delivery, "--json", code=3)
    found.do("export", "--without-arm", "--out", found.outside / "set.zip", "--owner", "FG", "--reason", "made up")
    found.do("checklist", "consort", "--out", found.outside / "bewijs")
    found.do("dpia-annex", "--out", found.outside / "bewijs")
    found.do("check", found.delivery, "--xlsx", found.outside / "check.xlsx", "--as-of", "2024-04-12")
    found.do("status", "--xlsx", found.outside / "status.xlsx")
    found.do("trial", "events")
    found.do("trial", "flow")
    found.do("trial", "flow", "--json")
    found.do("trial", "design")
    found.do("trial", "rehearse", "--towns", "5", "--years", "1", "--out", found.outside / "page.html")
    found.do("trial", "nonce", "--out", found.outside / "nonce.txt")
    found.do("trial", "draw", "--nonce-file", found.outside / "nonce.txt", code=5)
    for epoch in ("rekey", "close"):
        found.do("trial", epoch, "--owner", "gemeente", "--reason", "a made-up reason")
    found.do("trial", "verify", "--json")
    own = found.workspace
    found.workspace = copied(own, own.parent / "rights")  # what is destroyed there is still looked for in the other
    _rights(found, offered[0])
    found.do("trial", "redesign", "--owner", "gemeente", "--reason", "a made-up reason", code=None)
    found.workspace = own


def _rights(found: Aviary, nth: int) -> None:
    """What was given to a woman, what she may ask, how long it is kept, and what a backup holds."""
    log = Town()
    log._add(
        "contactmomenten", burgerservicenummer=bsn(nth), datum="10-04-2024", contactmoment="week_13_15",
        wijze="huisbezoek", beroep="anders", afloop="loopt_door",
    )  # fmt: skip
    log._add(
        "ondersteuningsplan", burgerservicenummer=bsn(nth), leefgebied="wonen", behoefte="enige", stap="gesprek",
        wie="samen", afgesproken_op="10-04-2024", uiterlijk="11-04-2024",
    )  # fmt: skip
    folder = log.write(found.place / "in" / "log", ("contactmomenten", "ondersteuningsplan", "verblijven"))
    found.do("run", "support", "--extracts", folder, "--as-of", "2024-04-12")
    found.do("support", "uptake", "--out", found.outside / "bereik.html")
    found.do("support", "plans", "--json")
    number = found.place / "in" / "nummer.txt"
    number.write_text(bsn(nth), "utf-8")
    why = ("--owner", "FG", "--reason", "made up")
    found.do("privacy", "show", "--client", number)
    found.do("privacy", "show", "--client", bsn(nth), code=2)
    found.do("privacy", "export", "--client", number, "--out", found.outside / "inzage.zip")
    found.do("privacy", "object", *why, typed=bsn(nth))
    found.do("privacy", "erase", *why, "--yes", typed=name_of(nth), code=2)
    found.do("privacy", "erase", *why, "--yes", typed=bsn(ERASED))
    found.do("trial", "erase", *why, "--objected", "--yes")
    found.do("retention", "status", "--json")
    found.do("retention", "run", "--yes")
    found.do("backup", "--out", found.outside / "kluis" / "b.tar")
    found.do("restore", found.outside / "kluis" / "b.tar", found.outside / "hersteld")
    found.do("reconcile", "--head", "0" * 64, *why, code=5)
    found.do("access-log", "--csv", found.outside / "toegang.csv")


FEW = (DEFAULT, Candidate("logistic", {"penalty_c": 0.3, "beyond": 0.0}))
OWNED = ("--owner", "onderzoeker", "--reason", "a made-up reason")


def _scored(found: Aviary) -> None:
    """A model is learned, judged, approved and used; then all that is published, planned, compared and pooled."""
    found.workspace, out = found.place / "scored", found.outside / "scored"
    history = write_history(found.place / "in" / "history")
    learned = ("--extracts", history, "--as-of", END_OF_HISTORY)
    found.do("init", found.workspace, "--rehearsal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smartstart.modelling.training.INSTABILITY_MODELS", 2)
        patch.setattr("smartstart.modelling.training.LEARNING_REPEATS", 1)
        patch.setattr("smartstart.risk.learning.candidates", lambda: FEW)
        trained = found.do("model", "train", *learned, "--json")
        found.do("model", "evaluate", *learned, "--model", "challenger", "--out", out / "figures", code=None)
        found.do("model", "adapt", *learned, "--model", "challenger", code=None)
    found.do("model", "compare", *learned, "--with", "factor_count", code=None)
    found.do("model", "approve", *OWNED)
    banded(found.workspace, str(trained.json["sha256"]))
    found.do("run", "quarterly", "--extracts", found.delivery, "--period", "2024Q1", "--as-of", AS_OF)
    found.do("model", "explain", *OWNED, typed=bsn(2))
    found.do("model", "card", "--out", out / "card.html")
    found.do("model", "monitor")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"http://somebody:{SECRET}@127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        found.do("model", "compare", *learned, code=5)
    for words in (
        ("report", "--out", out / "report", "--draft"), ("register-entry", "--out", out / "register"),
        ("contracts", "html", "--out", out / "contracts.html"), ("letters", "invitation", "--out", out / "brieven"),
        ("provision", "find", "--need", "tienermoeder", "--municipality", "Droomdam", "--date", "2024-01-08"),
        ("provision", "capacity", "--out", out / "plekken.html"), ("checklist", "tripod", "--out", out / "bewijs"),
        ("trial", "plan", "--out", out / "plan.html"), ("trial", "power", "--difference", "0.3", "--years", "3"),
        ("trial", "boundaries", "--looks", "2", "--spending", "lan-demets-obf", "--fractions", "0.5,1"),
        ("trial", "costs", "--counts", "2/39", "9/38", "--out", out / "kosten.html"),
        ("trial", "exchange-keys"), ("trial", "summary", "--tier", "public", "--out", out / "public.json"),
        ("trial", "summary", "--tier", "restricted", "--out", out / "restricted.json"),
        ("trial", "analyse"), ("trial", "lock-plan", *OWNED), ("trial", "analyse", "--out", out / "analyse.html"),
        ("trial", "unblind", *OWNED), ("trial", "pool", out / "restricted.json", "--agreement", out / "none.yaml"),
        ("demo", found.workspace / "demo"), ("export", "--out", out / "set.zip", *OWNED),
        ("backup", "--out", out / "b.tar"), ("keys", "rotate", "warehouse"), ("keys", "rotate", "vault"),
    ):  # fmt: skip
        if words[0] == "demo":  # a name that cannot be a folder: the demo itself is looked through below
            (found.workspace / "demo").write_text("here already", "utf-8")
        found.do(*words, code=None)


def banded(workspace: Path, checksum: str) -> None:
    """Let the model with this checksum form the bands of the draw."""
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8")
    text = text.replace("  kind: factor_count", f'  kind: model\n  model: "{checksum}"\n  risk_bands: [0.03, 0.05]')
    text = re.sub(r'risk_band: \["0–1", "2\+", unknown\]', 'risk_band: ["<3%", "3–5%", "5%+"]', text)
    path.write_text(text, "utf-8")


def _fails_with_a_value(*given: object) -> None:
    raise ValueError(f"conflict with {bsn(1)} {name_of(1)} {STREET}")


# --- the rules --------------------------------------------------------------------------------------------


def test_there_are_at_least_thirty_kinds_of_canaries(kinds: dict[str, Kind]) -> None:
    assert len(kinds) >= 45
    assert [name for name, kind in kinds.items() if not kind.values] == []


def test_every_canary_is_found_only_where_it_is_named(
    kinds: dict[str, Kind], sightings: set[tuple[str, str, str]]
) -> None:
    wrong = {(kind, place, how) for kind, place, how in sightings
             if not any(fnmatch(place, named) for named in kinds[kind].named)}  # fmt: skip
    assert sorted(wrong) == []


def test_every_canary_that_lies_in_plain_is_seen_there(
    kinds: dict[str, Kind], sightings: set[tuple[str, str, str]]
) -> None:
    seen = {(kind, named) for kind, place, _ in sightings for named in kinds[kind].named if fnmatch(place, named)}
    assert {name for name, kind in kinds.items() if kind.seen} == {kind for kind, _ in seen}
    on_lists = {place for kind, place, _ in sightings if kind == "surname" and "/lists/" in place}
    assert {Path(place).suffix for place in on_lists} == {".xlsx", ".pdf"}


@pytest.mark.parametrize("value", [bsn(3), name_of(3), STREET, "Zoë & co", bytes(range(32)), 0.012345678901234567])
def test_a_canary_is_seen_in_every_encoding(value: str | bytes | float) -> None:
    forms = {form for form in forms_of(value) if len(form.content) >= 4}
    needles = Needles({"it": [value]})
    for form in forms:
        assert ("it", form.encoding) in needles.found_in(b"\x00\xff" + form.content + b"\x01", 4), form.encoding
    assert len({form.encoding for form in forms_of(bsn(3))}) >= 25
    assert needles.found_in(b"nothing of the kind" * 99) == set()


@pytest.mark.parametrize("shift", range(3))
def test_a_canary_is_seen_in_base64_wherever_it_begins(shift: int) -> None:
    coded = base64.b64encode(b"xyz"[:shift] + name_of(3).encode() + b" and more of it")
    assert Needles({"name": [name_of(3)]}).found_in(coded)


@pytest.mark.parametrize("pack", [
    gzip.compress, bz2.compress, lzma.compress, zlib.compress, lambda x: zipped(x),  # noqa: PLW0108 - it comes below
    lambda x: zipped(zipped(gzip.compress(x))),
    lambda x: parquet(x.decode()),
    lambda x: b"%PDF-1.7\n1 0 obj\nstream\n" + zlib.compress(x) + b"\nendstream",
], ids=["gzip", "bz2", "xz", "zlib", "zip", "nested", "Parquet", "a stream of a PDF"])  # fmt: skip
def test_a_canary_is_seen_in_what_is_packed(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b"some text before " + name_of(3).encode() + b" and after")
    needles = Needles({"name": [name_of(3)]})
    assert any(needles.found_in(layer) for layer, _ in layers(packed))


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("part.xml", content)
    return packed.getvalue()


def parquet(text: str) -> bytes:
    packed = io.BytesIO()
    pq.write_table(pa.table({"column": [text] * 99}), packed, compression="zstd")
    return packed.getvalue()


def commands_of(group: Any, before: str = "") -> set[str]:
    """Return the names of all commands, as they are typed."""
    own = {f"{before}{one.name or one.callback.__name__}" for one in group.registered_commands}
    return own.union(*(commands_of(one.typer_instance, f"{one.name} ") for one in group.registered_groups))


def test_no_command_is_left_out(aviary: Aviary) -> None:
    words = {" ".join(done.command[:count]) for done in aviary.said for count in (1, 2)}
    assert len(commands_of(app)) > 50
    assert commands_of(app) - words == set()


def test_no_temporary_file_and_nothing_in_the_users_own_folder_is_left(aviary: Aviary) -> None:
    left = [path for folder in ("tmp", "home") for path in (aviary.place / folder).rglob("*") if path.is_file()]
    assert [
        path for path in left if not path.name.startswith("fontlist-")
    ] == []  # the fonts of the machine, of matplotlib


def test_the_demo_leaves_no_number_of_its_people_but_in_the_extracts(demo_played: Any) -> None:
    rows = [row for path in demo_played.folder.rglob("personen*.csv") for row in read_csv(path)]
    numbers = sorted(
        {row["burgerservicenummer"] for row in rows if re.fullmatch(r"[1-9]\d{8}", row["burgerservicenummer"])}
    )
    numbers = [number for number in numbers if number != "999999999"][:300]
    assert len(numbers) > 100
    needles = Needles({"bsn": numbers})
    extracts = demo_played.folder / "extracts"
    held = [path for path in demo_played.folder.rglob("*") if path.is_file() and not path.is_relative_to(extracts)]
    seen = {path.relative_to(demo_played.folder).as_posix() for path in held
            if any(needles.found_in(layer, SHORTEST) for layer, _ in layers(path.read_bytes()))}  # fmt: skip
    assert len(held) > 30
    assert seen == set()
    assert needles.found_in(demo_played.printed.encode()) == set()


def test_an_unexpected_fault_is_told_without_its_message(aviary: Aviary) -> None:
    faults = [done for done in aviary.said if done.code == 1]
    assert faults
    for done in faults:
        assert "ValueError" in done.err
        assert "conflict" not in done.err
        assert "Traceback" not in done.err


def test_the_warehouse_holds_no_bsn_name_address_or_client_number_even_when_opened(aviary: Aviary) -> None:
    with find_workspace(aviary.workspace).open() as (warehouse, _):
        tables = warehouse.rows("SELECT table_schema AS s, table_name AS t FROM information_schema.tables")
        assert len(tables) > 20
        for table in tables:
            text = str(warehouse.rows(f'SELECT * FROM "{table["s"]}"."{table["t"]}"')).lower()
            for kind, values in canaries().items():
                assert not any(value.lower() in text for value in values), (table, kind)


def vault_contents(workspace: Path) -> list[dict[str, str]]:
    """Open every sealed record of the vault."""
    with find_workspace(workspace).open() as (_, vault):
        opened = []
        for who, kind, sealed in vault._connection.execute("SELECT research_id, kind, sealed FROM contact"):
            opened.append(vault._open_contact(sealed, who, kind))
        for delivery, file, row, sealed in vault._connection.execute(
            "SELECT delivery_id, file, row, sealed FROM quarantined"
        ):
            opened.append(vault._open_quarantined(sealed, delivery, file, row))
    return opened


def test_the_vault_has_what_it_should_when_opened(aviary: Aviary) -> None:
    text = str(vault_contents(aviary.workspace))
    assert all(name_of(nth) in text for nth in ACCEPTED)
    assert BAD_CODE in text  # a quarantined row of a woman who consented, sealed


@pytest.mark.parametrize("nth", [REFUSED, STRANGER], ids=["without consent", "without questionnaire"])
def test_of_a_refused_woman_nothing_is_kept_anywhere_even_when_opened(aviary: Aviary, nth: int) -> None:
    text = str(vault_contents(aviary.workspace))
    for kind in ("bsn", "name", "client number"):
        assert canaries([nth])[kind][0] not in text, kind
    with find_workspace(aviary.workspace).open() as (_, vault):
        assert vault.known_ids([bsn(nth)]) == {}
        assert len(vault.known_ids(bsn(other) for other in ACCEPTED)) == len(ACCEPTED)
    assert client_of(nth) not in all_listed(aviary.workspace)


def test_of_a_refused_row_the_number_is_told_to_the_practice(aviary: Aviary) -> None:
    run = next(done for done in aviary.said if done.command[:2] == ("run", "quarterly") and done.code == 0
               and "--json" in done.command)  # fmt: skip
    assert re.search(rf"vragenlijst\.csv of practice {PRACTICES[REFUSED % 2]}: 1 row refused \(14\)", run.err)


def list_texts(workspace: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted((workspace / "lists").glob("*/*")):
        yield path, b"\n".join(layer for layer, _ in layers(path.read_bytes())).decode("utf-8", "replace")


def test_a_list_says_nothing_of_score_stratum_income_household_or_arm(aviary: Aviary) -> None:
    hints = (
        "risk_band", "risico", "score", "2+", "0–1", "0-1", "stratum", "factor", INCOME, HOUSEHOLD, "uitkering",
        "inkomen", "huurtoeslag", "care_as_usual", "offer", "controlegroep", "geheim",
    )  # fmt: skip
    for path in sorted((aviary.workspace / "lists").glob("*/*")):
        if path.suffix == ".pdf":  # without the drawing instructions, which are full of numbers
            text = "\n".join(page.extract_text() for page in PdfReader(path).pages)
        else:
            text = "\n".join(cell for row in list_rows(path) for cell in row)
        assert [hint for hint in hints if hint in text.lower()] == [], path.name


def test_the_reading_copy_of_every_workspace_was_looked_through_and_nobody_is_in_it(
    aviary: Aviary, sightings: set[tuple[str, str, str]]
) -> None:
    looked = {place for place, _ in aviary.lay if f"/{FOLDER}/" in place}
    assert {place.split("/")[0] for place in looked} == {"w", "rights", "scored"}
    assert {Path(place).name for place in looked} >= {f"{name}.parquet" for name in TABLES}
    assert {(kind, place) for kind, place, _ in sightings if f"/{FOLDER}/" in place} == set()


def test_a_list_has_the_promised_columns_and_no_other(aviary: Aviary) -> None:
    for path in (aviary.workspace / "lists").glob("[0-9]*/*.xlsx"):
        for row in list_rows(path):
            filled = [cell for cell in row if cell]
            assert len(filled) == 5, path.name
            assert re.fullmatch(r"KANARIE-\d{5}", filled[0])
            assert re.fullmatch(r"\d{1,2}", filled[2])


def test_a_woman_whose_address_is_secret_stands_on_the_list_of_her_own_midwife(aviary: Aviary) -> None:
    offered = {who for who, arm in arms(aviary.workspace).items() if arm == "offer"} - {
        bsn(1),
        bsn(aviary.lost),
    }  # 1 objected
    assert all_listed(aviary.workspace) == {client_of(nth) for nth in ACCEPTED if bsn(nth) in offered}


def test_the_order_on_a_list_is_that_of_the_client_numbers(aviary: Aviary) -> None:
    for path in (aviary.workspace / "lists").glob("[0-9]*/*.xlsx"):
        clients = [row[0] for row in list_rows(path)]
        assert clients == sorted(clients)


def test_no_research_id_pseudonym_or_token_stands_on_a_list_in_the_ledger_or_in_what_is_said(aviary: Aviary) -> None:
    with find_workspace(aviary.workspace).open() as (warehouse, vault):
        ids = {row[0] for row in vault._connection.execute("SELECT research_id FROM identity")}
        pseudonyms = {row[0] for row in vault._connection.execute("SELECT pseudonym FROM identity")}
        tokens = {row["token"] for row in warehouse.rows("SELECT token FROM allocation")}
    assert len(ids) >= len(ACCEPTED)
    said = "".join(done.text for done in aviary.said)
    ledger = (aviary.workspace / "ledger" / "ledger.jsonl").read_text("utf-8")
    assert not [who for who in ids | pseudonyms if who in ledger or who in said]
    assert not [token for token in tokens if token in said]
    for path, text in list_texts(aviary.workspace):
        assert not [who for who in ids | pseudonyms | tokens if who in text], path.name


def test_the_vault_is_sealed_record_by_record(aviary: Aviary) -> None:
    connection = sqlite3.connect(aviary.workspace / "vault.sqlite")
    sealed = [
        row[0] for row in connection.execute("SELECT sealed FROM contact UNION ALL SELECT sealed FROM quarantined")
    ]
    connection.close()
    assert len(sealed) > len(ACCEPTED)
    assert len({content[:12] for content in sealed}) == len(sealed)  # no nonce twice


def test_nothing_is_left_in_the_temporary_folder(aviary: Aviary) -> None:
    assert [path for path in (aviary.workspace / "tmp").rglob("*") if path.is_file()] == []
