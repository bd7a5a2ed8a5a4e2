"""The comparison of this trial: first the plan, then X and Y, then once and for good the names."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from harness import init, is_one_sentence, ok, quarterly, smartstart, town_of
from pyzipper import AESZipFile

from smartstart.workspace import find_workspace

AUDITOR = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
OWNED = ("--owner", "onderzoeker", "--reason", "a made-up reason")


def analysed(workspace: Path) -> dict[str, Any]:
    def refused(constant: str) -> Any:
        raise AssertionError(f"{constant} is not JSON")

    found: dict[str, Any] = json.loads(ok("trial", "analyse", "--json", w=workspace).out, parse_constant=refused)
    return found


@pytest.fixture(scope="module")
def played(demo_played: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, with fewer re-draws: they are tested elsewhere."""
    folder = Path(shutil.copytree(demo_played.folder, tmp_path_factory.mktemp("played") / "demo"))
    path = folder / "workspace" / "programme.yaml"
    path.write_text(re.sub("rerandomisations: 10000", "rerandomisations: 100", path.read_text("utf-8")), "utf-8")
    return folder / "workspace"


@pytest.fixture
def demo(played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played, tmp_path / "workspace"))


def change(workspace: Path, line: str, other: str) -> None:
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8")
    assert re.search(line, text)
    path.write_text(re.sub(line, other, text, count=1), "utf-8")


def test_a_plan_is_locked_once_and_every_result_says_how_it_stands_to_it(demo: Path) -> None:
    assert analysed(demo)["plan"]["sentence"].startswith("NOT THE PLANNED ANALYSIS")
    assert is_one_sentence(smartstart("trial", "unblind", *OWNED, w=demo), 4)
    ok("trial", "lock-plan", *OWNED, w=demo)
    assert is_one_sentence(smartstart("trial", "lock-plan", *OWNED, w=demo), 4)
    assert analysed(demo)["plan"]["sentence"].startswith("As planned")
    change(demo, "imputations: 20", "imputations: 5")
    change(demo, "sparse_stratum: 8", "sparse_stratum: 2")
    found = analysed(demo)["plan"]
    assert found["departs"] == ["imputations", "sparse_stratum"]
    assert found["sentence"].startswith("DEPARTS FROM THE PLAN locked on")
    ok("trial", "unblind", *OWNED, w=demo)
    assert is_one_sentence(smartstart("trial", "unblind", *OWNED, w=demo), 4)
    ok("trial", "lock-plan", *OWNED, w=demo)
    assert "after the arms were unblinded" in analysed(demo)["plan"]["sentence"]
    assert ok("trial", "verify", "--json", w=demo).json["ok"]


def numbers(found: dict[str, Any], arms: tuple[str, str]) -> dict[str, Any]:
    """Return by arm how many were analysed, and the size of each difference, whichever arm comes first."""
    by_outcome = {}
    for outcome in found["outcomes"]:
        comparison = outcome["comparison"]
        if comparison:
            by_outcome[outcome["outcome"]] = (
                dict(zip(arms, (comparison["n"]["treated"], comparison["n"]["control"]), strict=True)),
                [
                    round(abs(comparison[name]["estimate"]), 9)
                    for name in ("risk_difference", "mean_difference")
                    if name in comparison and comparison[name]["estimate"] is not None
                ],
                round(comparison["unadjusted_p_value"], 6),
            )
    return by_outcome


def test_before_unblinding_the_arms_are_x_and_y_and_afterwards_the_same_numbers_have_names(demo: Path) -> None:
    ok("trial", "lock-plan", *OWNED, w=demo)
    blind, again = analysed(demo), analysed(demo)
    assert blind == again
    shown = ok("trial", "analyse", w=demo).out
    for text in (json.dumps(blind), shown):
        assert "care_as_usual" not in text and not re.search(r"\boffer\b(?! declined)", text.split("notes")[0])
    assert (blind["arms"], blind["unblinded"]) == (["X", "Y"], False)
    names = {one["name"] for outcome in blind["outcomes"] for one in outcome["beside"]}
    assert not names & {"per protocol", "complier average"}
    ok("trial", "unblind", *OWNED, w=demo)
    named = analysed(demo)
    assert (named["arms"], named["unblinded"]) == (["offer", "care_as_usual"], True)
    names = {one["name"] for outcome in named["outcomes"] for one in outcome["beside"]}
    assert {"per protocol", "complier average"} <= names
    after = numbers(named, ("offer", "care_as_usual"))
    assert after in [numbers(blind, ("offer", "care_as_usual")), numbers(blind, ("care_as_usual", "offer"))]
    assert after


