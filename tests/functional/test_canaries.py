"""Planted people, of whom nothing may come to light but a name and a client number on the list of their own midwife."""

from __future__ import annotations

import hashlib
import io
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

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
    smartstart,
)
from pypdf import PdfReader

from smartstart import releasing, steps
from smartstart.workspace import find_workspace

AS_OF = "2024-04-02"
# (kind, text); numbers of women from 1 to 12 are accepted, 13 is quarantined, 14 gave no consent, 15 is a stranger
WOMEN = range(1, 16)
ACCEPTED, QUARANTINED, REFUSED, STRANGER = range(1, 13), 13, 14, 15
INCOME, HOUSEHOLD, BAD_CODE = "ioaw", "ongehuwd_paar", "kanariecode_zonder_betekenis"


def name_of(nth: int) -> str:
    return f"Kanariënvliet{nth:02}"


def client_of(nth: int) -> str:
    return f"KANARIE-{nth:05}"


STREET, POSTCODE, TOWN = "Kanariepietdreef", "9753QX", "Kanariewoude"
FIRST = "Zwaluwtjena"
ON_LISTS = {"name", "first name", "client number"}


def canaries(women: Iterable[int] = WOMEN) -> dict[str, list[str]]:
    women = list(women)
    return {
        "bsn": [bsn(nth) for nth in women],
        "hash of a bsn": [hashlib.sha256(bsn(nth).encode()).hexdigest() for nth in women],
        "name": [name_of(nth) for nth in women],
        "first name": [FIRST],
        "client number": [client_of(nth) for nth in women],
        "address": [STREET, POSTCODE, TOWN],
        "quarantined value": [BAD_CODE],
    }


def town() -> Town:
    found = Town()
    for nth in WOMEN:
        found.woman(
            nth, practice=PRACTICES[nth % 2], client=client_of(nth), questionnaire=nth != STRANGER,
            consent="" if nth == REFUSED else None,
            voornamen=FIRST, geslachtsnaam=name_of(nth), straatnaam=STREET, postcode=POSTCODE, woonplaats=TOWN,
            indicatie_geheim="7" if nth % 4 else "0",
        )  # fmt: skip
    for row in found.tables["inkomen"]:
        row["soort_uitkering"] = INCOME
    for row in found.tables["huishoudens"]:
        row["huishoudtype"] = HOUSEHOLD
        if row["burgerservicenummer"] == bsn(QUARANTINED):
            row["huishoudtype"] = BAD_CODE
    for row in found.tables["vragenlijst"]:
        if row["burgerservicenummer"] == bsn(QUARANTINED):
            row["aterme_datum"] = BAD_CODE
    return found


# --- looking ----------------------------------------------------------------------------------------------


def forms(text: str) -> set[bytes]:
    """Return how a text can lie in a file."""
    plain = {text, text.upper(), text.lower()}
    found = {each.encode(code) for each in plain for code in ("utf-8", "utf-16-le", "utf-16-be", "cp1252")}
    if text.isdigit():
        found.add(int(text).to_bytes(8, "little"))
        found.add(int(text).to_bytes(8, "big"))
    return found


def layers(path: Path) -> Iterator[bytes]:
    """Return the bytes of a file, and what is packed in it."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield name.encode()
                yield packed.read(name)
    if path.suffix == ".pdf":
        reader = PdfReader(path)
        if reader.is_encrypted:  # a hand-over list: what it says is for who has the passphrase
            return
        yield "\n".join(page.extract_text() for page in reader.pages).encode()
        yield str(reader.metadata).encode()
        for number in range(1, len(reader.xref.get(0, {})) + 1):
            found = reader.get_object(number)
            if hasattr(found, "get_data"):
                yield found.get_data()


def sightings(folder: Path, texts: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return (file, kind) of every canary in a folder; names and client numbers on the lists are theirs to have."""
    found = []
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        wanted = {kind: texts[kind] for kind in texts if not (kind in ON_LISTS and place.startswith("lists/"))}
        for kind, values in texts.items():
            found += [(place, f"{kind} in the path") for text in values if text.lower() in place.lower()]
        if not path.is_file() or place.startswith("extracts/"):
            continue
        found += [(place, kind) for kind in _kinds_in(path, path.read_bytes()) if kind in wanted]
    return found


_looked_through: dict[bytes, set[str]] = {}


def _kinds_in(path: Path, content: bytes) -> set[str]:
    """Return the kinds of canaries in a file; the same bytes are looked through once."""
    known = hashlib.sha256(path.suffix.encode() + content).digest()
    if known not in _looked_through:
        everything = b"\0".join(layers(path))
        _looked_through[known] = {
            kind
            for kind, values in canaries().items()
            if any(form in everything for text in values for form in forms(text))
        }
    return _looked_through[known]


def told(done: Done, texts: dict[str, list[str]]) -> list[tuple[str, str]]:
    said = done.text.lower()
    return [(" ".join(done.command[:2]), kind) for kind in texts for text in texts[kind] if text.lower() in said]


