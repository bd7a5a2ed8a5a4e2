"""``smartstart model`` from end to end, on made-up families and, where they are, on real ones."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import (
    Done,
    Town,
    bsn,
    client,
    copied,
    init,
    is_one_sentence,
    ok,
    quarterly,
    smartstart,
    town_of,
    women_of,
)
from histories import AS_OF, NAME, write_history, write_tables

from smartstart import clock
from smartstart.approved import live_frame, open_model, read_approved
from smartstart.cli import show_model
from smartstart.modelling.history import Source, read_history
from smartstart.risk.candidates import DEFAULT, Candidate
from smartstart.risk.factor_count import CAUTION
from smartstart.workspace import find_workspace

DATA = Path(__file__).parents[3] / "shared" / "data" / "pregnancies"
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real data are not in {DATA}")
FEW = (DEFAULT, Candidate("logistic", {"penalty_c": 0.3, "beyond": 0.0}))
ADAPTED = {
    "model": "a/1", "from_model": "b/1", "n": 10, "events": 1, "choice": "none", "intercept": 0.0, "slope": 1.0,
    "before": None, "after": None,
}  # fmt: skip
OWNED = ("--owner", "onderzoeker", "--reason", "a made-up reason")
INTERVAL = {"estimate", "lower", "upper"}
MEASURES = {
    "auroc", "average_precision", "brier", "scaled_brier", "calibration_slope", "calibration_intercept",
    "observed_expected", "ici",
}  # fmt: skip
THRESHOLD = {"top_share", "n_flagged", "sensitivity", "ppv", "false_positive_share"}


@pytest.fixture(scope="module", autouse=True)
def fewer_repeats() -> Iterator[None]:
    """Learn again twice instead of fifty times, and try few settings: what is held here does not hang on how many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smartstart.modelling.training.INSTABILITY_MODELS", 2)
        patch.setattr("smartstart.modelling.training.LEARNING_REPEATS", 1)
        patch.setattr("smartstart.risk.learning.candidates", lambda: FEW)
        yield


@dataclass(frozen=True)
class Made:
    """A workspace in which a model was trained on a made-up history, and what was printed."""

    workspace: Path
    history: Path
    later: Path
    train: Done


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made-up-model")
    history = write_history(folder / "register")
    later = write_history(folder / "later", seed=6)
    workspace = init(folder / "workspace")
    done = ok("model", "train", "--extracts", history, "--as-of", AS_OF, "--json", w=workspace)
    return Made(workspace, history, later, done)