def test_the_auditor_accepts_plan_and_unblinding_and_finds_another_plan(demo: Path, tmp_path: Path) -> None:
    ok("trial", "lock-plan", *OWNED, w=demo)
    ok("trial", "unblind", *OWNED, w=demo)
    ledger = demo / "ledger" / "ledger.jsonl"
    keys = find_workspace(demo).keys_folder
    revealed = tmp_path / "revealed"
    revealed.write_text("".join(path.read_text("ascii") for path in sorted(keys.glob("allocation*.key"))), "ascii")

    def audited(file: Path) -> int:
        command = [sys.executable, "-I", "-S", str(AUDITOR), str(file), "--key", str(revealed)]
        return subprocess.run(command, capture_output=True, text=True, check=False).returncode

    assert audited(ledger) == 0
    forged = tmp_path / "forged.jsonl"
    content = ledger.read_text("ascii")
    assert '"imputations":20' in content
    forged.write_text(content.replace('"imputations":20', '"imputations":21'), "ascii")
    assert audited(forged) != 0


def test_nobody_drawn_is_one_sentence(empty: Path) -> None:
    for words in (("analyse",), ("lock-plan", *OWNED), ("unblind", *OWNED)):
        done = smartstart("trial", *words, w=empty)
        assert done.code == 5 and is_one_sentence(done, 5)


def test_right_after_the_first_draw_every_outcome_is_awaited_and_none_is_0(loaded: Path) -> None:
    found = analysed(loaded)
    for outcome in found["outcomes"]:
        assert outcome["comparison"] is None and outcome["why_not"]
        assert sum(outcome["awaited"].values()) == 24 and outcome["missing_by_reason"] == []


def test_a_draw_of_households_is_analysed_too(tmp_path: Path) -> None:
    workspace = init(tmp_path / "workspace")
    change(workspace, "unit: woman ", "unit: household ")
    assert quarterly(workspace, town_of(12).write(tmp_path / "extracts")).code == 0
    ok("trial", "lock-plan", *OWNED, w=workspace)
    assert analysed(workspace)["women"] == 12


# --- the analysis set for those who go on -----------------------------------------------------------------


