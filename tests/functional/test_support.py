"""What mothers were given, from the support workers' log to uptake, the team's list, the analysis and the costs."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import Done, Town, bsn, is_one_sentence, ok, smartstart, town_of
from openpyxl import load_workbook

from smartstart.analysing.reading import read_trial
from smartstart.contracts.odcs import load_contracts
from smartstart.resources import shipped
from smartstart.workspace import find_workspace

WOMEN = 24
AS_OF = date(2025, 4, 2)
LOG = ("contactmomenten", "ondersteuningsplan", "verblijven")
CONTRACTS = load_contracts(shipped("data_contracts"))
LISTED = date(2024, 4, 2)
OWNED = ("--owner", "stuurgroep", "--reason", "made up")


def arms_of(workspace: Path) -> dict[int, str]:
    """Which arm each of the town's women has."""
    with find_workspace(workspace).open() as (warehouse, vault):
        known = vault.known_ids(bsn(nth) for nth in range(1, WOMEN + 1))
        arms = {row["research_id"]: row["arm"] for row in warehouse.rows("FROM allocation")}
    return {nth: arms[known[bsn(nth)]] for nth in range(1, WOMEN + 1) if known.get(bsn(nth)) in arms}


class Log(Town):
    """A log made by hand."""

    def contact(self, nth: int, day: date, moment: str = "week_13_15", **more: str) -> None:
        row = {
            "burgerservicenummer": bsn(nth), "datum": f"{day:%d-%m-%Y}", "contactmoment": moment, "wijze": "huisbezoek",
            "beroep": "maatschappelijk_werker", "duur_minuten": "60", "afloop": "loopt_door",
        }  # fmt: skip
        self._add("contactmomenten", **row | more)

    def step(self, nth: int, domain: str, due: date, **more: str) -> None:
        row = {
            "burgerservicenummer": bsn(nth), "leefgebied": domain, "behoefte": "enige", "stap": "gesprek",
            "wie": "samen", "begeleider": "SP1", "afgesproken_op": f"{due - timedelta(days=30):%d-%m-%Y}",
            "uiterlijk": f"{due:%d-%m-%Y}",
        }  # fmt: skip
        self._add("ondersteuningsplan", **row | more)

    def stay(self, nth: int, first: date, last: date | None, next_place: str = "") -> None:
        self._add(
            "verblijven", burgerservicenummer=bsn(nth), soort="moederkindhuis", datum_aanvang=f"{first:%d-%m-%Y}",
            datum_einde=f"{last:%d-%m-%Y}" if last else "", vervolg=next_place,
        )  # fmt: skip

    def load(self, workspace: Path, folder: Path, as_of: date = AS_OF) -> Done:
        self.write(folder, LOG)
        return smartstart("run", "support", "--extracts", folder, "--as-of", as_of, "--json", w=workspace)


def uptake(workspace: Path) -> Any:
    return ok("support", "uptake", "--json", w=workspace).json


def unblinded(workspace: Path) -> Path:
    ok("trial", "lock-plan", *OWNED, w=workspace)
    ok("trial", "close", *OWNED, w=workspace)
    ok("trial", "unblind", *OWNED, w=workspace)
    return workspace


def reach(found: Any) -> dict[str, int]:
    return {step["name"]: step["women"] for step in found["reach"]}


# --- uptake -----------------------------------------------------------------------------------------------


def test_reach_and_dose_are_those_of_the_log(loaded: Path, tmp_path: Path) -> None:
    offered = [nth for nth, arm in arms_of(loaded).items() if arm == "offer"]
    log = Log()
    for nth in offered[:6]:  # in time; the last two had all three planned contacts
        log.contact(nth, LISTED + timedelta(days=10))
    for nth in offered[4:6]:
        log.contact(nth, LISTED + timedelta(days=100), "eind_zwangerschap", duur_minuten="30")
        log.contact(nth, LISTED + timedelta(days=200), "na_geboorte", duur_minuten="30")
    log.contact(offered[6], LISTED + timedelta(days=90))  # spoken to, too late
    log.contact(offered[7], LISTED + timedelta(days=5), wijze="bericht", duur_minuten="")  # written to, never spoken
    log.contact(offered[8], date(2024, 1, 8))  # of before she was asked: another pregnancy, or a mistake
    assert log.load(loaded, tmp_path / "log").code == 0
    found = uptake(loaded)
    assert reach(found) == {
        "drawn": len(offered), "listed": len(offered), "accepted": 7, "first_contact": 7, "first_contact_in_time": 6,
        "all_planned_contacts": 2,
    }  # fmt: skip
    assert found["hours"]["mean"] == pytest.approx((5 * 1 + 2 * 2) / 7)
    assert found["contacts"]["women"] == 7 and found["contacts"]["median"] == 1
    assert found["planned_contacts"] == {"0": 0, "1": 5, "2": 0, "3": 2}
    share = next(step["share"] for step in found["reach"] if step["name"] == "accepted")
    assert share["estimate"] == pytest.approx(7 / len(offered)) and share["lower"] < 7 / len(offered) < share["upper"]


