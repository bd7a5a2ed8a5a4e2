"""Where a mother and her child can go: what fits and why the rest does not, how much room, and nobody is asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import is_one_sentence, ok, smartstart
from hypothesis import given
from hypothesis import strategies as st

from smartstart.contracts.odcs import load_contracts
from smartstart.directories import read_directory
from smartstart.resources import shipped
from smartstart.support.capacity import PUBLISHED, capacity_of
from smartstart.support.fitting import Situation, find
from smartstart.support.provision import FRAMES, Directory, Need, Place, Provision

CONTRACT = load_contracts(shipped("data_contracts"))["voorzieningen"]
DAY = date(2024, 1, 8)
SAMPLE = read_directory(CONTRACT, None, date.max)
LIVE_TOGETHER = next(need for need in SAMPLE.needs if need.need == "wonen_met_kind")
HERE, NEAR, FAR = Place("Hier", "A", 0, 0), Place("Naast", "A", 3, 4), Place("Ver", "B", 30, 40)

HOUSE = Provision(
    provision_id="1", name="Huis", kind="moederkindhuis", municipality="Naast", region="A", places=6, free=2, waiting=0,
    as_of=DAY, target_groups=("algemeen",), fathers=False, age_from=16, age_until=45, frames=("vrijwillig",),
    indication="jeugdwet", contra=("agressie",), stay_from=6, stay_until=24, referrers=("organisatie",),
    payer="woonplaats", contact="bel", next_places=(),
)  # fmt: skip


def looked(situation: Situation, *provisions: Provision, need: Need = LIVE_TOGETHER) -> tuple[Any, Any]:
    return find(Directory(provisions, (HERE, NEAR, FAR), (need,), made_up=True), need, HERE, situation)


# --- the sample -------------------------------------------------------------------------------------------


def test_the_made_up_directory_matches_the_published_totals() -> None:
    found, houses = capacity_of(SAMPLE), [one for one in SAMPLE.provisions if one.is_house]
    assert found.total.houses == PUBLISHED["houses"] and abs(found.total.places - PUBLISHED["places"]) <= 5
    assert (found.municipalities_with, found.municipalities_without) == (73, 269)
    assert abs(found.over_twelve / 94 - PUBLISHED["share_over_twelve"]) <= 0.01
    shares = {"tienermoeders": 0.20, "lvb": 0.12, "gezinsopname": 0.08, "pasgeborenen": 0.06}
    assert all(abs(found.by_target_group[name].houses / 94 - share) <= 0.01 for name, share in shares.items())
    homes = [one for one in houses if one.kind == "moeder_kind_gezinshuis"]
    assert abs(len(homes) / 94 - 0.20) <= 0.03 and {one.places for one in homes} == {4}
    assert abs(sum(one.places or 0 for one in houses if one.fathers) / found.total.places - 0.40) <= 0.05
    assert abs(found.by_target_group["langdurig"].places - 125) <= 5
    assert all(one.indication == "wlz" for one in houses if "langdurig" in one.target_groups)
    assert sum("verslaving" not in one.contra for one in houses) == 1
    jim = [one for one in SAMPLE.provisions if one.kind == "jim"]
    assert {(one.age_from, one.age_until) for one in jim} == {(12, 23)}


def test_the_sum_of_the_regions_is_the_whole(tmp_path: Path) -> None:
    found = ok("provision", "capacity", "--json", w=tmp_path).json
    for name in ("houses", "places", "free", "waiting"):
        assert sum(room[name] for room in found["by_region"].values()) == found[name]
    assert found["made_up"] and found["published"]["mean_places"] == 6 and found["mean_places"] == 8.14
    assert "8.1" in found["note"]


# --- what fits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "situation", "reason"),
    [
        ({"free": 0, "waiting": 2}, {}, "full, 2 waiting"),
        ({}, {"frame": "ots"}, "legal frame"),
        ({}, {"age": 15}, "from 16 to 45"),
        ({}, {"father_too": True}, "fathers"),
        ({"indication": "wlz"}, {}, "Wlz"),
        ({}, {"contra": ("agressie",)}, "contra-indication: agressie"),
    ],
)
def test_what_keeps_a_house_from_fitting_is_said(change: Any, situation: Any, reason: str) -> None:
    fits, others = looked(Situation(DAY, **situation), replace(HOUSE, **change))
    assert not fits and any(reason in one for one in others[0].reasons)
    assert looked(Situation(DAY), HOUSE)[0]


def test_every_reason_is_said_and_not_the_first_alone() -> None:
    _, others = looked(Situation(DAY, age=50, frame="ots", father_too=True), replace(HOUSE, free=0))
    assert len(others[0].reasons) == 4


def test_the_nearest_comes_first_and_an_old_day_says_to_call() -> None:
    far = replace(HOUSE, provision_id="2", name="Ver", municipality="Ver", region="B", as_of=date(2023, 12, 20))
    fits, _ = looked(Situation(DAY), far, HOUSE)
    assert [(fit.provision.name, fit.kilometres, fit.call_first) for fit in fits] == [
        ("Huis", 5.0, False), ("Ver", 50.0, True),
    ]  # fmt: skip
    assert "the municipality where she is registered pays" in fits[0].arrange


def test_help_at_home_is_of_her_own_region() -> None:
    mentor = replace(HOUSE, kind="jim", places=None, free=None, age_from=12, age_until=23, region="B")
    need = Need("mentor", "een mentor", ("jim",))
    assert "works in another region" in looked(Situation(DAY), mentor, need=need)[1][0].reasons
    assert looked(Situation(DAY, age=24), replace(mentor, region="A"), need=need)[1]  # JIM is for 12 to 23


@given(
    frame=st.sampled_from(FRAMES), age=st.integers(12, 50), father=st.booleans(), wlz=st.booleans(),
    need=st.sampled_from(SAMPLE.needs), place=st.sampled_from(SAMPLE.municipalities),
)  # fmt: skip
def test_each_provision_that_answers_a_need_fits_or_is_told_why_not(
    frame: Any, age: int, father: bool, wlz: bool, need: Need, place: Place
) -> None:
    situation = Situation(DAY, age, frame, father, wlz)
    fits, others = find(SAMPLE, need, place, situation)
    asked = [one for one in SAMPLE.provisions if one.kind in need.kinds and (
        not need.groups or set(need.groups) & set(one.target_groups))]  # fmt: skip
    assert len(fits) + len(others) == len(asked) and all(one.reasons for one in others)
    assert [fit.kilometres for fit in fits] == sorted(fit.kilometres for fit in fits)
    for fit in fits:
        p = fit.provision
        assert frame in p.frames and p.age_from <= age <= p.age_until and p.free != 0
        assert (p.fathers or not father) and (wlz or p.indication != "wlz")


# --- the commands -----------------------------------------------------------------------------------------


FIND = ("provision", "find", "--need", "tienermoeder", "--municipality", "Droomdam", "--date", "2024-01-08")


def test_find_needs_no_workspace_and_keeps_nothing(tmp_path: Path) -> None:
    found = ok(*FIND, "--age", "17", "--json", w=tmp_path).json
    assert found["fits"] and found["others"] and found["made_up"] and not list(tmp_path.iterdir())
    assert {"name", "kilometres", "free", "arrange", "contact"} <= found["fits"][0].keys()
    shown = ok(*FIND, w=tmp_path)
    assert max(map(len, shown.out.splitlines())) <= 80 and "made-up" in shown.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--need", "tienermoder"), "did you mean 'tienermoeder'"),
        (("--municipality", "Droomdan"), "did you mean 'Droomdam'"),
        (("--frame", "otss"), "did you mean 'ots'"),
        (("--contra", "agresie"), "did you mean 'agressie'"),
        (("--directory", "nergens"), "gemeenten.yaml"),
    ],
)
def test_what_is_misspelt_is_told_with_the_nearest_word(tmp_path: Path, options: tuple[str, str], said: str) -> None:
    done = smartstart(*FIND, *options, w=tmp_path)
    assert is_one_sentence(done, 2) and said in done.err


def own(folder: Path, **change: Any) -> Path:
    sample = yaml.safe_load((shipped("configs") / "provisions" / "voorzieningen.yaml").read_text("utf-8"))
    folder.mkdir()
    row = sample["provisions"][0] | change
    (folder / "voorzieningen.yaml").write_text(yaml.safe_dump({"provisions": [row, sample["provisions"][1]]}), "utf-8")
    towns = {"municipalities": [{"name": "Droomdam", "region": "Regio 1", "east": 0.0, "north": 0.0}]}
    (folder / "gemeenten.yaml").write_text(yaml.safe_dump(towns), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "column"),
    [({"soort": "kasteel"}, "soort"), ({"doelgroepen": "tieners"}, "doelgroepen"), ({"plaatsen": 9000}, "plaatsen"),
     ({"nummer": "H002"}, "nummer"), ({"peildatum": "20240231"}, "peildatum")],
)  # fmt: skip
def test_a_faulty_directory_is_refused_by_row_and_column(tmp_path: Path, change: Any, column: str) -> None:
    folder = own(tmp_path / "eigen", **change)
    done = smartstart("provision", "capacity", "--directory", folder, w=tmp_path)
    assert done.code == 3 and f"column {column}" in done.err and "voorzieningen.yaml, row" in done.err


def test_a_directory_of_ones_own_is_read_and_is_not_called_made_up(tmp_path: Path) -> None:
    folder = own(tmp_path / "eigen")
    found = ok("provision", "capacity", "--directory", folder, "--json", "--out", tmp_path / "p.html", w=tmp_path).json
    assert (found["houses"], found["made_up"], found["municipalities_without"]) == (2, False, 1)
    assert "made-up" not in (tmp_path / "p.html").read_text("utf-8").lower()
