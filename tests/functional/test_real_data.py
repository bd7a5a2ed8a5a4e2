"""Real pregnancies, in the form in which municipalities and midwives deliver them, through the whole chain."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from harness import (
    Done,
    Row,
    by,
    copied,
    counts_of,
    init,
    list_rows,
    listed,
    ok,
    quarterly,
    read_csv,
    reconciles,
    smartstart,
)
from pypdf import PdfReader

from smartstart.report.council.attack import given_away
from smartstart.workspace import find_workspace

DATA = Path(__file__).parents[3] / "shared" / "data" / "pregnancies"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data are not in {DATA}")

CYCLES = {"nsfg2002": date(2025, 3, 31), "nsfg2006_2010": date(2025, 6, 30)}
QUARTERS = {"2024Q1": "2024-04-02", "2024Q2": "2024-07-02", "2024Q3": "2024-10-02", "2024Q4": "2025-01-02"}
# from the data's README: of how many children it is known at so many months, and how many were placed before
BASE_RATES = {
    "nsfg2002": {24: (6840, 104), 60: (5190, 145)},
    "nsfg2006_2010": {24: (10843, 157), 60: (8139, 213)},
}
BLOCKING = {
    "zwangerschap_beeindigd", "doodgeboorte", "overlijden", "overlijden_kind", "bezwaar", "intrekking_toestemming",
    "verhuizing",
}  # fmt: skip
FINAL = {"bezwaar", "overlijden", "intrekking_toestemming"}
LARGEST_BLOCK = 8

# What may become of a labelled defect: the rule under which it is set aside, or "kept", or "counted".
HANDLING = {
    "onbekende_code": "code_unknown",
    "peildatum_in_toekomst": "date_in_future",
    "puntkomma_in_aanhalingstekens": "kept",
    "regeleinde_in_aanhalingstekens": "kept",
    "formule_in_naam": "kept",
    "naam_500_tekens": "kept",
    "bsn_twee_geboortedatums": "bsn_two_birth_dates",
    "bijzonder_bsn_999999999": "bsn_unborn",
    "bijzonder_bsn_000000000": "bsn_unknown",
    "elfproef_fout": "bsn_elfproef",
    "bsn_8_cijfers": "kept",
    "onmogelijke_datum": "date_invalid",
    "tekst_in_getalkolom": "not_a_number",
    "spaties_rondom": "kept",
    "agb_7_cijfers": "kept",  # all AGB codes here begin with 0: the lost zero has one reading
    "decimale_punt": "kept",
    "verplicht_leeg": "required",
    "aterme_voor_invuldatum": "due_before_questionnaire",
    "kleine_letter_jn": "kept",
    "dubbele_rij": "counted",
}


@dataclass(frozen=True)
class Replay:
    """A cycle that has run from register to follow-up; ``registered`` is the workspace as it was after register."""

    cycle: str
    workspace: Path
    registered: Path
    runs: dict[str, Done]

    @property
    def source(self) -> Path:
        return DATA / self.cycle

    def folder(self, name: str) -> Path:
        return self.source / "quarters" / name if name in QUARTERS else self.source / name

    @cached_property
    def questionnaires(self) -> dict[tuple[str, str], list[Row]]:
        """Client number and practice -> questionnaires of the four quarters."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for quarter in QUARTERS:
            for row in read_csv(self.folder(quarter) / "vragenlijst.csv"):
                found[row["clientnummer"], row["praktijk_agb"]].append(row)
        return found

    @cached_property
    def events(self) -> dict[str, list[Row]]:
        rows = [row for quarter in QUARTERS for row in read_csv(self.folder(quarter) / "meldingen.csv")]
        return by(rows, "burgerservicenummer")

    @cached_property
    def draws(self) -> list[dict[str, Any]]:
        lines = (self.workspace / "ledger" / "ledger.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line)["body"] for line in lines if json.loads(line)["kind"] == "draw"]


@pytest.fixture(scope="module", params=CYCLES)
def replay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    cycle = request.param
    place = tmp_path_factory.mktemp(cycle)
    workspace, source = init(place / "workspace"), DATA / cycle
    day = CYCLES[cycle].isoformat()
    runs = {
        "register": smartstart(
            "run", "register", "--extracts", source / "register", "--as-of", day, "--json", w=workspace
        )
    }
    registered = copied(workspace, place / "registered")
    for quarter, as_of in QUARTERS.items():
        runs[quarter] = quarterly(workspace, source / "quarters" / quarter, quarter, as_of)
    runs["followup"] = smartstart(
        "run", "follow_up", "--extracts", source / "followup", "--as-of", "2045-12-31", "--json", w=workspace
    )
    yield Replay(cycle, workspace, registered, runs)


def test_every_run_of_both_cycles_succeeds_as_the_files_are(replay: Replay) -> None:
    assert {name: (run.code, run.code and run.err) for name, run in replay.runs.items()} == dict.fromkeys(
        replay.runs, (0, 0)
    )


def test_for_every_file_the_rows_reconcile_with_an_independent_count_of_records(replay: Replay) -> None:
    for name, run in replay.runs.items():
        delivered = {path.name: len(read_csv(path)) for path in replay.folder(name).glob("*.csv")}
        assert {file["file"]: file["rows_in"] for file in run.json["files"]} == delivered, name
        assert all(reconciles(file) for file in run.json["files"]), name


def test_of_clean_files_every_row_is_accepted_but_for_exact_duplicates(replay: Replay) -> None:
    for name, run in replay.runs.items():
        for file in run.json["files"]:
            rows = [tuple(sorted(row.items())) for row in read_csv(replay.folder(name) / file["file"])]
            twice = len(rows) - len(set(rows))
            assert file["duplicates"] == twice, (name, file)
            assert file["accepted"] == len(rows) - twice, (name, file)
    found = ok("quarantine", "--json", w=replay.workspace)
    assert found.json == []


def test_nobody_is_allocated_twice(replay: Replay) -> None:
    tokens = Counter(row["token"] for draw in replay.draws for row in draw["allocations"])
    assert set(tokens.values()) == {1}
    by_run = [replay.runs[quarter].json["allocated"] for quarter in QUARTERS]
    assert len(tokens) == sum(sum(run.values()) for run in by_run)
    assert len(tokens) > 1000


def test_everybody_eligible_is_drawn_and_nobody_else(replay: Replay) -> None:
    for quarter in QUARTERS:
        run = replay.runs[quarter].json
        assert sum(run["allocated"].values()) == run["eligible"], quarter


def test_the_arms_stay_within_half_a_block_in_every_stratum_after_every_quarter(replay: Replay) -> None:
    balance: Counter[str] = Counter()
    for draw in replay.draws:
        for row in draw["allocations"]:
            balance[row["stratum"]] += 1 if row["arm"] == "offer" else -1
        assert max(map(abs, balance.values())) <= LARGEST_BLOCK // 2, draw["batch"]


def test_the_base_rates_of_a_fresh_register_are_those_of_the_readme(replay: Replay) -> None:
    with find_workspace(replay.registered).open() as (warehouse, _):
        rows = warehouse.rows(
            "SELECT months, sum(known::INT) AS known, sum(uhp::INT) AS placed FROM register.outcome GROUP BY months"
        )
    assert {row["months"]: (row["known"], row["placed"]) for row in rows} == BASE_RATES[replay.cycle]


def test_an_independent_recomputation_finds_the_same_children_placed(replay: Replay) -> None:
    known, placed = _outcomes(replay.source / "register", CYCLES[replay.cycle])
    assert {h: (len(known[h]), len(placed[h])) for h in (24, 60)} == BASE_RATES[replay.cycle]
    everyone = {row["burgerservicenummer_kind"] for row in read_csv(replay.source / "register" / "kinderen.csv")}
    with find_workspace(replay.registered).open() as (warehouse, vault):
        ids = {who: number for number, who in vault.known_ids(everyone).items()}
        rows = warehouse.rows("SELECT child_id, months, known, uhp FROM register.outcome")
    for months in (24, 60):
        ours = [row for row in rows if row["months"] == months]
        assert {ids[row["child_id"]] for row in ours if row["known"]} == known[months]
        assert {ids[row["child_id"]] for row in ours if row["uhp"]} == placed[months]


def _outcomes(folder: Path, extract_date: date) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
    """Apply the overlap rule and "known at h" of docs/explanation/outcome.md in plain Python."""
    care, measures = (
        by(read_csv(folder / f"{name}.csv"), "burgerservicenummer_kind") for name in ("jeugdhulp", "maatregelen")
    )
    known: dict[int, set[str]] = {24: set(), 60: set()}
    placed: dict[int, set[str]] = {24: set(), 60: set()}
    for row in read_csv(folder / "kinderen.csv"):
        child, born = row["burgerservicenummer_kind"], _day(row["geboortedatum_kind"])
        assert born
        starts: list[date | None] = []
        for stay in care.get(child, ()):
            for measure in measures.get(child, ()):
                (a, b), (c, d) = _span(stay), _span(measure)
                if (a or date.min) <= (d or date.max) and (c or date.min) <= (b or date.max):
                    starts.append(max(a, c) if a and c else None)
        for months in (24, 60):
            birthday = date(born.year + months // 12, born.month, born.day)
            if birthday <= extract_date and None not in starts:
                known[months].add(child)
                if any(start and start < birthday for start in starts):
                    placed[months].add(child)
    return known, placed


def _span(row: Row) -> tuple[date | None, date | None]:
    return _day(row["datum_aanvang"]), _day(row["datum_einde"])


def _day(text: str) -> date | None:
    if text in {"", "00000000"}:
        return None
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone


def test_every_list_holds_only_clients_of_that_practice(replay: Replay) -> None:
    lists = listed(replay.workspace)
    assert {batch for batch, _ in lists} == set(QUARTERS)
    for (batch, practice), clients in lists.items():
        assert clients, (batch, practice)
        assert [c for c in clients if (c, practice) not in replay.questionnaires] == [], (batch, practice)


def test_a_woman_stands_on_one_list_once(replay: Replay) -> None:
    places = Counter(
        row["burgerservicenummer"]
        for (_, practice), clients in listed(replay.workspace).items()
        for c in clients
        for row in replay.questionnaires[c, practice][:1]
    )
    assert set(places.values()) == {1}


def test_the_lists_are_the_offer_minus_the_blocked_and_nobody_else(replay: Replay) -> None:
    numbers = {row["burgerservicenummer"] for rows in replay.questionnaires.values() for row in rows}
    with find_workspace(replay.workspace).open() as (warehouse, vault):
        ids = vault.known_ids(numbers)
        drawn = {row["research_id"]: row for row in warehouse.rows("SELECT * FROM allocation")}
    arm = {number: drawn[who]["arm"] for number, who in ids.items() if who in drawn}
    named: dict[str, Row] = {}
    for (_, practice), clients in listed(replay.workspace).items():
        for c in clients:
            row = replay.questionnaires[c, practice][0]
            named[row["burgerservicenummer"]] = row
    assert {arm[number] for number in named} == {"offer"}
    missing = {number for number, given in arm.items() if given == "offer"} - named.keys()
    assert missing
    for number in missing:  # who is left out of the lists has a reason for it that was delivered
        assert {row["soort"] for row in replay.events.get(number, ())} & BLOCKING, "left out without a reason"


def test_no_list_names_a_woman_of_whom_a_blocking_event_was_told(replay: Replay) -> None:
    for (batch, practice), clients in listed(replay.workspace).items():
        for c in clients:
            for row in replay.questionnaires[c, practice]:
                due = datetime.strptime(row["aterme_datum"], "%d-%m-%Y").date()  # noqa: DTZ007
                begun = due - timedelta(days=280)
                for event in replay.events.get(row["burgerservicenummer"], ()):
                    told = _day(event["datum"])
                    assert event["soort"] not in FINAL, (batch, practice)
                    assert told and told < begun, (batch, practice, event["soort"])


def test_nobody_blocked_before_the_draw_was_drawn(replay: Replay) -> None:
    for quarter in QUARTERS:
        assert replay.runs[quarter].json["not_eligible"].get("pregnancy_ended", 0) > 0, quarter
    told = {row["burgerservicenummer"] for row in read_csv(replay.folder("2024Q1") / "meldingen.csv")}
    with find_workspace(replay.workspace).open() as (warehouse, vault):
        ids = set(vault.known_ids(told).values())
        drawn = warehouse.rows("SELECT research_id FROM allocation WHERE batch = '2024Q1'")
    assert not ids & {row["research_id"] for row in drawn}


def test_the_pdf_names_the_same_clients_as_the_workbook(replay: Replay) -> None:
    for path in sorted((replay.workspace / "lists" / "2024Q4").glob("*.xlsx")):
        text = "\n".join(page.extract_text() for page in PdfReader(path.with_suffix(".pdf")).pages)
        clients = [row[0] for row in list_rows(path)]
        assert [c for c in clients if text.count(c) != 1] == []


def test_the_ledger_of_the_whole_replay_verifies(replay: Replay) -> None:
    head = replay.runs["2024Q4"].json["ledger_head"]
    found = ok("trial", "verify", "--head", head, "--json", w=replay.workspace)
    assert found.json["ok"] and found.json["replayed"]


# --- the quarter with labelled defects ----------------------------------------------------------------------


# --- the council's page on real women ---------------------------------------------------------------------


def test_the_councils_page_on_real_women_gives_nothing_away_before_and_after_unblinding(
    replay: Replay, tmp_path: Path
) -> None:
    workspace, owned = copied(replay.workspace, tmp_path / "workspace"), ("--owner", "stuurgroep", "--reason", "test")
    text = (workspace / "programme.yaml").read_text("utf-8").replace("rerandomisations: 10000", "rerandomisations: 100")
    (workspace / "programme.yaml").write_text(text, "utf-8")
    blind = ok("report", *owned, "--out", tmp_path / "blind", "--json", w=workspace).json
    assert blind["shown"]["arms"] == [] and given_away([blind["shown"]]) == []
    if replay.cycle != "nsfg2002":
        return  # one cycle is enough for what takes longest
    ok("trial", "lock-plan", *owned, w=workspace)
    ok("trial", "unblind", *owned, w=workspace)
    named = ok("report", "--out", tmp_path / "named", "--lang", "en", "--json", w=workspace).json
    assert given_away([blind["shown"], named["shown"]]) == []
    page = Path(named["files"][0]).read_text("utf-8")
    people = {row["burgerservicenummer"] for row in read_csv(replay.source / "register" / "personen.csv")}
    assert named["shown"]["arms"] == ["offer", "care_as_usual"] and not any(bsn in page for bsn in people)


@dataclass(frozen=True)
class Dirty:
    """2024Q2 with its defects, in a workspace of its own."""

    folder: Path
    clean: Path
    workspace: Path
    run: Done
    quarantine: list[dict[str, Any]]

    @property
    def defects(self) -> list[Row]:
        return read_csv(self.folder / "defecten.csv")

    def rules(self, file: str, row: int) -> set[tuple[str, str]]:
        return {(q["column"], q["rule"]) for q in self.quarantine if (q["file"], q["row"]) == (file, row)}


@pytest.fixture(scope="module", params=CYCLES)
def dirty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dirty:
    source = DATA / request.param
    workspace = init(tmp_path_factory.mktemp("dirty") / "workspace")
    run = quarterly(workspace, source / "quarters_dirty", "2024Q2", QUARTERS["2024Q2"])
    found = ok("quarantine", "--period", "2024Q2", "--json", w=workspace)
    return Dirty(source / "quarters_dirty", source / "quarters" / "2024Q2", workspace, run, found.json)


def test_a_quarter_with_defects_runs_and_reconciles(dirty: Dirty) -> None:
    assert dirty.run.code == 0, dirty.run.err
    delivered = {path.name: len(read_csv(path)) for path in dirty.folder.glob("*.csv") if path.stem != "defecten"}
    assert {file["file"]: file["rows_in"] for file in dirty.run.json["files"]} == delivered
    assert all(reconciles(file) for file in dirty.run.json["files"])


def test_every_labelled_defect_is_set_aside_under_a_fitting_rule_or_kept_where_it_does_no_harm(dirty: Dirty) -> None:
    assert {defect["defect"] for defect in dirty.defects} <= HANDLING.keys()
    wrong = []
    for defect in dirty.defects:
        expected = HANDLING[defect["defect"]]
        found = dirty.rules(defect["bestand"], int(defect["rij"]))
        harmless = expected in {"kept", "counted"}
        if found != (set() if harmless else {(defect["kolom"], expected)}):
            wrong.append((defect["defect"], found))
    assert wrong == []
    duplicates = {file["file"]: file["duplicates"] for file in dirty.run.json["files"]}
    assert duplicates["vragenlijst.csv"] == sum(defect["defect"] == "dubbele_rij" for defect in dirty.defects)


def test_no_row_without_a_label_is_in_quarantine(dirty: Dirty) -> None:
    labelled = {(defect["bestand"], int(defect["rij"])) for defect in dirty.defects}
    for defect in dirty.defects:
        if defect["defect"] == "bsn_twee_geboortedatums":  # both rows: nobody can tell which is right
            rows = read_csv(dirty.folder / defect["bestand"])
            number = rows[int(defect["rij"]) - 1]["burgerservicenummer"]
            twins = {nth for nth, row in enumerate(rows, start=1) if row["burgerservicenummer"] == number}
            assert len(twins) == 2
            labelled |= {(defect["bestand"], nth) for nth in twins}
            assert all(dirty.rules(defect["bestand"], nth) for nth in twins)
    assert {(q["file"], q["row"]) for q in dirty.quarantine} <= labelled


def test_no_valid_row_is_refused_but_of_women_whose_consent_has_become_illegible(dirty: Dirty) -> None:
    """A questionnaire with a spoilt BSN is nobody's: then nothing says that her other rows are wanted."""
    clean = read_csv(dirty.clean / "vragenlijst.csv")
    spoilt = {
        clean[int(d["rij"]) - 1]["burgerservicenummer"]
        for d in dirty.defects
        if d["kolom"] == "burgerservicenummer" and HANDLING[d["defect"]] != "kept"
    }
    others = {row["burgerservicenummer"] for row in clean if row["burgerservicenummer"] not in spoilt}
    children = read_csv(dirty.clean / "kinderen.csv")
    spoilt |= {row["burgerservicenummer_kind"] for row in children if row["burgerservicenummer_moeder"] in spoilt}
    with find_workspace(dirty.workspace).open() as (warehouse, _):
        refused = warehouse.rows('SELECT file, "row" FROM refusal')
    for row in refused:
        values = set(read_csv(dirty.folder / row["file"])[row["row"] - 1].values())
        assert values & spoilt and not values & others, row


def test_kept_values_reach_the_register_as_they_should(dirty: Dirty) -> None:
    clean = read_csv(dirty.clean / "vragenlijst.csv")
    rows = {d["defect"]: int(d["rij"]) for d in dirty.defects if d["bestand"] == "vragenlijst.csv"}
    kept = {name: nth for name, nth in rows.items() if HANDLING[name] == "kept"}
    spoilt = read_csv(dirty.folder / "vragenlijst.csv")
    with find_workspace(dirty.workspace).open() as (warehouse, vault):
        stored = {row["file_row"]: row for row in warehouse.rows("SELECT * FROM intake.questionnaire")}
        for name, nth in kept.items():
            before = next(r for r in clean if r["clientnummer"] == spoilt[nth - 1]["clientnummer"])
            now = stored[nth]
            assert vault.known_ids([before["burgerservicenummer"]])[before["burgerservicenummer"]] == now["person_id"]
            assert now["practice"] == before["praktijk_agb"], name


def test_awkward_names_are_kept_as_they_are(dirty: Dirty) -> None:
    persons = read_csv(dirty.folder / "personen.csv")
    awkward = {
        d["defect"]: persons[int(d["rij"]) - 1] for d in dirty.defects if HANDLING[d["defect"]] == "kept"
        and d["bestand"] == "personen.csv"
    }  # fmt: skip
    assert {"formule_in_naam", "naam_500_tekens"} <= awkward.keys()
    with find_workspace(dirty.workspace).open() as (_, vault):
        for row in awkward.values():
            who = vault.known_ids([row["burgerservicenummer"]])[row["burgerservicenummer"]]
            assert vault.contact(who, "person")["surname"] == row["geslachtsnaam"].strip()


def test_the_files_beside_a_dirty_delivery_are_not_touched_by_it(dirty: Dirty) -> None:
    sound = {"kinderen", "wonen", "meldingen"}
    files = counts_of(dirty.run.json)
    assert all(files[name]["quarantined"] == 0 for name in sound)
    assert "defecten.csv" in dirty.run.err  # read by nobody, and said so