def exported(workspace: Path, out: Path, *options: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    made = ok("export", "--out", out, *OWNED, *options, "--json", w=workspace).json
    with AESZipFile(made["file"]) as container:
        container.setpassword(Path(made["passphrase_file"]).read_text().strip().encode())
        return made, {name: container.read(name) for name in container.namelist()}


def test_outcomes_beside_arms_do_not_leave_before_the_arms_are_known(demo: Path, tmp_path: Path) -> None:
    refused = smartstart("export", "--out", tmp_path / "x.zip", *OWNED, w=demo)
    assert is_one_sentence(refused, 4) and not (tmp_path / "x.zip").exists()
    _, files = exported(demo, tmp_path / "blind.zip", "--without-arm")
    told = {"arm", "accepted", "per_protocol", "spoken_to", "contacts", "hours", "planned_contacts", "usual_contacts"}
    assert not told & set(pd.read_csv(BytesIO(files["analysis-set.csv"])).columns)  # uptake would tell her arm
    assert "care as usual" not in files["analysis-set.R"].decode() + files["codebook.json"].decode()


def test_the_formats_of_an_export_say_the_same_and_the_analysis_can_be_done_again_from_them(
    demo: Path, tmp_path: Path
) -> None:
    ok("trial", "lock-plan", *OWNED, w=demo)
    ok("trial", "unblind", *OWNED, w=demo)
    made, files = exported(demo, tmp_path / "set.zip")
    text = pd.read_csv(BytesIO(files["analysis-set.csv"]))
    assert set(text["spoken_to"]) == {0, 1} and text.loc[text["spoken_to"] == 1, "contacts"].min() >= 1
    columns = pd.read_parquet(BytesIO(files["analysis-set.parquet"]))
    (tmp_path / "set.sav").write_bytes(files["analysis-set.sav"])
    spss, meta = pyreadstat.read_sav(str(tmp_path / "set.sav"))
    book = {one["name"]: one for one in json.loads(files["codebook.json"])["columns"]}
    assert list(text) == list(columns) == list(spss) == list(book) and len(text) == made["women"]
    for name, one in book.items():
        if one["kind"] != "text":
            for other in (columns, spss):
                np.testing.assert_allclose(text[name].astype(float), other[name].astype(float), rtol=1e-12)
        labels = {str(int(code)): label for code, label in meta.variable_value_labels.get(name, {}).items()}
        assert (meta.column_names_to_labels[name], labels) == (one["label"], one["codes"])
        assert f'"{name}"' in files["analysis-set.R"].decode()
    # what the trial itself says of its primary outcome, done again from the file alone
    (tmp_path / "set.csv").write_bytes(files["analysis-set.csv"])
    columns = (
        "--arm",
        "arm",
        "--control",
        "0",
        "--outcome",
        "welbevinden_eindmeting",
        "--baseline",
        "welbevinden_start",
    )
    question = ("--kind", "scale", *columns, "--strata", "stratum")
    again = ok("trial", "analyse", tmp_path / "set.csv", *question, "--json").json
    ours = next(one for one in analysed(demo)["outcomes"] if one["primary"])["comparison"]
    assert again["n"] == ours["n"]
    assert again["mean_difference"]["estimate"] == pytest.approx(ours["mean_difference"]["estimate"])
    mean = text.groupby("arm")["welbevinden_eindmeting"].mean()
    assert (mean[1], mean[0]) == pytest.approx(
        (ours["mean"]["treated"]["estimate"], ours["mean"]["control"]["estimate"])
    )


def test_an_export_names_nobody_is_noted_and_says_where_it_came_from(demo: Path, tmp_path: Path) -> None:
    _, files = exported(demo, tmp_path / "set.zip", "--without-arm")
    everything = b"".join(files[name] for name in files if not name.endswith(("xlsx", "parquet", "sav")))
    with find_workspace(demo).open() as (warehouse, _):
        rows = warehouse.rows("FROM allocation")
    for row in rows:
        for secret in (row["research_id"], row["token"], row["practice"], row["stratum"], str(row["index_date"])):
            assert secret.encode() not in everything
    origin = json.loads(files["provenance.json"])
    assert all(hashlib.sha256(files[name]).hexdigest() == found for name, found in origin["generated"].items())
    noted = [json.loads(line) for line in (demo / "ledger" / "ledger.jsonl").read_text().splitlines()][-1]["body"][
        "text"
    ]
    assert origin["generated"]["analysis-set.csv"] in noted and "a made-up reason" in noted
    assert not any((demo / "tmp").iterdir())
    again = exported(demo, tmp_path / "again.zip", "--without-arm")[1]
    assert again["analysis-set.csv"] == files["analysis-set.csv"]


def test_every_run_leaves_a_record_of_what_it_used_and_made(demo: Path) -> None:
    records = [json.loads(path.read_text()) for path in sorted((demo / "provenance").iterdir())]
    status = ok("status", "--json", w=demo).json
    assert [(one["period"], one["as_of"]) for one in records] == [(p["period"], p["as_of"]) for p in status["periods"]]
    used = {(one["period"], file["file"], file["sha256"]) for one in records for file in one["used"]["files"]}
    assert used == {(file["period"], file["file"], file["sha256"]) for file in status["files"]}
    for path, checksum in records[-1]["generated"]["outputs"].items():
        assert hashlib.sha256((demo / path).read_bytes()).hexdigest() == checksum