@pytest.fixture(scope="module")
def approved(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = copied(made.workspace, tmp_path_factory.mktemp("approved") / "workspace")
    ok("model", "approve", *OWNED, w=workspace)
    return workspace


@pytest.fixture
def mine(made: Made, tmp_path: Path) -> Path:
    """The workspace with a challenger, of the test's own."""
    return copied(made.workspace, tmp_path / "workspace")


@pytest.fixture
def in_use(approved: Path, tmp_path: Path) -> Path:
    """The workspace with a champion, of the test's own, moved from where it was made."""
    return copied(approved, tmp_path / "elsewhere" / "workspace")


def sha(made: Made) -> str:
    return str(made.train.json["sha256"])


# --- learning and judging ---------------------------------------------------------------------------------


def test_a_training_says_what_was_learned_beside_both_baselines(made: Made) -> None:
    report = made.train.json
    assert report["model"] == "uhp-60/1"
    assert report["alias"] == "challenger"
    assert report["made_up"] is True
    assert report["events"] >= 30
    assert report["caution"] == CAUTION
    assert {"factor_count", "four_factors"} == set(report["held_out"]["baselines"])
    assert re.fullmatch("[0-9a-f]{64}", report["sha256"])


def test_the_same_command_gives_the_same_file_and_the_same_numbers(made: Made, mine: Path) -> None:
    again = ok("model", "train", "--extracts", made.history, "--as-of", AS_OF, "--json", w=mine)
    assert again.json["sha256"] == sha(made)
    assert again.json == made.train.json | {"model": "uhp-60/2"}


def test_an_evaluation_has_what_is_promised_of_it_also_for_each_baseline(made: Made, mine: Path) -> None:
    done = ok("model", "evaluate", "--extracts", made.later, "--as-of", AS_OF, "--json", w=mine)
    promised(done.json)
    assert "No model is approved yet" in done.err
    again = ok("model", "evaluate", "--extracts", made.later, "--as-of", AS_OF, "--json", w=mine)
    assert again.out == done.out


def promised(report: dict[str, Any]) -> None:
    assert {"model", "horizon_months", "n", "events", "thresholds", "baselines", "caution"} <= report.keys()
    for one in (report, *report["baselines"].values()):
        assert all(set(one[name]) == INTERVAL for name in MEASURES)
        assert all(row.keys() >= THRESHOLD for row in one["thresholds"])
        assert [row["top_share"] for row in one["thresholds"] if row["by"] == "share"] == [0.01, 0.05, 0.1, 0.2]
    assert set(report["baselines"]) == {"factor_count", "four_factors"}
    assert all(group["verdict"] in {"sufficient", "insufficient"} for group in report["groups"])


def test_what_people_read_of_a_risk_has_the_caution_beside_it(
    made: Made, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CAUTION in flat(ok("model", "evaluate", "--extracts", made.later, "--as-of", AS_OF, w=mine))
    show_model.trained(made.train.json)
    show_model.adaptation({**ADAPTED, "caution": CAUTION})
    assert capsys.readouterr().out.replace("\n", " ").count(CAUTION) == 2


def flat(done: Done) -> str:
    return " ".join(done.out.split())


def test_before_approval_the_champion_is_nobody(mine: Path, made: Made) -> None:
    done = smartstart("model", "evaluate", "--extracts", made.later, "--model", "champion", w=mine)
    assert is_one_sentence(done, 2)


def test_an_unknown_model_names_the_nearest(mine: Path, made: Made) -> None:
    done = smartstart("model", "evaluate", "--extracts", made.later, "--model", "uph-60", w=mine)
    assert done.code == 2
    assert "'uhp-60'" in done.err


def test_without_any_model_one_must_be_trained_first(empty: Path, made: Made) -> None:
    done = smartstart("model", "evaluate", "--extracts", made.later, w=empty)
    assert done.code == 2
    assert "model train" in done.err


def test_two_models_are_compared_on_the_same_children(mine: Path, made: Made) -> None:
    words = ("model", "compare", "--extracts", made.later, "--as-of", AS_OF, "--with", "factor_count")
    report = ok(*words, "--json", w=mine).json
    assert report["better"] is True
    assert set(report["auroc_difference"]) == INTERVAL
    assert report["brier_difference"]["estimate"] < 0


# --- refusals of extracts ---------------------------------------------------------------------------------


def test_a_register_in_which_nobody_was_followed_long_enough_is_refused(empty: Path, tmp_path: Path) -> None:
    folder = write_history(tmp_path / "young", 20, years=1)
    done = smartstart("model", "train", "--extracts", folder, "--as-of", AS_OF, w=empty)
    assert done.code == 3
    assert "--horizon" in done.err


def test_a_register_without_a_placement_teaches_nothing(empty: Path, tmp_path: Path) -> None:
    folder = write_history(tmp_path / "none", 60, placed=False)
    assert smartstart("model", "train", "--extracts", folder, "--as-of", AS_OF, w=empty).code == 3


@pytest.mark.parametrize("file", ["personen", "kinderen", "vragenlijst"])
def test_a_register_without_a_required_file_is_refused(empty: Path, tmp_path: Path, file: str) -> None:
    folder = write_history(tmp_path / "part", 20)
    (folder / f"{file}.csv").unlink()
    done = smartstart("model", "train", "--extracts", folder, "--as-of", AS_OF, w=empty)
    assert is_one_sentence(done, 3)
    assert file in done.err


def test_of_a_tiny_register_the_plain_count_is_the_model(empty: Path, tmp_path: Path) -> None:
    folder = write_history(tmp_path / "tiny", 250)
    report = ok("model", "train", "--extracts", folder, "--as-of", AS_OF, "--json", w=empty).json
    assert 0 < report["events"] < 30
    assert report["kind"] == "factor_count"
    assert report["predictors"] == []


# --- approval ---------------------------------------------------------------------------------------------


def test_an_approved_model_lies_in_the_workspace_and_serves_after_a_move(in_use: Path, made: Made) -> None:
    assert (in_use / "models" / f"{sha(made)}.skops").is_file()
    words = ("model", "evaluate", "--extracts", made.later, "--as-of", AS_OF, "--json", "--model", "champion")
    done = ok(*words, w=in_use)
    assert done.json["sha256"] == sha(made)
    assert "No model is approved" not in done.err


def test_a_swapped_file_is_refused_unopened(in_use: Path, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    path = in_use / "models" / f"{sha(made)}.skops"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    monkeypatch.setattr("smartstart.approved.open_model", lambda _: pytest.fail("it was opened"))
    monkeypatch.setattr("smartstart.modelling.shelf.open_model", lambda _: pytest.fail("it was opened"))
    done = smartstart("model", "evaluate", "--extracts", made.later, "--model", "champion", w=in_use)
    assert is_one_sentence(done, 5)


Change = Callable[[dict[str, Any]], dict[str, Any]]


def judged_as(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the last evaluation of the model say something else."""
    from smartstart.risk.model import RiskModel

    plain = RiskModel.about.fget  # type: ignore[attr-defined]

    def about(self: RiskModel) -> dict[str, Any]:
        told: dict[str, Any] = plain(self)
        return told | {"held_out": change(told["held_out"])}

    monkeypatch.setattr(RiskModel, "about", property(about))


def test_a_model_that_does_not_beat_both_baselines_is_not_approved(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(held_out: dict[str, Any]) -> dict[str, Any]:
        first, second = held_out["comparisons"]
        return held_out | {"comparisons": [first, second | {"beats_baseline": False, "reason": "Does not."}]}

    judged_as(lost, monkeypatch)
    done = smartstart("model", "approve", *OWNED, w=mine)
    assert done.code == 4
    assert "four factors" in done.err
    assert not list((mine / "models").glob("*")) if (mine / "models").exists() else True


def test_no_evaluation_on_other_extracts_can_be_passed_over(mine: Path, made: Made) -> None:
    ok("model", "evaluate", "--extracts", made.later, w=mine)
    own = ok("model", "evaluate", "--extracts", made.history, "--as-of", AS_OF, w=mine)
    assert "flatter" in own.err
    with find_workspace(mine).open() as (warehouse, _):
        (row,) = warehouse.rows("FROM evaluation WHERE number = 1")
        report = json.loads(row["report"])
        report["comparisons"][0] |= {"beats_baseline": False, "reason": "It did not."}
        warehouse.run("DELETE FROM evaluation WHERE number = 1")
        lost = row | {"number": 1, "fingerprint": "f" * 64, "report": json.dumps(report)}
        warehouse.insert_rows("evaluation", [lost, row | {"number": 9}])
    assert smartstart("model", "approve", *OWNED, w=mine).code == 4  # the last one was won, the one before was not


def test_what_looks_too_good_is_approved_only_when_it_is_explained(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_as(lambda held: held | {"auroc": {"estimate": 0.93, "lower": 0.91, "upper": 0.95}}, monkeypatch)
    assert is_one_sentence(smartstart("model", "approve", *OWNED, w=mine), 4)
    ok("model", "approve", *OWNED, "--explained", "the families were made up that way", w=mine)


def test_a_model_of_made_up_people_is_not_approved_for_real_work(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok("init", tmp_path / "real")
    real_workspace = find_workspace(tmp_path / "real")
    source = Source(made.history, date.fromisoformat(AS_OF), clock.today())
    assert read_history(real_workspace, source, 60).made_up  # known by its practices
    # learned in a rehearsal, it comes by way of a store that both share
    address = made.workspace / "experiments" / "mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{address}")
    done = smartstart("model", "approve", "--model", "uhp-60/1", *OWNED, w=tmp_path / "real")
    assert is_one_sentence(done, 4)
    assert "made-up" in done.err


# --- bands ------------------------------------------------------------------------------------------------


def banded(workspace: Path, checksum: str) -> None:
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8")
    score = f'  kind: model\n  model: "{checksum}"\n  risk_bands: [0.03, 0.05]'
    text = text.replace("  kind: factor_count", score)
    text = re.sub(r'risk_band: \["0–1", "2\+", unknown\]', 'risk_band: ["<3%", "3–5%", "5%+"]', text)
    assert "5%+" in text and "kind: model" in text
    path.write_text(text, "utf-8")


def test_an_approved_model_forms_the_bands_of_the_draw(in_use: Path, made: Made, first_quarter: Path) -> None:
    banded(in_use, sha(made))
    done = quarterly(in_use, first_quarter)
    assert done.code == 0, done.err
    assert sum(done.json["allocated"].values()) == 24
    with find_workspace(in_use).open() as (warehouse, _):
        drawn = warehouse.rows("FROM allocation")
        scored = warehouse.frame("FROM register.score ORDER BY person_id, number")
        _, frame = live_frame(warehouse)
    risk = open_model(read_approved(find_workspace(in_use), sha(made))).risk(frame)
    assert scored["risk"].to_numpy() == pytest.approx(risk, rel=0, abs=1e-12)
    assert scored["risk_band"].to_list() == ["<3%" if one < 0.03 else "3–5%" if one < 0.05 else "5%+" for one in risk]
    bands = {band for band in ("<3%", "3–5%", "5%+") for row in drawn if band in str(row)}
    assert len(bands) > 1
    assert not [row for row in drawn if "2+" in str(row) or "0–1" in str(row)]


def test_a_model_that_nobody_approved_forms_no_band(mine: Path, made: Made, first_quarter: Path) -> None:
    banded(mine, sha(made))
    done = quarterly(mine, first_quarter)
    assert done.code == 4
    assert "model approve" in done.err


# --- one woman --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_women(approved: Path, first_quarter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = copied(approved, tmp_path_factory.mktemp("with-women") / "workspace")
    assert quarterly(workspace, first_quarter).code == 0
    return workspace


@pytest.mark.parametrize("whom", [bsn(3), f"08990101 {client(3)}"], ids=["BSN", "AGB and client number"])
def test_an_explanation_is_in_words_with_the_caution_and_is_logged(with_women: Path, whom: str) -> None:
    def logged() -> list[dict[str, Any]]:
        with find_workspace(with_women).open() as (warehouse, _):
            return warehouse.rows("FROM explanation")

    before = len(logged())
    words = ("model", "explain", "--owner", "gedragswetenschapper", "--reason", "asked")
    done = smartstart(*words, w=with_women, typed=whom)
    assert done.code == 0, done.err
    assert CAUTION in flat(done)
    assert "predictors known" in done.out
    assert whom.split(maxsplit=1)[0] not in done.text
    assert f"Proefstra{3}" not in done.text
    assert len(logged()) == before + 1
    assert logged()[-1]["owner"] == "gedragswetenschapper"


def test_an_unknown_woman_is_not_explained(with_women: Path) -> None:
    done = smartstart("model", "explain", "--owner", "x", "--reason", "asked", w=with_women, typed=bsn(399))
    assert is_one_sentence(done, 2)
    assert bsn(399) not in done.text


def test_messages_hold_no_risk_and_no_number_of_a_person(with_women: Path) -> None:
    words = ("model", "explain", "--owner", "x", "--reason", "asked", "--json")
    done = smartstart(*words, w=with_women, typed=bsn(4))
    report = done.json
    assert report["caution"] == CAUTION
    assert 0 <= report["known"] <= report["of"]
    assert f"{report['risk']}" not in done.err
    assert bsn(4) not in done.text


# --- card, adapting, watching -----------------------------------------------------------------------------


def test_the_card_holds_the_caution_and_who_approved(approved: Path, tmp_path: Path) -> None:
    ok("model", "card", "--out", tmp_path / "card.html", w=approved)
    page = (tmp_path / "card.html").read_text("utf-8")
    assert CAUTION in page
    assert "onderzoeker" in page
    told = ok("model", "card", "--json", w=approved)
    assert CAUTION in json.dumps(told.json)
    assert NAME not in page
    assert CAUTION in flat(ok("model", "card", w=approved))


def test_a_borrowed_model_is_adapted_only_as_far_as_the_data_ask(mine: Path, made: Made) -> None:
    words = ("model", "adapt", "--extracts", made.later, "--as-of", AS_OF)
    report = ok(*words, "--json", w=mine).json
    assert report["choice"] in {"none", "intercept", "intercept and slope"}
    assert report["alias"] == "challenger"
    assert report["from_sha256"] == sha(made)
    assert report["model"] == "uhp-60-local/1"
    assert report["caution"] == CAUTION


def test_watching_gives_each_alarm_an_action_and_shows_the_caution(with_women: Path) -> None:
    report = ok("model", "monitor", "--json", w=with_women).json
    assert report["women"] == 24
    assert all(alarm["action"] for alarm in report["alarms"])
    assert CAUTION in flat(ok("model", "monitor", w=with_women))
    assert "arm" not in {key for one in report["predictors"] for key in one}


# --- after the draw ---------------------------------------------------------------------------------------


def test_after_the_draw_children_of_women_with_the_offer_do_not_teach(loaded: Path, tmp_path: Path) -> None:
    town: Town = town_of()
    for nth in range(1, 25):
        town.child(nth, 3_000 + nth, "20240915")
        town.child(nth, 4_000 + nth, "20190601")  # of before the draw
    folder = tmp_path / "register"
    folder.mkdir()
    for row in town.tables["vragenlijst"][:]:  # an index date before the elder child
        town.tables["vragenlijst"].append(row | {"invuldatum": "01-01-2019", "aterme_datum": "01-06-2019",
                                                 "toestemming_datum": "01-01-2019"})  # fmt: skip
    write_tables(folder, town.tables)
    workspace = find_workspace(loaded)
    teaching = read_history(workspace, Source(folder, date(2024, 12, 16), clock.today()), 3)
    offered = len(women_of("offer", loaded))
    assert 0 < offered < 24
    assert len(teaching.cohort) == 48 - offered
    assert teaching.left_for_the_trial == offered
    assert any(f"{offered} children" in notice for notice in teaching.notices)
    assert (teaching.cohort.born < teaching.cohort.born.max()).sum() == 24  # the elder ones all teach


# --- real families ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nsfg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("nsfg") / "workspace"
    ok("init", workspace)
    ok("model", "train", "--extracts", DATA / "nsfg2002" / "register", w=workspace)
    return workspace


@pytest.fixture(scope="module")
def on_later_families(nsfg: Path) -> Done:
    return ok("model", "evaluate", "--extracts", DATA / "nsfg2006_2010" / "register", "--json", w=nsfg)


@real
def test_on_later_real_families_the_model_tells_apart_and_its_risks_are_right(on_later_families: Done) -> None:
    report = on_later_families.json
    assert (report["n"], report["events"], report["horizon_months"]) == (8139, 213, 60)
    promised(report)
    assert report["made_up"] is False
    assert report["auroc"]["estimate"] > 0.755
    assert report["auroc"]["lower"] > 0.72
    slope = report["calibration_slope"]
    assert slope["lower"] < 1 < slope["upper"]
    assert all(one["beats_baseline"] for one in report["comparisons"])


@real
def test_at_two_years_the_children_are_those_of_the_data_readme(nsfg: Path) -> None:
    history = read_history(find_workspace(nsfg), Source(DATA / "nsfg2006_2010" / "register", None, clock.today()), 24)
    assert (int(history.cohort.known.sum()), int(history.cohort.event.sum())) == (10843, 157)


@real
def test_a_real_model_that_earned_it_is_approved_for_real_work(nsfg: Path, on_later_families: Done) -> None:
    report = ok("model", "approve", *OWNED, "--json", w=nsfg).json
    assert report["judged_on"] == "other extracts"
    assert report["made_up"] is False
    assert report["sha256"] == on_later_families.json["sha256"]


def test_tripod_ai_is_filled_in_for_the_approved_model_and_people_write_the_rest(in_use: Path, tmp_path: Path) -> None:
    found = ok("checklist", "tripod", "--out", tmp_path, "--json", w=in_use).json
    by_item = {one["item"]: one for one in found["items"]}
    assert list(by_item) == [str(number) for number in range(1, 28)]
    assert {item for item, one in by_item.items() if one["state"] == "open"} == {"17", "18", "19", "22", "25"}
    assert by_item["24"]["state"] == "not_applicable"
    assert CAUTION in found["notes"] and CAUTION in html.unescape((tmp_path / "tripod-ai.html").read_text("utf-8"))
    with find_workspace(in_use).open() as (warehouse, _):
        checksum = warehouse.rows("SELECT sha256 FROM approved_model")[0]["sha256"]
    assert checksum in by_item["22"]["answer"]