def test_a_yes_counts_without_a_contact_and_a_no_counts_in_spite_of_one(loaded: Path, tmp_path: Path) -> None:
    offered = [nth for nth, arm in arms_of(loaded).items() if arm == "offer"]
    for nth, answer in zip(offered, ("aanvaard", "afgewezen"), strict=False):
        done = smartstart("trial", "event", answer, "--on", "2024-04-10", *OWNED, w=loaded, typed=bsn(nth))
        assert done.code == 0
    log = Log()
    log.contact(offered[1], LISTED + timedelta(days=3))
    log.contact(offered[2], LISTED + timedelta(days=3))
    log.load(loaded, tmp_path / "log")
    found = uptake(loaded)
    assert reach(found)["accepted"] == 2 and reach(found)["first_contact"] == 1
    flow = ok("trial", "flow", "--json", w=loaded).json
    (arm,) = [one for one in flow["arms"] if one["arm"] == "offer"]
    reasons = {one["reason"]: one["women"] for one in arm["not_per_protocol"]}
    assert arm["per_protocol"] == 1 and reasons["declined"] == 1 and reasons["no_contact"] == 1


def test_without_a_log_uptake_is_the_answers_alone(loaded: Path) -> None:
    offered = [nth for nth, arm in arms_of(loaded).items() if arm == "offer"]
    smartstart("trial", "event", "aanvaard", "--on", "2024-04-10", *OWNED, w=loaded, typed=bsn(offered[0]))
    found = uptake(loaded)
    assert not found["logged"] and reach(found)["accepted"] == 1 and reach(found)["first_contact"] == 0
    assert "run support" in ok("support", "uptake", w=loaded).out


def test_before_the_first_draw_there_is_nothing_to_tell(empty: Path) -> None:
    assert is_one_sentence(smartstart("support", "uptake", w=empty), 5)
    assert is_one_sentence(smartstart("support", "plans", w=empty), 5)


# --- both arms --------------------------------------------------------------------------------------------


def logged_in_both_arms(workspace: Path, folder: Path) -> tuple[list[int], list[int]]:
    arms = arms_of(workspace)
    offered, usual = ([nth for nth, arm in arms.items() if arm == name] for name in ("offer", "care_as_usual"))
    log = Log()
    for nth in offered[:5]:
        log.contact(nth, LISTED + timedelta(days=10))
    log.contact(usual[0], LISTED + timedelta(days=10))  # helped outside her arm
    for nth in (*offered[:3], *usual[:8]):
        log.contact(nth, LISTED + timedelta(days=60), "prenataal_huisbezoek", beroep="jeugdverpleegkundige")
    log.stay(offered[0], LISTED, LISTED + timedelta(days=100), "eigen_woning")
    assert log.load(workspace, folder).code == 0
    return offered, usual


def test_uptake_is_left_out_of_the_blinded_view_and_told_of_both_arms_after_it(loaded: Path, tmp_path: Path) -> None:
    offered, usual = logged_in_both_arms(loaded, tmp_path / "log")
    blind = ok("trial", "analyse", "--json", w=loaded)
    assert blind.json["uptake"] is None and uptake(loaded)["contrasts"] == []
    assert "per protocol" not in blind.out and "tell which arm is which" in " ".join(
        ok("support", "uptake", w=loaded).out.split()
    )
    unblinded(loaded)
    found = uptake(loaded)
    seen = {one["name"]: {arm: step["women"] for arm, step in one["arms"].items()} for one in found["contrasts"]}
    assert seen["contact_of_the_offer"] == {"offer": 5, "care_as_usual": 1}
    assert seen["prenatal_home_visit"] == {"offer": 3, "care_as_usual": 8}
    assert seen["stay_with_child"] == {"offer": 1, "care_as_usual": 0}
    visit = next(one for one in found["contrasts"] if one["name"] == "prenatal_home_visit")["difference"]
    assert visit["estimate"] == pytest.approx(3 / len(offered) - 8 / len(usual))
    assert ok("trial", "analyse", "--json", w=loaded).json["uptake"] == found
    page = tmp_path / "bereik.html"
    ok("support", "uptake", "--out", page, w=loaded)
    assert "Both arms" in page.read_text("utf-8") and "not for publication" in page.read_text("utf-8")


