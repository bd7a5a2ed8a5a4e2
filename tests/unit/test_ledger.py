"""The ledger: what it refuses, and that nothing in it can be changed unseen."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from smartstart.errors import PolicyRefused, SmartstartError, StateError
from smartstart.trial import ledger
from smartstart.trial.allocation import Unit, stratum_code, subject_token
from smartstart.trial.design import Design
from smartstart.trial.ledger import Entry, from_jsonl, to_jsonl, verify

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
DESIGN = Design("heusden-1", strata=("risk_band",))
STAMP: dict[str, Any] = {"recorded_at": "2024-04-02T08:30:00Z", "actor": "analyst"}
AUDITOR = Path(__file__).parents[2] / "tools" / "verify_ledger.py"


def batch(first: int, last: int) -> list[Unit]:
    return [
        Unit(
            subject_token(KEY, f"r{number}"),
            stratum_code(KEY, "heusden-1", ("low" if number % 3 else "high",)),
        )
        for number in range(first, last)
    ]


def begin() -> list[Entry]:
    return [ledger.genesis([], DESIGN, KEY, programme="heusden", rehearsal=True, **STAMP)]


def with_freeze(entries: list[Entry], name: str, units: list[Unit]) -> list[Entry]:
    return [*entries, ledger.freeze(entries, batch=name, as_of=date(2024, 4, 1), units=units, **STAMP)]


def with_draw(entries: list[Entry], name: str, key: bytes = KEY, design: Design = DESIGN) -> list[Entry]:
    return [*entries, ledger.draw(entries, batch=name, design=design, key=key, **STAMP)]


def small() -> list[Entry]:
    return with_draw(with_freeze(begin(), "2024Q1", batch(0, 5)), "2024Q1")


def two_batches() -> list[Entry]:
    entries = with_draw(with_freeze(small(), "2024Q2", batch(5, 30)), "2024Q2")
    return [*entries, ledger.note(entries, text="A due date was corrected; no allocation changed.", **STAMP)]


def reseal(entries: list[Entry]) -> list[Entry]:
    """What a forger does who knows the format: number and chain all entries anew."""
    chain: list[Entry] = []
    for number, entry in enumerate(entries, start=1):
        previous = chain[-1].hash if chain else ledger.BEFORE_GENESIS
        chained = replace(entry, seq=number, previous=previous)
        chain.append(replace(chained, hash=ledger._hash(chained)))
    return chain


def detected(content: bytes) -> bool:
    try:
        return not verify(from_jsonl(content), key=None, head=None).ok
    except StateError:
        return True


# --- an honest ledger --------------------------------------------------------------------------------------


def test_an_honest_ledger_verifies_and_replays() -> None:
    entries = two_batches()
    found = verify(entries, key=KEY, head=ledger.head(entries))
    assert (found.ok, found.faults, found.entries, found.replayed) == (True, (), 6, True)
    assert sum(found.allocations.values()) == 30
    assert abs(found.allocations["offer"] - found.allocations["care_as_usual"]) <= 8


def test_without_the_key_the_chain_is_checked_and_not_the_draw() -> None:
    found = verify(two_batches(), key=None, head=None)
    assert (found.ok, found.replayed) == (True, False)


def test_the_head_of_a_ledger_never_changes() -> None:
    assert ledger.head(two_batches()) == "12b675a51bd764bebf5dd47610cbabb67e7fec8fb35c7d9c8b7176c901b3335e"


def test_a_file_is_read_back_as_it_was_written() -> None:
    entries = two_batches()
    assert from_jsonl(to_jsonl(entries)) == entries
    assert to_jsonl(entries).count(b"\n") == len(entries)


def test_left_over_places_of_a_block_carry_over_to_the_next_batch() -> None:
    rows = list(ledger.allocations(two_batches()).values())
    for stratum, number in ledger.filled(two_batches()).items():
        places = sorted((row.block, row.position) for row in rows if row.stratum == stratum)
        assert len(places) == number
        assert places[0] == (1, 1)
        assert all(after in ((before[0], before[1] + 1), (before[0] + 1, 1)) for before, after in pairwise(places))


def test_an_empty_batch_is_drawn_and_verifies() -> None:
    entries = with_draw(with_freeze(begin(), "2024Q1", []), "2024Q1")
    assert verify(entries, key=KEY, head=None).allocations == {"offer": 0, "care_as_usual": 0}


def test_the_order_in_which_women_are_frozen_does_not_matter() -> None:
    units = batch(0, 9)
    assert with_freeze(begin(), "b", units) == with_freeze(begin(), "b", units[::-1])


# --- refusals ----------------------------------------------------------------------------------------------


def refused(error: type[SmartstartError], words: str) -> AbstractContextManager[object]:
    return pytest.raises(error, match=words)


def test_a_ledger_begins_with_its_genesis() -> None:
    with refused(StateError, "begin the trial first"):
        with_freeze([], "2024Q1", batch(0, 5))
    with refused(StateError, "has not begun"):
        with_draw([], "2024Q1")
    with refused(StateError, "begin the trial first"):
        ledger.note([], text="too early", **STAMP)


def test_a_trial_has_one_genesis() -> None:
    with refused(PolicyRefused, "one genesis"):
        ledger.genesis(begin(), DESIGN, KEY, programme="heusden", rehearsal=True, **STAMP)


def test_a_second_draw_of_a_batch_is_refused() -> None:
    with refused(PolicyRefused, "drawn once"):
        with_draw(small(), "2024Q1")


def test_a_batch_is_frozen_once() -> None:
    with refused(PolicyRefused, "frozen once"):
        with_freeze(small(), "2024Q1", batch(5, 9))


def test_a_batch_is_frozen_before_it_is_drawn() -> None:
    with refused(StateError, "freeze it before"):
        with_draw(begin(), "2024Q1")


def test_a_woman_of_an_earlier_batch_is_refused() -> None:
    with refused(PolicyRefused, "first allocation stays"):
        with_freeze(small(), "2024Q2", batch(4, 9))


def test_a_woman_twice_in_a_batch_is_refused() -> None:
    with refused(PolicyRefused, "twice"):
        with_freeze(begin(), "2024Q1", batch(0, 2) + batch(0, 1))


def test_a_draw_with_another_key_is_refused() -> None:
    with refused(StateError, "not the one committed"):
        with_draw(with_freeze(begin(), "2024Q1", batch(0, 5)), "2024Q1", key=OTHER_KEY)


def test_a_changed_design_is_refused_with_both_hashes() -> None:
    changed = replace(DESIGN, block_sizes=(4, 6))
    with refused(PolicyRefused, f"{changed.hash()}.*{DESIGN.hash()}"):
        with_draw(with_freeze(begin(), "2024Q1", batch(0, 5)), "2024Q1", design=changed)


def test_nothing_is_added_to_a_damaged_ledger() -> None:
    entries = small()
    damaged = [entries[0], replace(entries[1], actor="somebody else"), entries[2]]
    with refused(StateError, "damaged.*Entry 2"):
        with_freeze(damaged, "2024Q2", batch(5, 9))
    with refused(StateError, "damaged"):
        ledger.allocations(damaged)


@pytest.mark.parametrize(
    "time",
    ["2024-04-02 08:30:00Z", "2024-04-02T08:30:00", "2024-04-02T08:30:00+02:00", "2024-13-02T08:30:00Z"],
)
def test_a_time_that_is_not_utc_is_refused(time: str) -> None:
    with refused(StateError, "form"):
        ledger.note(begin(), text="when?", recorded_at=time, actor="analyst")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("erase", {}),
        ("note", {}),
        ("note", {"text": "a float", "share": 0.5}),
        ("freeze", {"batch": "b", "as_of": "2024-04-01", "units": [], "root": "", "more": 1}),
        ("freeze", {"batch": "b", "as_of": "1 April", "units": [], "root": ""}),
        ("freeze", {"batch": "b", "as_of": "2024-04-01", "units": [{"token": "a"}], "root": ""}),
        ("draw", {"batch": "b", "freeze": ""}),
    ],
)
def test_an_entry_of_another_form_is_refused(kind: str, body: dict[str, Any]) -> None:
    with refused(StateError, "form"):
        ledger.append(begin(), kind, body, **STAMP)


def test_an_allocation_that_the_key_did_not_give_cannot_name_other_women() -> None:
    entries = with_freeze(begin(), "2024Q1", batch(0, 5))
    body = {"batch": "2024Q1", "freeze": entries[-1].hash, "allocations": []}
    with refused(StateError, "exactly those of the freeze"):
        ledger.append(entries, "draw", body, **STAMP)


# --- changes after the fact --------------------------------------------------------------------------------


def test_any_single_changed_bit_of_the_file_is_detected() -> None:
    content = to_jsonl(small())
    missed = [
        (place, bit)
        for place in range(len(content))
        for bit in range(8)
        if not detected(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
    ]
    assert missed == []


def test_any_byte_removed_doubled_or_put_in_is_detected() -> None:
    content = to_jsonl(small())
    for place in range(len(content)):
        assert detected(content[:place] + content[place + 1 :])
        assert detected(content[:place] + b" " + content[place:])
        assert detected(content[:place] + content[place : place + 1] + content[place:])


def test_a_file_cut_anywhere_is_detected_with_the_head() -> None:
    entries = small()
    content, head = to_jsonl(entries), ledger.head(entries)
    for length in range(len(content)):
        try:
            assert not verify(from_jsonl(content[:length]), key=None, head=head).ok
        except StateError:
            continue


@pytest.mark.parametrize("tail", [b"\n", b" ", b"{}\n", b"null\n", b"[" * 5000 + b"\n", b"\xff\n", b"NaN\n", b"\r\n"])
def test_anything_after_the_last_entry_is_refused(tail: bytes) -> None:
    with refused(StateError, "line 4"):
        from_jsonl(to_jsonl(small()) + tail)


def test_an_entry_with_a_field_too_many_or_too_few_is_refused() -> None:
    line = to_jsonl(begin())
    for other in (line.replace(b'"seq":1', b'"seq":1,"so":1'), line.replace(b',"seq":1', b"")):
        with refused(StateError, "line 1"):
            from_jsonl(other)


@pytest.mark.parametrize("place", range(6))
def test_an_entry_removed_doubled_or_moved_is_detected(place: int) -> None:
    entries = two_batches()
    head = ledger.head(entries)
    moved = entries[:place] + entries[place + 1 :]
    assert not verify(moved, key=None, head=head).ok
    assert not verify([*moved, entries[place]] if place < 5 else [entries[5], *moved], key=None, head=None).ok
    assert not verify(entries[: place + 1] + entries[place:], key=None, head=None).ok


@pytest.mark.parametrize("place", range(6))
def test_a_forged_chain_without_an_entry_is_caught_by_the_head(place: int) -> None:
    entries = two_batches()
    forged = reseal(entries[:place] + entries[place + 1 :])
    assert not verify(forged, key=KEY, head=ledger.head(entries)).ok


def swapped_arms(entries: list[Entry]) -> list[Entry]:
    rows = [dict(row) for row in entries[2].body["allocations"]]
    other = next(row for row in rows if row["arm"] != rows[0]["arm"])
    rows[0]["arm"], other["arm"] = other["arm"], rows[0]["arm"]
    return [*entries[:2], replace(entries[2], body={**entries[2].body, "allocations": rows}), *entries[3:]]


def test_a_forged_chain_with_two_arms_swapped_is_caught_by_the_key_and_by_the_head() -> None:
    entries = small()
    forged = reseal(swapped_arms(entries))
    assert verify(forged, key=None, head=None).ok  # this is why the head is noted elsewhere
    assert not verify(forged, key=None, head=ledger.head(entries)).ok
    assert "Entry 3: the key does not give these allocations" in verify(forged, key=KEY, head=None).faults[0]


def test_a_forged_batch_with_a_woman_less_is_caught_by_the_key() -> None:
    entries = two_batches()
    shorter = with_draw(with_freeze(begin(), "2024Q1", batch(0, 4)), "2024Q1")
    forged = reseal([*shorter, *entries[3:]])
    assert not verify(forged, key=KEY, head=None).ok


def test_another_key_is_named_as_not_the_committed_one() -> None:
    found = verify(small(), key=OTHER_KEY, head=None)
    assert "Entry 1: the key given is not the one committed to." in found.faults


def test_an_empty_ledger_has_no_genesis() -> None:
    assert not verify(from_jsonl(b""), key=None, head=None).ok


def test_a_head_of_an_earlier_entry_is_said_to_be_earlier() -> None:
    entries = two_batches()
    (fault,) = verify(entries, key=None, head=entries[2].hash).faults
    assert "entry 3 of 6" in fault


ODD = [None, True, 0, -1, 1.5, "", "x", [], [None], {}, {"token": 1}, float("nan"), b"bytes", {1: 2}]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_whatever_a_ledger_holds_the_faults_are_listed_and_nothing_is_raised(odd: object) -> None:
    entries = two_batches()
    for place, entry in enumerate(entries):
        forgeries = [replace(entry, **{item.name: odd}) for item in fields(entry)]
        forgeries += [replace(entry, body={**entry.body, name: odd}) for name in entry.body if name != "text"]
        forgeries += [
            replace(entry, body={**entry.body, name: [{**row, part: odd} for row in entry.body[name]]})
            for name in ("units", "allocations")
            for part in entry.body.get(name, [{}])[0]
        ]
        if entry.kind == "genesis":
            design = entry.body["design"]
            forgeries += [replace(entry, body={**entry.body, "design": {**design, part: odd}}) for part in design]
        for forged in forgeries:
            if repr(forged) == repr(entry):
                continue
            whole = [*entries[:place], forged, *entries[place + 1 :]]
            assert not verify(whole, key=KEY, head=ledger.head(entries)).ok


def test_no_fault_repeats_what_the_ledger_holds() -> None:
    units = [Unit("zebra-token", "zebra-stratum")]
    entries = with_draw(with_freeze(begin(), "zebra-batch", units), "zebra-batch")
    damaged = [entries[0], replace(entries[2], actor="zebra-actor"), entries[1]]
    assert "zebra" not in " ".join(verify(damaged, key=OTHER_KEY, head="zebra").faults)


def test_no_function_changes_or_removes_an_entry() -> None:
    source = Path(ledger.__file__).read_text("utf-8")
    for word in (
        "def update",
        "def delete",
        "def remove",
        "def replace_",
        "entries.pop",
        "del entries",
        "entries[",
    ):
        assert word not in source.replace("entries[-1].hash", ""), word


# --- the auditor's own program -----------------------------------------------------------------------------


def audit(folder: Path, content: bytes, *options: str, key: bytes | None = None) -> tuple[int, str]:
    path = folder / "ledger.jsonl"
    path.write_bytes(content)
    command = [sys.executable, "-I", "-S", str(AUDITOR), str(path), *options]
    if key is not None:
        (folder / "key").write_text(key.hex() + "\n", "ascii")
        command += ["--key", str(folder / "key")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_auditors_program_agrees_on_an_honest_ledger(tmp_path: Path) -> None:
    entries = two_batches()
    code, said = audit(tmp_path, to_jsonl(entries), "--head", ledger.head(entries), key=KEY)
    assert (code, said.splitlines()[0]) == (0, "No fault found; the draws were repeated.")
    women = sum(int(line.split()[-1]) for line in said.splitlines()[1:])
    assert women == len(ledger.allocations(entries))
    assert audit(tmp_path, to_jsonl(entries))[0] == 0


def test_the_auditors_program_agrees_on_a_long_trial_in_another_ratio(tmp_path: Path) -> None:
    design = Design("long", ("offer", "wait", "care_as_usual"), (2, 1, 1), ("band",), (4, 8, 12))
    entries = [ledger.genesis([], design, KEY, programme="p", rehearsal=False, **STAMP)]
    for week in range(12):
        units = [Unit(f"{week:02}-{number}", f"s{number % 4}") for number in range(week * 2)]
        entries = with_draw(with_freeze(entries, f"w{week}", units), f"w{week}", design=design)
    assert verify(entries, key=KEY, head=None).ok
    assert audit(tmp_path, to_jsonl(entries), key=KEY)[0] == 0


def test_the_auditors_program_finds_each_forgery(tmp_path: Path) -> None:
    entries = two_batches()
    content, head = to_jsonl(entries), ledger.head(entries)
    assert audit(tmp_path, to_jsonl(reseal(swapped_arms(entries))), key=KEY)[0] == 1
    assert audit(tmp_path, to_jsonl(reseal(entries[:-1])), "--head", head)[0] == 1
    assert audit(tmp_path, to_jsonl(entries[1:]))[0] == 1
    assert audit(tmp_path, content, key=OTHER_KEY)[0] == 1
    assert audit(tmp_path, content[:-1])[0] == 1
    assert audit(tmp_path, content + b"{}\n")[0] == 1
    assert audit(tmp_path, content.replace(b"analyst", b"nobody!", 1))[0] == 1
    assert audit(tmp_path, b"")[0] == 1
    assert audit(tmp_path, content, "--key", str(tmp_path / "absent"))[0] == 2


def test_the_auditors_program_imports_nothing_of_ours_and_nothing_to_install() -> None:
    imports = {
        line.split()[1].split(".")[0]
        for line in AUDITOR.read_text("utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imports <= sys.stdlib_module_names