@dataclass
class Aviary:
    """A workspace with planted people, and everything that its commands have said."""

    workspace: Path
    delivery: Path
    outside: Path
    lost: int = 0  # the woman of whom a stillbirth was told
    said: list[Done] = field(default_factory=list)
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def do(self, *words: object, code: int = 0, typed: str | None = None) -> Done:
        """Run a command; look for canaries in all it has said, and in every file after it."""
        elsewhere = words[0] in {"init", "restore"} or words[:2] in {("trial", "nonce"), ("trial", "events")}
        done = smartstart(*words, w=None if elsewhere else self.workspace, typed=typed)
        assert done.code == code, (done.command, done.code, done.err)
        self.look(done)
        return done

    def look(self, done: Done) -> None:
        self.said.append(done)
        command = " ".join(map(str, done.command[:2]))
        found = told(done, canaries())
        for folder in (self.workspace, self.outside):
            found += sightings(folder, canaries())
        self.seen += [(command, place, kind) for place, kind in found]


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory) -> Aviary:
    """All commands, the failing ones too, on planted people."""
    place = tmp_path_factory.mktemp("aviary")
    (place / "out").mkdir()
    extracts = town().write(place / "in" / "2024Q1")
    found = Aviary(place / "w", extracts, place / "out")
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
    return found


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
    folder = log.write(found.workspace.parent / "log", ("contactmomenten", "ondersteuningsplan", "verblijven"))
    found.do("run", "support", "--extracts", folder, "--as-of", "2024-04-12")
    found.do("support", "uptake", "--out", found.outside / "bereik.html")
    found.do("support", "plans", "--json")
    number = found.workspace.parent / "nummer.txt"
    number.write_text(bsn(nth), "utf-8")
    why = ("--owner", "FG", "--reason", "made up")
    found.do("privacy", "show", "--client", number)
    found.do("privacy", "show", "--client", bsn(nth), code=2)
    found.do("privacy", "export", "--client", number, "--out", found.outside / "inzage.zip")
    found.do("privacy", "object", *why, typed=bsn(nth))
    found.do("privacy", "erase", *why, "--yes", typed=name_of(nth), code=2)
    found.do("retention", "status", "--json")
    found.do("retention", "run", "--yes")
    found.do("backup", "--out", found.outside / "kluis" / "b.tar")
    found.do("restore", found.outside / "kluis" / "b.tar", found.outside / "hersteld")
    found.do("reconcile", "--head", "0" * 64, *why, code=5)
    found.do("access-log", "--csv", found.outside / "toegang.csv")


def _fails_with_a_value(*given: object) -> None:
    raise ValueError(f"conflict with {bsn(1)} {name_of(1)} {STREET}")


# --- the rules --------------------------------------------------------------------------------------------


def test_the_canaries_can_be_seen_where_they_may_be(aviary: Aviary) -> None:
    texts = canaries()
    found = {kind for path in aviary.delivery.iterdir() for kind in texts for text in texts[kind]
             if text.encode() in path.read_bytes()}  # fmt: skip
    assert found == set(texts) - {"hash of a bsn"}
    on_lists = [path for path in (aviary.workspace / "lists").glob("*/*") for layer in layers(path)
                if any(name_of(nth).encode() in layer for nth in ACCEPTED)]  # fmt: skip
    assert {path.suffix for path in on_lists} == {".xlsx", ".pdf"}


def test_a_canary_is_seen_in_every_form(tmp_path: Path) -> None:
    for nth, text in enumerate((bsn(3), name_of(3).upper(), STREET)):
        for code in ("utf-8", "utf-16-le", "cp1252"):
            (tmp_path / f"{nth}-{code}.bin").write_bytes(b"\x00\xff" + text.encode(code) + b"\x01")
    assert len(sightings(tmp_path, canaries())) == 9


def test_no_command_says_or_leaves_behind_who_a_woman_is(aviary: Aviary) -> None:
    assert sorted(set(aviary.seen)) == []


def test_no_command_of_the_list_is_left_out(aviary: Aviary) -> None:
    commands = {done.command[0] for done in aviary.said}
    assert {"init", "check", "run", "status", "quarantine", "lists", "trial", "doctor", "letters", "request", "export",
            "checklist", "dpia-annex", "support", "privacy", "retention", "backup", "restore",
            "access-log"} <= commands  # fmt: skip


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
        yield path, b"\n".join(layers(path)).decode("utf-8", "replace")


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


def test_no_key_lies_in_the_workspace_nor_is_it_said(aviary: Aviary, keys_root: Path) -> None:
    folder = keys_root / find_workspace(aviary.workspace).workspace_id
    keys = [path.read_text().strip() for path in folder.glob("*.key")]
    assert len(keys) == 6  # the draw has two, after a rekey
    said = "".join(done.text for done in aviary.said)
    for path in aviary.workspace.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [key for key in keys if key.encode() in content or bytes.fromhex(key) in content], path.name
    assert not [key for key in keys if key in said]


def test_nothing_is_left_in_the_temporary_folder(aviary: Aviary) -> None:
    assert [path for path in (aviary.workspace / "tmp").rglob("*") if path.is_file()] == []