def test_who_received_support_and_who_followed_her_arm_is_by_the_log(loaded: Path, tmp_path: Path) -> None:
    from smartstart.analysing.beside import _received

    _offered, usual = logged_in_both_arms(loaded, tmp_path / "log")
    data = read_trial(find_workspace(loaded), for_reader=True)
    received = {woman.arm: sum(_received(one) for one in data.women if one.arm == woman.arm) for woman in data.women}
    assert received == {"offer": 5, "care_as_usual": 1}
    followed = {arm: sum("per_protocol" in woman.analysed.populations for woman in data.women if woman.arm == arm)
                for arm in received}  # fmt: skip
    assert followed == {"offer": 5, "care_as_usual": len(usual) - 1}
    assert {woman.analysed.reason for woman in data.women if woman.arm == "care_as_usual"} == {None, "crossover"}


# --- what comes in ----------------------------------------------------------------------------------------


def test_the_log_has_no_room_for_a_story() -> None:
    """Codes, dates and numbers only; the one text is a worker's short code."""
    for name in LOG:
        texts = {f.header: f.max_length for f in CONTRACTS[name].fields if f.kind == "text"}
        assert set(texts) <= {"begeleider"} and all(length and length <= 10 for length in texts.values()), name


def test_a_warm_hand_over_says_to_whom_and_a_stranger_is_not_stored(loaded: Path, tmp_path: Path) -> None:
    log = Log()
    log.contact(1, LISTED, afloop="warme_overdracht")
    log.contact(2, LISTED, afloop="warme_overdracht", overgedragen_aan="wijkteam")
    log.contact(3, LISTED, "onbekend_moment")
    log.contact(900, LISTED)  # nobody asked her
    (file, *_) = log.load(loaded, tmp_path / "log").json["files"]
    assert (file["rows_in"], file["accepted"], file["quarantined"], file["refused"]) == (4, 1, 2, 1)
    rules = {(row["row"], row["column"], row["rule"]) for row in ok("quarantine", "--json", w=loaded).json}
    assert {(1, "overgedragen_aan", "hand_over_to_whom"), (3, "contactmoment", "code_unknown")} <= rules


def test_a_newer_log_replaces_the_one_before(loaded: Path, tmp_path: Path) -> None:
    offered = [nth for nth, arm in arms_of(loaded).items() if arm == "offer"]
    first, second = Log(), Log()
    for nth in offered[:4]:
        first.contact(nth, LISTED + timedelta(days=4))
    second.contact(offered[5], LISTED + timedelta(days=4))
    first.load(loaded, tmp_path / "first")
    assert reach(uptake(loaded))["first_contact"] == 4
    second.load(loaded, tmp_path / "second", AS_OF + timedelta(days=30))
    assert reach(uptake(loaded))["first_contact"] == 1
    again = second.load(loaded, tmp_path / "second", AS_OF + timedelta(days=30))
    assert again.code == 0 and "loaded before" in again.err


# --- plans ------------------------------------------------------------------------------------------------


def steps_listed(workspace: Path) -> list[tuple[str, ...]]:
    files = sorted((workspace / "lists" / "ondersteuning").glob("*.xlsx"))
    if not files:
        return []
    (path,) = files
    sheet = load_workbook(path).worksheets[0]
    rows = [tuple(str(cell.value or "") for cell in row) for row in sheet.iter_rows()]
    start = next(place for place, row in enumerate(rows) if row[0] == "Moeder") + 1
    return [row[:6] for row in rows[start:] if row[3]]


