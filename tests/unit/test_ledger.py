"""The ledger: what it refuses, and that nothing in it can be changed unseen."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import smartstart
from smartstart.errors import PolicyRefused, SmartstartError, StateError
from smartstart.trial import ledger
from smartstart.trial.allocation import Unit, nonce_commitment, stratum_code, subject_token
from smartstart.trial.book import Book, epoch_body
from smartstart.trial.design import Design, Factor, closed
from smartstart.trial.entries import (
    BEFORE_GENESIS,
    Entry,
    Stamp,
    from_jsonl,
    hash_of,
    is_sealed,
    is_well_formed,
    sealed,
    to_jsonl,
)
from smartstart.trial.ledger import Ledger, Nonce, redrawn, verify

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
DESIGN = Design("heusden-1", strata=(Factor("risk_band", ("low", "high")),), block_sizes=(4, 6, 8))
STAMP = Stamp("2024-04-02T08:30:00Z", "one officer")
SECRET = "5ec0" * 16
AT = {"recorded_at": STAMP.recorded_at}
AUDITOR = Path(__file__).parents[2] / "tools" / "verify_ledger.py"


def women(first: int, last: int, epoch: int = 1, key: bytes = KEY) -> list[Unit]:
    return [
        Unit(
            subject_token(KEY, f"r{number}"),
            stratum_code(key, "heusden-1", epoch, ("low" if number % 3 else "high",)),
        )
        for number in range(first, last)
    ]


def begun(design: Design = DESIGN) -> Ledger:
    made = Ledger()
    made.begin(design, KEY, programme="heusden", rehearsal=True, stamp=STAMP)
    return made


def freeze(of: Ledger, name: str, units: list[Unit], nonce: Nonce = ledger.NO_NONCE) -> Ledger:
    of.freeze(name, as_of=date(2024, 4, 1), units=units, delivery="de11" * 16, nonce=nonce, **AT)
    return of


def draw(of: Ledger, key: bytes = KEY, design: Design = DESIGN, nonce: str = "") -> Ledger:
    of.draw(design, key, nonce=nonce, **AT)
    return of


def small() -> Ledger:
    return draw(freeze(begun(), "2024Q1", women(0, 5)))


def two_batches() -> list[Entry]:
    made = draw(freeze(small(), "2024Q2", women(5, 30)))
    made.note("A due date was corrected; no allocation changed.", stamp=STAMP)
    return [*made.entries]


def two_officers() -> Ledger:
    return freeze(begun(), "2024Q1", women(0, 9), Nonce("second_officer", nonce_commitment(SECRET)))


def head(entries: Sequence[Entry]) -> str:
    return entries[-1].hash


def reseal(entries: Sequence[Entry]) -> list[Entry]:
    """What a forger does who knows the format: number and chain all entries anew."""
    chain: list[Entry] = []
    for number, entry in enumerate(entries, start=1):
        chained = replace(entry, seq=number, previous=head(chain) if chain else BEFORE_GENESIS)
        chain.append(replace(chained, hash=hash_of(chained)))
    return chain


def detected(content: bytes) -> bool:
    try:
        return not verify(from_jsonl(content), keys=None, head=None).ok
    except StateError:
        return True


# --- an honest ledger --------------------------------------------------------------------------------------


def test_an_honest_ledger_verifies_and_replays() -> None:
    entries = two_batches()
    found = verify(entries, keys=[KEY], head=head(entries))
    assert (found.ok, found.faults, found.entries, found.replayed) == (True, (), 6, True)
    assert sum(found.allocations.values()) == 30
    assert abs(found.allocations["offer"] - found.allocations["care_as_usual"]) <= 8


def test_without_the_key_the_chain_is_checked_and_not_the_draw() -> None:
    found = verify(two_batches(), keys=None, head=None)
    assert (found.ok, found.replayed) == (True, False)


def test_a_file_is_read_back_as_it_was_written() -> None:
    entries = two_batches()
    assert from_jsonl(to_jsonl(entries)) == entries
    assert to_jsonl(entries).count(b"\n") == len(entries)


def test_a_ledger_read_back_goes_on_as_the_one_that_was_written() -> None:
    again = Ledger(from_jsonl(to_jsonl(small().entries)))
    assert draw(freeze(again, "2024Q2", women(5, 30))).entries == tuple(two_batches()[:5])


def test_an_empty_batch_is_drawn_and_verifies() -> None:
    made = draw(freeze(begun(), "2024Q1", []))
    assert verify(made.entries, keys=[KEY], head=None).allocations == {"offer": 0, "care_as_usual": 0}


def test_the_order_in_which_women_are_frozen_does_not_matter() -> None:
    units = women(0, 9)
    assert freeze(begun(), "b", units).entries == freeze(begun(), "b", units[::-1]).entries


def test_the_ledger_shows_no_block_and_no_conditional_chance_while_the_trial_runs() -> None:
    for word in (b'"block"', b'"position"', b'"conditional"'):
        assert word not in to_jsonl(small().entries)
    assert {a.conditional for _, _, a in redrawn(small().entries, {small().commitment: KEY})} != {"1/2"}


# --- refusals ----------------------------------------------------------------------------------------------


def refused(error: type[SmartstartError], words: str) -> AbstractContextManager[object]:
    return pytest.raises(error, match=words)


def test_a_ledger_begins_with_its_genesis() -> None:
    with refused(StateError, "begin the trial first"):
        freeze(Ledger(), "2024Q1", women(0, 5))
    with refused(StateError, "no frozen batch"):
        draw(Ledger())
    with refused(StateError, "begin the trial first"):
        Ledger().note("too early", stamp=STAMP)


def test_a_trial_has_one_genesis() -> None:
    with refused(PolicyRefused, "one genesis"):
        begun().begin(DESIGN, KEY, programme="heusden", rehearsal=True, stamp=STAMP)


def test_a_second_draw_of_a_batch_is_refused() -> None:
    made = small()
    with refused(StateError, "no frozen batch"):
        draw(made)
    entries = [*made.entries, sealed(4, "draw", made.entries[2].body, made.head, STAMP)]
    assert (
        "Entry 4: this batch was drawn before, and a batch is drawn once."
        in verify(entries, keys=None, head=None).faults
    )


def test_a_batch_is_frozen_once() -> None:
    with refused(PolicyRefused, "frozen once"):
        freeze(small(), "2024Q1", women(5, 9))


def test_a_frozen_batch_is_drawn_before_the_next_is_frozen_or_an_epoch_opened() -> None:
    made = freeze(begun(), "2024Q1", women(0, 5))
    with refused(StateError, "not drawn yet"):
        freeze(made, "2024Q2", women(5, 9))
    with refused(StateError, "not drawn yet"):
        made.open_epoch("rekey", DESIGN, OTHER_KEY, reason="leaked", owner="projectleider", stamp=STAMP)
    assert len(draw(made).entries) == 3


def test_a_woman_of_an_earlier_batch_is_refused() -> None:
    with refused(PolicyRefused, "first allocation stays"):
        freeze(small(), "2024Q2", women(4, 9))


def test_a_woman_twice_in_a_batch_is_refused() -> None:
    with refused(PolicyRefused, "twice"):
        freeze(begun(), "2024Q1", women(0, 2) + women(0, 1))


def test_a_woman_with_levels_or_a_home_that_the_design_does_not_ask_is_refused() -> None:
    for odd in (replace(women(0, 1)[0], levels=("l",)), replace(women(0, 1)[0], cluster="home")):
        with refused(StateError, "not what the design asks"):
            freeze(begun(), "2024Q1", [odd])


def test_a_draw_with_another_key_is_refused() -> None:
    with refused(StateError, "not the one committed"):
        draw(freeze(begun(), "2024Q1", women(0, 5)), key=OTHER_KEY)


def test_a_changed_design_is_refused_with_both_hashes() -> None:
    changed = replace(DESIGN, block_sizes=(4, 6))
    with refused(PolicyRefused, f"{changed.hash()}.*{DESIGN.hash()}"):
        draw(freeze(begun(), "2024Q1", women(0, 5)), design=changed)


def test_nothing_is_added_to_a_damaged_ledger() -> None:
    entries = small().entries
    with refused(StateError, "damaged.*Entry 2"):
        Ledger([entries[0], replace(entries[1], actor="somebody else"), entries[2]])


@pytest.mark.parametrize(
    "time",
    ["2024-04-02 08:30:00Z", "2024-04-02T08:30:00", "2024-04-02T08:30:00+02:00", "2024-13-02T08:30:00Z"],
)
def test_a_time_that_is_not_utc_is_refused(time: str) -> None:
    with refused(StateError, "form"):
        begun().note("when?", stamp=Stamp(time, "one officer"))


NO_SOURCE = {"source": "none", "promise": ""}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("erase", {}),
        ("note", {}),
        ("note", {"text": "a float", "share": 0.5}),
        ("note", {"text": "more", "more": "than a text"}),
        ("event", {"seal": 3}),
        (
            "freeze",
            {"batch": "b", "epoch": 1, "as_of": "1 April", "delivery": "", "nonce": NO_SOURCE, "units": [], "root": ""},
        ),
        (
            "freeze",
            {"batch": "b", "epoch": 1, "as_of": "2024-04-01", "delivery": "", "nonce": {}, "units": [], "root": ""},
        ),
        (
            "freeze",
            {
                "batch": "b",
                "epoch": 1,
                "as_of": "2024-04-01",
                "delivery": "",
                "nonce": NO_SOURCE,
                "units": [3],
                "root": "",
            },
        ),
        ("draw", {"batch": "b", "freeze": ""}),
    ],
)
def test_an_entry_of_another_form_is_refused(kind: str, body: dict[str, Any]) -> None:
    with refused(StateError, "form"):
        begun()._add(kind, body, STAMP)


def test_an_allocation_that_the_key_did_not_give_cannot_name_other_women() -> None:
    made = freeze(begun(), "2024Q1", women(0, 5))
    body = {"batch": "2024Q1", "freeze": made.head, "nonce": "", "allocations": [], "steps": ""}
    with refused(StateError, "exactly those of the freeze"):
        made._add("draw", body, STAMP)


# --- two officers ------------------------------------------------------------------------------------------


def test_a_second_officers_nonce_is_held_to_what_she_committed_to() -> None:
    made = two_officers()
    with refused(PolicyRefused, "not the one that the second officer committed to"):
        draw(made, nonce="abcd" * 16)
    with refused(PolicyRefused, "form of one from"):
        draw(made, nonce="")
    assert verify(draw(made, nonce=SECRET).entries, keys=[KEY], head=None).ok


@pytest.mark.parametrize(
    ("nonce", "text"),
    [
        (Nonce("second_officer", nonce_commitment(SECRET)), SECRET),
        (Nonce("beacon", "drand quicknet, round 1234567"), "ab" * 32),
        (Nonce("dice"), "34216543214365214365"),
    ],
)
def test_a_nonce_that_was_promised_or_used_before_is_refused(nonce: Nonce, text: str) -> None:
    made = draw(freeze(begun(), "2024Q1", women(0, 9), nonce), nonce=text)
    with refused(PolicyRefused, "was promised or used before|was used before"):
        draw(freeze(made, "2024Q2", women(9, 12), nonce), nonce=text)


def test_a_nonce_that_was_promised_before_is_refused_at_the_freeze_already() -> None:
    made = draw(two_officers(), nonce=SECRET)
    with refused(PolicyRefused, "promised or used before, so it is known"):
        freeze(made, "2024Q2", women(9, 12), Nonce("second_officer", nonce_commitment(SECRET)))


def test_who_draws_is_who_can_draw_with_such_a_nonce() -> None:
    entries = draw(freeze(begun(), "2024Q1", women(0, 5))).entries
    forged = reseal([entries[0], replace(entries[1], actor="two officers"), *entries[2:]])
    assert "not who conducts a draw" in verify(forged, keys=[KEY], head=None).faults[0]


def test_who_knows_the_key_alone_does_not_know_the_draw() -> None:
    def arms(secret: str) -> list[str]:
        promised = Nonce("second_officer", nonce_commitment(secret))
        made = freeze(begun(), "2024Q1", women(0, 12), promised)
        return [a.arm for a in made.draw(DESIGN, KEY, nonce=secret, **AT)]

    assert len({tuple(arms(f"{n:064x}")) for n in range(12)}) > 9


@pytest.mark.parametrize(
    ("nonce", "text", "well"),
    [
        (Nonce("dice"), "3421 6", False),
        (Nonce("dice"), "34216543214365214365", True),
        (Nonce("beacon", "drand quicknet, round 1234567"), "ab" * 32, True),
        (Nonce("beacon", "drand quicknet, round 1234567"), "seven", False),
        (Nonce("none"), "a late idea that is long enough", False),
    ],
)
def test_a_nonce_has_the_form_of_its_source(nonce: Nonce, text: str, well: bool) -> None:
    made = freeze(begun(), "2024Q1", women(0, 5), nonce)
    if not well:
        with refused(PolicyRefused, "form of one from"):
            draw(made, nonce=text)
        return
    assert verify(draw(made, nonce=text).entries, keys=[KEY], head=None).ok


def test_what_a_nonce_will_be_is_said_when_the_batch_is_frozen() -> None:
    for nonce in (Nonce("second_officer"), Nonce("beacon"), Nonce("dice", "any")):
        with refused(PolicyRefused, "beforehand"):
            freeze(begun(), "2024Q1", women(0, 5), nonce)


# --- epochs ------------------------------------------------------------------------------------------------

NEW = replace(DESIGN, ratio=(2, 1), block_sizes=(6, 9))
CLOSED = closed(NEW)


def long_trial() -> Ledger:
    """A trial with a leaked key, another ratio, and its closing."""
    made = small()
    made.open_epoch("rekey", DESIGN, OTHER_KEY, reason="the key was mailed", owner="projectleider", stamp=STAMP)
    draw(freeze(made, "2024Q2", women(5, 30, 2, OTHER_KEY)), OTHER_KEY)
    made.open_epoch("redesign", NEW, OTHER_KEY, reason="a second nurse", owner="projectleider", stamp=STAMP)
    draw(freeze(made, "2024Q3", women(30, 60, 3, OTHER_KEY)), OTHER_KEY, NEW)
    made.open_epoch("close", CLOSED, OTHER_KEY, reason="enough women", owner="gemeente", stamp=STAMP)
    return draw(freeze(made, "2024Q4", women(60, 66, 4, OTHER_KEY)), OTHER_KEY, CLOSED)


def test_after_a_leak_a_new_epoch_has_a_new_key_and_the_old_one_verifies_for_ever() -> None:
    entries = long_trial().entries
    assert verify(entries, keys=[KEY, OTHER_KEY], head=head(entries)).ok
    assert "Entry 1: none of the keys given" in verify(entries, keys=[OTHER_KEY], head=None).faults[0]
    with refused(StateError, "not the one committed"):
        draw(freeze(Ledger(entries[:6]), "2024Q3", women(31, 40, 2, OTHER_KEY)), KEY)


def test_once_closed_everyone_is_offered_with_probability_one_and_it_stays_closed() -> None:
    made = long_trial()
    last = [a for _, epoch, a in redrawn(made.entries, {v: k for k, v in commitments().items()}) if epoch == 4]
    assert {(a.arm, a.marginal, a.conditional) for a in last} == {("offer", "1", "1")}
    with refused(PolicyRefused, "that is final"):
        made.open_epoch("redesign", DESIGN, KEY, reason="again", owner="gemeente", stamp=STAMP)


def commitments() -> dict[bytes, str]:
    return {KEY: begun().commitment, OTHER_KEY: long_trial().commitment}


def test_a_new_epoch_begins_its_own_blocks() -> None:
    steps = [a.step["block"] for _, epoch, a in redrawn(long_trial().entries, {v: k for k, v in commitments().items()})
             if epoch == 3]  # fmt: skip
    assert min(steps) == 1


@pytest.mark.parametrize(
    ("why", "design", "key"),
    [
        ("rekey", DESIGN, KEY),
        ("rekey", NEW, OTHER_KEY),
        ("redesign", DESIGN, KEY),
        ("redesign", CLOSED, KEY),
        ("redesign", NEW, OTHER_KEY),
        ("close", NEW, KEY),
        ("close", CLOSED, KEY),
        ("close", closed(DESIGN), OTHER_KEY),
        ("close", replace(closed(DESIGN), arms=("care_as_usual", "offer")), KEY),
        ("whim", NEW, OTHER_KEY),
    ],
)
def test_an_epoch_changes_what_it_says_it_changes(why: Any, design: Design, key: bytes) -> None:
    with refused(PolicyRefused, "not what it says"):
        small().open_epoch(why, design, key, reason="a reason", owner="projectleider", stamp=STAMP)


def test_a_leaked_key_does_not_come_back() -> None:
    made = small()
    made.open_epoch("rekey", DESIGN, OTHER_KEY, reason="leaked", owner="projectleider", stamp=STAMP)
    with refused(PolicyRefused, "not what it says"):
        made.open_epoch("rekey", DESIGN, KEY, reason="back again", owner="projectleider", stamp=STAMP)


def test_a_trial_does_not_begin_with_the_offer_for_everyone() -> None:
    with refused(PolicyRefused, "no trial to begin"):
        begun(CLOSED)


def test_an_epoch_has_a_reason_and_an_owner() -> None:
    with refused(PolicyRefused, "a reason and an owner"):
        small().open_epoch("redesign", NEW, KEY, reason=" ", owner="projectleider", stamp=STAMP)


def test_a_household_keeps_its_arm_in_a_later_epoch() -> None:
    homes = replace(DESIGN, unit="household")
    made = begun(homes)
    units = [replace(unit, cluster=f"home {n}") for n, unit in enumerate(women(0, 20))]
    draw(freeze(made, "a", units), design=homes)
    made.open_epoch("rekey", homes, OTHER_KEY, reason="leaked", owner="projectleider", stamp=STAMP)
    sisters = [replace(unit, cluster=f"home {n}") for n, unit in enumerate(women(20, 40, 2, OTHER_KEY))]
    rows = {a.token: a for a in Ledger.draw(freeze(made, "b", sisters), homes, OTHER_KEY, **AT)}
    assert all(rows[sister.token].arm == made.arms[first.token] for sister, first in zip(sisters, units, strict=True))
    assert {row.conditional for row in rows.values()} == {"1"}
    assert verify(made.entries, keys=[KEY, OTHER_KEY], head=None).ok


def test_a_sister_has_the_chance_that_her_household_had_also_when_the_ratio_has_changed_since(tmp_path: Path) -> None:
    homes = replace(DESIGN, unit="household")
    made = draw(
        freeze(begun(homes), "a", [replace(u, cluster=f"{n:016x}") for n, u in enumerate(women(0, 9))]), design=homes
    )
    other = replace(homes, ratio=(3, 1), block_sizes=(4, 8))
    made.open_epoch("redesign", other, KEY, reason="more room", owner="projectleider", stamp=STAMP)
    sisters = [replace(u, cluster=f"{n:016x}") for n, u in enumerate(women(20, 32, 2))]
    rows = {a.token: a for a in Ledger.draw(freeze(made, "b", sisters), other, KEY, **AT)}
    assert {rows[unit.token].marginal for unit in sisters[:9]} == {"1/2"}
    assert {rows[unit.token].marginal for unit in sisters[9:]} <= {"3/4", "1/4"}
    assert audit(tmp_path, to_jsonl(made.entries), key=KEY)[0] == 0


# --- changes after the fact --------------------------------------------------------------------------------


def test_any_single_changed_bit_of_the_file_is_detected() -> None:
    content = to_jsonl(small().entries)
    missed = [
        (place, bit)
        for place in range(len(content))
        for bit in range(8)
        if not detected(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
    ]
    assert missed == []


def test_any_byte_removed_doubled_or_put_in_is_detected() -> None:
    content = to_jsonl(small().entries)
    for place in range(len(content)):
        assert detected(content[:place] + content[place + 1 :])
        assert detected(content[:place] + b" " + content[place:])
        assert detected(content[:place] + content[place : place + 1] + content[place:])


def test_a_file_cut_anywhere_is_detected_with_the_head() -> None:
    entries = [*small().entries]
    content, last = to_jsonl(entries), head(entries)
    for length in range(len(content)):
        try:
            assert not verify(from_jsonl(content[:length]), keys=None, head=last).ok
        except StateError:
            continue


@pytest.mark.parametrize("tail", [b"\n", b" ", b"{}\n", b"null\n", b"[" * 5000 + b"\n", b"\xff\n", b"NaN\n", b"\r\n"])
def test_anything_after_the_last_entry_is_refused(tail: bytes) -> None:
    with refused(StateError, "line 4"):
        from_jsonl(to_jsonl(small().entries) + tail)


def test_an_entry_with_a_field_too_many_or_too_few_is_refused() -> None:
    line = to_jsonl(begun().entries)
    for other in (line.replace(b'"seq":1', b'"seq":1,"so":1'), line.replace(b',"seq":1', b"")):
        with refused(StateError, "line 1"):
            from_jsonl(other)


@pytest.mark.parametrize("place", range(6))
def test_an_entry_removed_doubled_or_moved_is_detected(place: int) -> None:
    entries = two_batches()
    last = head(entries)
    moved = entries[:place] + entries[place + 1 :]
    assert not verify(moved, keys=None, head=last).ok
    assert not verify([*moved, entries[place]] if place < 5 else [entries[5], *moved], keys=None, head=None).ok
    assert not verify(entries[: place + 1] + entries[place:], keys=None, head=None).ok


@pytest.mark.parametrize("place", range(6))
def test_a_forged_chain_without_an_entry_is_caught_by_the_head(place: int) -> None:
    entries = two_batches()
    forged = reseal(entries[:place] + entries[place + 1 :])
    assert not verify(forged, keys=[KEY], head=head(entries)).ok


def swapped_arms(entries: list[Entry]) -> list[Entry]:
    rows = [dict(row) for row in entries[2].body["allocations"]]
    other = next(row for row in rows if row["arm"] != rows[0]["arm"])
    rows[0]["arm"], other["arm"] = other["arm"], rows[0]["arm"]
    return [*entries[:2], replace(entries[2], body={**entries[2].body, "allocations": rows}), *entries[3:]]


def test_a_forged_chain_with_two_arms_swapped_is_caught_by_the_key_and_by_the_head() -> None:
    entries = [*small().entries]
    forged = reseal(swapped_arms(entries))
    assert verify(forged, keys=None, head=None).ok  # this is why the head is noted elsewhere
    assert not verify(forged, keys=None, head=head(entries)).ok
    assert "Entry 3: the key does not give these allocations" in verify(forged, keys=[KEY], head=None).faults[0]


def test_a_forged_batch_with_a_woman_less_is_caught_by_the_key() -> None:
    entries = two_batches()
    shorter = draw(freeze(begun(), "2024Q1", women(0, 4)))
    forged = reseal([*shorter.entries, *entries[3:]])
    assert not verify(forged, keys=[KEY], head=None).ok


def test_another_key_is_named_as_not_the_committed_one() -> None:
    found = verify(small().entries, keys=[OTHER_KEY], head=None)
    assert "Entry 1: none of the keys given is the one committed to." in found.faults


def test_an_empty_ledger_has_no_genesis() -> None:
    assert not verify(from_jsonl(b""), keys=None, head=None).ok


def test_a_head_that_was_noted_earlier_stands_for_the_entries_up_to_it() -> None:
    entries = two_batches()
    found = verify(entries, keys=None, head=entries[2].hash)
    assert (found.ok, found.covered, found.entries) == (True, 3, 6)
    assert verify(entries[:2], keys=None, head=entries[2].hash).covered is None
    assert not verify(entries[:2], keys=None, head=entries[2].hash).ok


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
            assert not verify(whole, keys=[KEY], head=head(entries)).ok


def test_no_fault_repeats_what_the_ledger_holds() -> None:
    units = [Unit("zebra-token", "zebra-stratum")]
    entries = draw(freeze(begun(), "zebra-batch", units)).entries
    damaged = [entries[0], replace(entries[2], actor="zebra-actor"), entries[1]]
    assert "zebra" not in " ".join(verify(damaged, keys=[OTHER_KEY], head="zebra").faults)


def sql_texts() -> list[str]:
    """Return every text in the code, and every file of SQL: whatever could be run in the warehouse."""
    source = Path(smartstart.__file__).parent
    trees = [ast.parse(path.read_text("utf-8")) for path in source.rglob("*.py")]
    texts = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [*(text for text in texts if isinstance(text, str)), *(p.read_text("utf-8") for p in source.rglob("*.sql"))]


def test_no_code_path_updates_or_deletes_an_entry() -> None:
    kept = ("ledger", "allocation", "frozen", "event")
    for text in sql_texts():
        words = " ".join(text.replace('"', "").lower().split())
        for table in kept:
            for verb in ("update", "delete from", "drop table", "truncate", "create or replace table"):
                assert f"{verb} {table} " not in f"{words} ".replace(";", " "), f"{verb} {table}"


def test_a_ledger_in_memory_only_grows() -> None:
    tree = ast.parse(Path(ledger.__file__).read_text("utf-8"))
    uses = {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Call, ast.Subscript, ast.Assign, ast.Delete)) and "self._entries" in ast.unparse(node)
    }
    allowed = (
        "list(entries)",
        "_read(",
        "tuple(",
        "len(",
        "sealed(",
        "append(entry)",
        "self._entries[-1]",
        "self.head",
    )
    assert all(any(word in use for word in allowed) for use in uses), uses


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
    code, said = audit(tmp_path, to_jsonl(entries), "--head", head(entries), key=KEY)
    assert (code, said.splitlines()[0]) == (0, "No fault found; the draws were repeated.")
    women = sum(int(line.split()[-1]) for line in said.splitlines()[3:])
    assert women == 30
    assert audit(tmp_path, to_jsonl(entries))[0] == 0


def test_the_auditors_program_agrees_on_a_trial_of_several_epochs_and_officers(tmp_path: Path) -> None:
    keys = KEY.hex() + "\n" + OTHER_KEY.hex()
    (tmp_path / "keys").write_text(keys, "ascii")
    assert audit(tmp_path, to_jsonl(long_trial().entries), "--key", str(tmp_path / "keys"))[0] == 0
    assert audit(tmp_path, to_jsonl(long_trial().entries), key=KEY)[0] == 1
    assert audit(tmp_path, to_jsonl(draw(two_officers(), nonce=SECRET).entries), key=KEY)[0] == 0


def test_the_auditors_program_finds_a_nonce_that_was_not_promised(tmp_path: Path) -> None:
    made = draw(two_officers(), nonce=SECRET)
    forged = replace(made.entries[2], body=made.entries[2].body | {"nonce": "abcd" * 16})
    code, said = audit(tmp_path, to_jsonl(reseal([*made.entries[:2], forged])))
    assert (code, said) == (1, "Line 3 has another nonce than was promised.\n")


def test_the_auditors_program_finds_each_forgery(tmp_path: Path) -> None:
    entries = two_batches()
    content, last = to_jsonl(entries), head(entries)
    assert audit(tmp_path, to_jsonl(reseal(swapped_arms(entries))), key=KEY)[0] == 1
    assert audit(tmp_path, to_jsonl(reseal(entries[:-1])), "--head", last)[0] == 1
    assert audit(tmp_path, to_jsonl(entries[1:]))[0] == 1
    assert audit(tmp_path, content, key=OTHER_KEY)[0] == 1
    assert audit(tmp_path, content[:-1])[0] == 1
    assert audit(tmp_path, content + b"{}\n")[0] == 1
    assert audit(tmp_path, content.replace(b"officer", b"nobody!", 1))[0] == 1
    assert audit(tmp_path, b"")[0] == 1
    assert audit(tmp_path, content, "--key", str(tmp_path / "absent"))[0] == 2


def test_the_auditors_program_imports_nothing_of_ours_and_nothing_to_install() -> None:
    imports = {
        line.split()[1].split(".")[0]
        for line in AUDITOR.read_text("utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imports <= sys.stdlib_module_names


# --- what a ledger tells of itself, and what only a forger would write ------------------------------------


def forged(kind: str, body: dict[str, Any], after: Ledger) -> tuple[str, ...]:
    """Return the faults of a ledger to which somebody added an entry past our rules."""
    entries = [*after.entries, sealed(len(after.entries) + 1, kind, body, after.head, STAMP)]
    return verify(entries, keys=None, head=None).faults


def test_a_ledger_tells_its_epoch_its_design_and_what_waits_for_a_draw() -> None:
    empty = Ledger()
    assert (empty.head, empty.epoch, empty.design, empty.closed, empty.pending) == (
        BEFORE_GENESIS,
        0,
        None,
        False,
        None,
    )
    made = begun()
    assert (made.head, made.epoch, made.design, made.closed) == (made.entries[-1].hash, 1, DESIGN, False)
    frozen = freeze(made, "2024Q1", women(0, 5)).pending
    assert frozen and frozen.batch == "2024Q1" and frozen.units == tuple(sorted(women(0, 5)))
    assert draw(made).pending is None and set(made.arms) == {unit.token for unit in women(0, 5)}
    assert long_trial().closed and long_trial().epoch == 4


def test_before_its_genesis_a_trial_has_no_design_and_no_draw() -> None:
    with refused(StateError, "write its genesis before the first draw"):
        Ledger().refuse_other(DESIGN, KEY)
    with refused(StateError, "write its genesis before the first draw"):
        Book().sequence(KEY)


def test_an_event_is_added_as_a_code_and_nothing_else() -> None:
    made = begun()
    entry = made.event("ab" * 32, stamp=STAMP)
    assert (entry.kind, entry.body, entry.recorded_at, entry.actor) == (
        "event", {"seal": "ab" * 32}, STAMP.recorded_at, STAMP.actor,
    )  # fmt: skip
    assert verify(made.entries, keys=[KEY], head=entry.hash).ok


def test_every_batch_of_an_epoch_is_drawn_again_as_it_was() -> None:
    made = draw(freeze(small(), "2024Q2", women(5, 30)))
    again = list(redrawn(made.entries, {made.commitment: KEY}))
    assert [batch for batch, _, _ in again] == ["2024Q1"] * 5 + ["2024Q2"] * 25
    assert {a.token: a.arm for _, _, a in again} == dict(made.arms)


def test_who_changed_an_earlier_draw_draws_no_further_batch() -> None:
    entries = small().entries
    body = entries[2].body
    arms = {"offer": "care_as_usual", "care_as_usual": "offer"}
    other = body | {"allocations": [row | {"arm": arms[row["arm"]]} for row in body["allocations"]]}
    made = Ledger(reseal([*entries[:2], replace(entries[2], body=other)]))
    with refused(StateError, "does not give the earlier draws"):
        draw(freeze(made, "2024Q2", women(5, 9)))


def test_an_epoch_out_of_its_order_or_without_a_readable_design_is_found() -> None:
    body = {"why": "redesign", "reason": "r", "owner": "o", **epoch_body(3, NEW, KEY)}
    assert "Entry 4: its number does not follow the epoch before." in forged("epoch", body, small())
    unreadable = body | {"epoch": 2, "design": {"trial_id": "heusden-1"}}
    assert forged("epoch", unreadable, small()) == ("Entry 4: its design is refused or incomplete.",)
    other = body | {"epoch": 2, "design_hash": "0" * 64}
    assert forged("epoch", other, small()) == ("Entry 4: its design is not the one of its design hash and trial id.",)


def test_unblinding_under_another_plan_than_the_locked_one_is_found() -> None:
    made = begun()
    made.lock_plan({"any": "plan"}, owner="o", reason="r", stamp=STAMP)
    body = {"plan_hash": "0" * 64, "owner": "o", "reason": "r"}
    assert forged("unblind", body, made) == ("Entry 3: it does not name the analysis plan that is locked.",)


def test_a_head_tells_how_many_entries_it_stands_for() -> None:
    entries = two_batches()
    assert [verify(entries, keys=None, head=entry.hash).covered for entry in entries] == [1, 2, 3, 4, 5, 6]
    unknown = verify(entries, keys=None, head="0" * 64)
    assert (unknown.ok, unknown.covered, unknown.faults) == (False, None, (ledger.UNKNOWN_HEAD,))
    assert verify([], keys=None, head=None).faults == (
        "The ledger has no genesis: it is empty or its first entry was removed.",
    )


# --- the form of an entry ---------------------------------------------------------------------------------

A_DESIGN = {"epoch": 1, "design": {}, "design_hash": "h", "key_commitment": "c"}
A_UNIT = {"token": "t", "stratum": "s", "levels": ["l"], "cluster": "", "facts": "f"}
A_ROW = {"token": "t", "stratum": "s", "arm": "offer", "marginal": "1/2"}
# one body of each kind, as its form is promised to auditors: exactly these members, of these types
BODIES: dict[str, dict[str, Any]] = {
    "genesis": {"format": "f", "trial_id": "t", "programme": "p", "rehearsal": True, **A_DESIGN},
    "epoch": {"why": "rekey", "reason": "r", "owner": "o", **A_DESIGN},
    "freeze": {
        "batch": "b", "epoch": 1, "as_of": "2024-04-01", "delivery": "d", "nonce": {"source": "none", "promise": ""},
        "units": [A_UNIT], "root": "r",
    },
    "draw": {"batch": "b", "freeze": "f", "nonce": "", "allocations": [A_ROW], "steps": "s"},
    "event": {"seal": "s"},
    "plan": {"plan": {"any": "plan"}, "plan_hash": "h", "owner": "o", "reason": "r"},
    "unblind": {"plan_hash": "h", "owner": "o", "reason": "r"},
    "look": {
        "look": 1, "information": "0.500000", "as_of": "2027-01-04", "reader": "r", "plan_hash": "h", "owner": "o",
        "reason": "r",
    },
    "summary": {
        "tier": "t", "as_of": "2027-01-04", "reader": "r", "agreement": "a", "round": "1", "content": "c",
    },
    "note": {"text": "t"},
}  # fmt: skip


def entry_of(kind: str, body: Any = None, **changes: Any) -> Entry:
    made = Entry(1, kind, STAMP.recorded_at, STAMP.actor, BODIES[kind] if body is None else body, "", "")
    return replace(made, **changes)


@pytest.mark.parametrize("kind", BODIES)
def test_each_kind_of_entry_has_exactly_its_own_members_each_of_its_type(kind: str) -> None:
    body = BODIES[kind]
    assert is_well_formed(entry_of(kind))
    for name, value in body.items():
        other: object = 1 if isinstance(value, str) else "x"
        assert not is_well_formed(entry_of(kind, body | {name: other})), name
        assert not is_well_formed(entry_of(kind, body | {name: None})), name
        assert not is_well_formed(entry_of(kind, {each: body[each] for each in body if each != name})), name
    assert not is_well_formed(entry_of(kind, body | {"more": "than that"})) and not is_well_formed(entry_of(kind, []))


def test_an_entry_is_of_a_kind_that_is_known() -> None:
    for kind in ("erase", "", None, 3, ["note"]):
        assert not is_well_formed(replace(entry_of("note"), kind=kind))


@pytest.mark.parametrize("actor", ["", None, 3, ["one officer"]])
def test_somebody_is_named_who_recorded_an_entry(actor: Any) -> None:
    assert not is_well_formed(entry_of("note", actor=actor))


@pytest.mark.parametrize(
    ("time", "well"),
    [
        ("2024-04-02T08:30:00Z", True), ("2024-04-02T08:30:00.123456+00:00", True),
        ("2024-04-02T08:30:00+01:00", False), ("2024-04-02T08:30:00", False), ("2024-02-30T08:30:00Z", False),
        ("2024-04-02T08:30:00Z ", False),
        ("2024-04-02T08:30:00.1234567Z", False), (None, False), (20240402, False),
    ],
)  # fmt: skip
def test_a_time_is_a_moment_of_utc_that_there_was(time: Any, well: bool) -> None:
    assert is_well_formed(entry_of("note", recorded_at=time)) is well


@pytest.mark.parametrize("kind", ["freeze", "look", "summary"])
@pytest.mark.parametrize("day", ["1 April", "2024-02-30", "20240401", "2024-W14-1", ""])
def test_a_day_is_written_in_one_way_only(kind: str, day: str) -> None:
    assert not is_well_formed(entry_of(kind, BODIES[kind] | {"as_of": day}))


@pytest.mark.parametrize("share", ["0.5", "1", "0.5000000", "1234.000000", "\u0661.000000", "0,500000", "-0.500000"])
def test_a_share_of_the_information_has_six_decimals(share: str) -> None:
    assert not is_well_formed(entry_of("look", BODIES["look"] | {"information": share}))
    assert is_well_formed(entry_of("look", BODIES["look"] | {"information": "123.456789"}))


@pytest.mark.parametrize(
    ("kind", "name", "row"),
    [
        *(("freeze", "units", {each: A_UNIT[each] for each in A_UNIT if each != left}) for left in A_UNIT),
        *(("freeze", "units", A_UNIT | {name: 1}) for name in A_UNIT),
        ("freeze", "units", A_UNIT | {"levels": ["l", 1]}),
        ("freeze", "units", A_UNIT | {"name": "hers"}),
        ("freeze", "units", "token"),
        *(("draw", "allocations", {each: A_ROW[each] for each in A_ROW if each != left}) for left in A_ROW),
        *(("draw", "allocations", A_ROW | {name: 1}) for name in A_ROW),
        ("draw", "allocations", A_ROW | {"block": "1"}),
        ("draw", "allocations", "token"),
    ],
)
def test_each_row_has_exactly_its_members_whichever_row_it_is(kind: str, name: str, row: Any) -> None:
    well = BODIES[kind][name][0]
    assert is_well_formed(entry_of(kind, BODIES[kind] | {name: [well, well]}))
    assert is_well_formed(entry_of(kind, BODIES[kind] | {name: []}))
    assert not is_well_formed(entry_of(kind, BODIES[kind] | {name: [well, row]}))


@pytest.mark.parametrize(
    "nonce", [{"source": "dice"}, {"source": "dice", "promise": 1}, {"source": "dice", "promise": "", "more": ""}]
)
def test_what_is_promised_of_a_nonce_has_its_own_members(nonce: dict[str, Any]) -> None:
    assert not is_well_formed(entry_of("freeze", BODIES["freeze"] | {"nonce": nonce}))


NOT_KEPT = [0.5, float("nan"), float("inf"), "\ud800", {1: 2}, {"a": {3}}, (1, 2), b"bytes"]


@pytest.mark.parametrize("odd", NOT_KEPT, ids=repr)
def test_what_does_not_come_back_from_json_as_it_was_is_neither_sealed_nor_well_formed(odd: object) -> None:
    body = BODIES["plan"] | {"plan": {"part": odd}}
    assert not is_well_formed(entry_of("plan", body))
    with refused(StateError, "does not have the form that is kept"):
        sealed(1, "plan", body, BEFORE_GENESIS, STAMP)


def test_an_entry_holds_its_own_copy_of_what_it_was_given() -> None:
    plan = {"part": ["one"]}
    made = sealed(1, "plan", BODIES["plan"] | {"plan": plan}, BEFORE_GENESIS, STAMP)
    plan["part"].append("two")
    assert made.body["plan"] == {"part": ["one"]} and is_sealed(made)
    assert (made.seq, made.kind, made.previous, made.actor) == (1, "plan", BEFORE_GENESIS, STAMP.actor)


@pytest.mark.parametrize("odd", [float("nan"), {1, 2}, {(1, 2): 3}, b"bytes"], ids=repr)
def test_what_json_cannot_hold_bears_no_seal(odd: object) -> None:
    assert is_sealed(entry_of("note", {"text": "t"}, hash=hash_of(entry_of("note", {"text": "t"}))))
    assert is_sealed(entry_of("note", {"text": odd})) is False


def test_a_seal_is_the_hash_of_all_but_itself() -> None:
    made = entry_of("note")
    changes: dict[str, Any] = {"seq": 2, "kind": "x", "recorded_at": "x", "actor": "x", "body": {}, "previous": "x"}
    assert len({hash_of(made), *(hash_of(replace(made, **{name: x})) for name, x in changes.items())}) == 7
    assert hash_of(replace(made, hash="x")) == hash_of(made)


@pytest.mark.parametrize(
    "line",
    [
        b'{"actor":"a","body":{"share":0.5},"hash":"","kind":"note","previous":"","recorded_at":"","seq":1}',
        b'{"actor":"a","body":{"share":NaN},"hash":"","kind":"note","previous":"","recorded_at":"","seq":1}',
        b'{"actor":"a","body":{"share":1e3},"hash":"","kind":"note","previous":"","recorded_at":"","seq":1}',
        b'{"actor": "a","body":{},"hash":"","kind":"note","previous":"","recorded_at":"","seq":1}',
        b'{"actor":"\xc3\xa9","body":{},"hash":"","kind":"note","previous":"","recorded_at":"","seq":1}',
        b'{"actor":"a","body":[],"hash":"","kind":"note","previous":"","recorded_at":"","seq":1}',
        b'{"actor":"a","body":{},"hash":"","kind":"note","previous":"","recorded_at":"","seq":true}',
        b'{"actor":"a","body":{},"hash":"","kind":"note","previous":"","seq":1}',
        b"[]",
        b"",
    ],
)
def test_a_line_is_an_entry_in_its_only_form_or_the_file_is_refused(line: bytes) -> None:
    well = b'{"actor":"a","body":{"count":1},"hash":"","kind":"note","previous":"","recorded_at":"","seq":1}\n'
    assert from_jsonl(well) == [Entry(1, "note", "", "a", {"count": 1}, "", "")] and to_jsonl(from_jsonl(well)) == well
    with refused(StateError, r"^The ledger's line 2 is not an entry as it was written: restore the file\.$"):
        from_jsonl(well + line + b"\n")
    with refused(StateError, r"^The ledger's line 2 is not ended, so the file was cut: restore it\.$"):
        from_jsonl(well + b"{")


# --- each fault of a chain has its sentence ---------------------------------------------------------------


def faults_of(*entries: Entry) -> tuple[str, ...]:
    return verify(entries, keys=None, head=None).faults


def test_each_fault_of_a_chain_is_told_by_its_entry() -> None:
    first, second, third = small().entries
    assert faults_of(first, second, replace(third, hash="0" * 64)) == (
        "Entry 3: its hash is not that of what it holds.",
    )
    moved = replace(third, seq=4)
    assert faults_of(first, second, replace(moved, hash=hash_of(moved))) == (
        "Entry 3: its number is not its place, so entries were added, removed or moved.",
    )
    loose = replace(third, previous="0" * 64)
    assert faults_of(first, second, replace(loose, hash=hash_of(loose))) == (
        "Entry 3: it does not hold the hash of the entry before.",
    )


def test_only_a_frozen_batch_is_drawn_again_and_each_household_as_it_was_known() -> None:
    made = freeze(small(), "2024Q2", women(5, 9))
    made.note("A remark while a batch waits for its draw.", stamp=STAMP)
    assert {batch for batch, _, _ in redrawn(made.entries, {made.commitment: KEY})} == {"2024Q1"}
    homes = replace(DESIGN, unit="household")
    of_homes = draw(
        freeze(begun(homes), "a", [replace(u, cluster=f"h{n}") for n, u in enumerate(women(0, 8))]), design=homes
    )
    of_homes.open_epoch("rekey", homes, OTHER_KEY, reason="leaked", owner="projectleider", stamp=STAMP)
    sisters = [replace(u, cluster=f"h{n}") for n, u in enumerate(women(20, 28, 2, OTHER_KEY))]
    draw(freeze(of_homes, "b", sisters), OTHER_KEY, homes)
    keys = {begun(homes).commitment: KEY, of_homes.commitment: OTHER_KEY}
    again = {a.token: (a.arm, a.conditional) for batch, _, a in redrawn(of_homes.entries, keys) if batch == "b"}
    assert again == {unit.token: (of_homes.arms[unit.token], "1") for unit in sisters}
