"""What is told of one woman by command: it counts at once, is told again without harm, and names nobody."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from unittest import mock

import pytest
from harness import (
    PRACTICES,
    Done,
    Town,
    arms,
    bsn,
    client,
    is_one_sentence,
    listed,
    ok,
    smartstart,
    town_of,
    weekly,
    women_of,
)  # fmt: skip

from smartstart.workspace import find_workspace

WEEKLY = ("personen", "vragenlijst", "meldingen")


def told(kind: str, whom: str, w: Path, *more: object, on: str = "2024-04-05") -> Done:
    with mock.patch.object(sys, "stdin", io.StringIO(f"{whom}\n")):
        words = ("trial", "event", kind, "--on", on, "--owner", "projectleider", "--reason", "by telephone", *more)
        return smartstart(*words, w=w)


def invited(workspace: Path) -> set[str]:
    """Client numbers on the invitation lists, apart from the lists that call some of these back."""
    return {number for (batch, _), numbers in listed(workspace).items() if batch[:1] == "2" for number in numbers}


def an_offer(workspace: Path) -> int:
    return women_of("offer", workspace)[0]


@pytest.mark.parametrize("kind", ["zwangerschap_beeindigd", "overlijden", "bezwaar", "afgewezen", "verhuizing"])
def test_what_is_told_by_command_takes_her_off_the_list_at_once_and_keeps_her_arm(kind: str, loaded: Path) -> None:
    nth, before = an_offer(loaded), arms(loaded)
    assert client(nth) in invited(loaded)
    done = told(kind, bsn(nth), loaded)
    assert done.code == 0, done.err
    assert client(nth) not in invited(loaded)
    assert arms(loaded) == before
    ok("lists", "build", w=loaded)
    assert client(nth) not in invited(loaded)


@pytest.mark.parametrize("kind", ["aanvaard", "niet_bereikt", "geheimhouding", "zelf_aangemeld", "hulp_buiten_arm"])
def test_what_stops_no_invitation_leaves_her_on_the_list(kind: str, loaded: Path) -> None:
    nth = an_offer(loaded)
    assert told(kind, bsn(nth), loaded).code == 0
    assert client(nth) in invited(loaded)


def test_she_can_be_named_by_her_practice_and_client_number(loaded: Path) -> None:
    nth = an_offer(loaded)
    practice = PRACTICES[nth % 3]
    assert told("afgewezen", f"{practice} {client(nth)}", loaded).code == 0
    assert client(nth) not in invited(loaded)
    assert "Recorded before" in told("afgewezen", f"{practice}/{client(nth)}", loaded).out


def test_the_same_event_twice_is_one_and_a_mistake_takes_it_back(loaded: Path) -> None:
    nth = an_offer(loaded)
    assert "Recorded:" in told("overlijden", bsn(nth), loaded).out
    assert "Recorded before" in told("overlijden", bsn(nth), loaded).out
    assert told("vergissing", bsn(nth), loaded, on="2024-04-06").code == 0
    assert client(nth) in invited(loaded)


def test_an_event_that_a_mistake_would_take_back_at_once_is_refused(loaded: Path) -> None:
    nth = an_offer(loaded)
    assert told("vergissing", bsn(nth), loaded, on="2024-04-06").code == 0
    assert is_one_sentence(told("overlijden", bsn(nth), loaded, on="2024-04-06"), 2)
    assert told("overlijden", bsn(nth), loaded, on="2024-04-07").code == 0
    assert client(nth) not in invited(loaded)


def test_what_was_told_by_command_counts_in_later_runs(loaded: Path, tmp_path: Path) -> None:
    nth = an_offer(loaded)
    assert told("bezwaar", bsn(nth), loaded).code == 0
    quiet = Town().write(tmp_path / "W14", WEEKLY)
    assert weekly(loaded, quiet, "2024-W14", "2024-04-08").code == 0
    assert client(nth) not in invited(loaded)


def test_a_loss_on_a_day_that_fits_no_pregnancy_stops_the_letter_and_says_so(loaded: Path) -> None:
    nth = an_offer(loaded)
    done = told("zwangerschap_beeindigd", bsn(nth), loaded, on="2021-04-05")
    assert done.code == 0 and "fits no pregnancy" in done.err
    assert client(nth) not in invited(loaded)


@pytest.mark.parametrize(
    "whom", ["999990019", bsn(390), "123456789", f"{PRACTICES[0]} C999999", "somebody", "", "08990101"]
)
def test_who_fits_nobody_is_refused_and_not_named(whom: str, loaded: Path) -> None:
    done = told("afgewezen", whom, loaded)
    assert is_one_sentence(done, 2)
    assert not whom or whom.rsplit(maxsplit=1)[-1] not in done.text


def test_a_child_is_not_a_woman_of_whom_something_is_told(empty: Path, tmp_path: Path) -> None:
    from harness import quarterly

    town = town_of(4)
    town.child(1, 201, "20200115")
    assert quarterly(empty, town.write(tmp_path / "2024Q1")).code == 0
    assert is_one_sentence(told("overlijden", bsn(201), empty), 2)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("verhuising", "--on", "2024-04-05", "--owner", "P", "--reason", "r"), "did you mean 'verhuizing'"),
        (("verhuizing", "--on", "2999-01-01", "--owner", "P", "--reason", "r"), "future"),
        (("verhuizing", "--on", "2024-04-05", "--owner", "P", "--reason", "BSN 999990019"), "numbers"),
        (("verhuizing", "--on", "2024-04-05", "--owner", " ", "--reason", "r"), "--owner"),
        (("unreadable", "--on", "2024-04-05", "--owner", "P", "--reason", "r"), "kind"),
    ],
)
def test_a_badly_told_event_is_refused_before_anybody_is_asked_for(
    words: tuple[str, ...], hint: str, loaded: Path
) -> None:
    class Silent(io.StringIO):
        def readline(self, *_: object) -> str:
            raise AssertionError("nobody may be asked for yet")

    with mock.patch.object(sys, "stdin", Silent()):
        done = smartstart("trial", "event", *words, w=loaded)
    assert is_one_sentence(done, 2) and hint in done.err and "999990019" not in done.err


def test_nobody_is_named_in_what_is_printed(loaded: Path) -> None:
    nth = an_offer(loaded)
    done = told("afgewezen", bsn(nth), loaded)
    assert "no is no" in done.out
    assert not any(word in done.text for word in (bsn(nth), client(nth), "Proefstra", "Vrouwe"))


def test_events_are_shown_without_a_workspace() -> None:
    shown = ok("trial", "events").out
    assert all(event["on_list"] in shown for event in ok("trial", "events", "--json").json)


def test_the_flow_adds_up_and_says_that_it_is_not_for_publication(loaded: Path) -> None:
    nth, control = an_offer(loaded), women_of("care_as_usual", loaded)[0]
    for kind, who in (("aanvaard", nth), ("zelf_aangemeld", control)):
        assert told(kind, bsn(who), loaded).code == 0
    assert "not for publication" in ok("trial", "flow", w=loaded).out
    flow = ok("trial", "flow", "--json", w=loaded).json
    assert flow["seen"] == 24 == flow["drawn"] + sum(box["women"] for box in flow["not_drawn"])
    offer, usual = flow["arms"]
    assert offer["per_protocol"] == 1
    assert usual["not_per_protocol"] == [{"stage": "not_per_protocol", "reason": "crossover", "women": 1}]
    assert told("bezwaar", bsn(nth), loaded).code == 0
    offer = ok("trial", "flow", "--json", w=loaded).json["arms"][0]
    assert offer["excluded"] == [{"stage": "excluded_after_allocation", "reason": "objected", "women": 1}]


def test_the_flow_of_a_new_workspace_is_empty(empty: Path) -> None:
    assert ok("trial", "flow", "--json", w=empty).json["seen"] == 0


def test_an_event_is_sealed_in_the_ledger_without_what_it_says_or_of_whom(loaded: Path) -> None:
    assert told("hulp_buiten_arm", bsn(an_offer(loaded)), loaded).code == 0
    last = (loaded / "ledger" / "ledger.jsonl").read_text("ascii").splitlines()[-1]
    assert json.loads(last)["kind"] == "event" and set(json.loads(last)["body"]) == {"seal"}
    assert "hulp" not in last and "telephone" not in last
    ok("trial", "verify", w=loaded)


@pytest.mark.parametrize(
    "forgery",
    ["DELETE FROM event", "UPDATE event SET kind = 'aanvaard'", "UPDATE event SET happened_on = '2024-04-06'"],
)
def test_an_event_that_was_changed_or_lost_after_it_was_recorded_is_noticed(loaded: Path, forgery: str) -> None:
    assert told("hulp_buiten_arm", bsn(an_offer(loaded)), loaded).code == 0
    with find_workspace(loaded).open() as (warehouse, _):
        warehouse.run(forgery)
    done = smartstart("trial", "verify", w=loaded)
    assert done.code == 5 and "sealed" in done.out