def test_overdue_steps_are_listed_for_the_team_and_never_of_who_lost_a_child(loaded: Path, tmp_path: Path) -> None:
    log, late = Log(), AS_OF - timedelta(days=10)
    log.step(1, "wonen", late)
    log.step(2, "wonen", late, klaar_op=f"{late:%d-%m-%Y}", evaluatie_op=f"{late:%d-%m-%Y}")  # to be evaluated
    log.step(3, "wonen", AS_OF)  # due today: not overdue
    log.step(4, "wonen", late, uitkomst="vervallen")
    log.step(5, "netwerk", late)
    log.step(6, "geld_en_schulden", late)
    week = town_of()
    week.event(5, "zwangerschap_beeindigd", "20-03-2025")
    week.event(6, "bezwaar", "20-03-2025")
    folder = week.write(tmp_path / "week", ("personen", "vragenlijst", "meldingen"))
    done = smartstart(
        "run", "weekly", "--extracts", folder, "--period", "2025-W13", "--as-of", AS_OF, "--delivered",
        AS_OF - timedelta(days=3), w=loaded,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert log.load(loaded, tmp_path / "log").code == 0
    listed = steps_listed(loaded)
    assert [(row[0].split(",")[0], row[1], row[3]) for row in listed] == [
        ("Proefstra1", "SP1", "een gesprek"), ("Proefstra2", "SP1", "samen het doel bespreken"),
    ]  # fmt: skip
    totals = ok("support", "plans", "--json", w=loaded).json
    wonen = next(one for one in totals["domains"] if one["life_domain"] == "wonen")
    assert (wonen["mothers"], wonen["steps"], wonen["done"], wonen["overdue"]) == (4, 4, 1, 2)
    assert totals["mothers"] == 5  # who objected is in no total
    shown = ok("support", "plans", w=loaded).out
    assert "Proefstra" not in shown and "wonen" in shown


def test_no_list_is_made_where_nothing_is_overdue(loaded: Path, tmp_path: Path) -> None:
    log = Log()
    log.step(1, "wonen", AS_OF + timedelta(days=9))
    log.contact(1, LISTED)
    log.load(loaded, tmp_path / "log")
    assert steps_listed(loaded) == []
    assert "No plan" not in ok("support", "plans", w=loaded).out


# --- costs ------------------------------------------------------------------------------------------------

PRICES = """
costs:
  offer_per_woman: 2500.0
  offer_source: "verzonnen"
  placement: 90000.0
  placement_source: "verzonnen"
  support_hour: 80.0
  support_hour_source: "verzonnen uurtarief"
  place_day: 150.0
  place_day_source: "verzonnen dagtarief"
  owner: financiën
  reason: "verzonnen"
"""
COUNTS = ("--counts", "5/1000", "10/1000", "--by-contacts")


def priced(workspace: Path, text: str = PRICES) -> None:
    with (workspace / "programme.yaml").open("a", encoding="utf-8") as programme:
        programme.write(text)


def test_the_offer_costs_the_hours_that_it_took(loaded: Path, tmp_path: Path) -> None:
    offered, _ = logged_in_both_arms(loaded, tmp_path / "log")
    priced(loaded)
    blind = ok("trial", "costs", *COUNTS, "--json", w=loaded).json
    assert blind["by_contacts"]["places_per_woman"] == {}
    found = ok("trial", "costs", *COUNTS, "--json", w=unblinded(loaded)).json
    took = found["by_contacts"]
    assert took["per_woman_offered"]["cost"]["mean"] == pytest.approx(5 * 80 / len(offered))
    assert took["per_family_helped"]["cost"]["mean"] == pytest.approx(80)
    assert found["prices"]["offer"] == pytest.approx(5 * 80 / len(offered))
    assert took["places_per_woman"]["offer"]["cost"]["mean"] == pytest.approx(100 * 150 / len(offered))
    assert took["places_per_woman"]["care_as_usual"]["units"] == 0
    said = ok("trial", "costs", *COUNTS, w=loaded).out
    assert "verzonnen uurtarief" in said and "travel and records" in " ".join(said.split())


def test_a_price_that_is_not_stated_and_a_log_that_is_not_there_are_said_in_one_sentence(loaded: Path) -> None:
    priced(loaded)
    assert is_one_sentence(smartstart("trial", "costs", *COUNTS, w=loaded), 2)
    path = loaded / "programme.yaml"
    path.write_text(path.read_text("utf-8").replace("  support_hour: 80.0\n", ""), "utf-8")
    done = smartstart("trial", "costs", *COUNTS, w=loaded)
    assert is_one_sentence(done, 2) and "support_hour" in done.err
    path.write_text(path.read_text("utf-8").replace("verzonnen dagtarief", " "), "utf-8")
    assert "place_day_source" in smartstart("trial", "costs", *COUNTS, w=loaded).err
