"""Municipalities together, on the command line: what leaves, who can read it, what it says, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from harness import Done, is_one_sentence, ok, smartstart

from smartstart.exchange.agreement import Agreement, load_agreement
from smartstart.exchange.envelope import Head, sealed
from smartstart.exchange.masking import masked
from smartstart.exchange.pooled_numbers import numbers_of
from smartstart.exchange.summary import Summary, summary_from
from smartstart.identity.exchange_keys import public_half

AUDITOR = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
OTHERS = {"0796": "Loonstad", "0855": "Maasdorp"}
SIGN = {code: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n, code in enumerate(OTHERS, 1)}
MASK = {code: X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n, code in enumerate(OTHERS, 11)}


@pytest.fixture(scope="module")
def demo(demo_played: Any) -> Path:
    return Path(demo_played.folder / "workspace")


@pytest.fixture
def town(demo: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own."""
    return Path(shutil.copytree(demo, tmp_path / "workspace"))


@dataclass(frozen=True)
class Three:
    """Three municipalities: their agreement, the sealed files, what is in them, and the folder with all of it."""

    agreement: Path
    files: tuple[Path, ...]
    inside: tuple[Summary, ...]
    folder: Path

    def pool(self, *words: object, files: Iterable[Path] | None = None) -> Done:
        opening = ("--agreement", self.agreement, "--keys", self.folder / "reader")
        return smartstart("trial", "pool", *(files or self.files), *opening, *words)


@pytest.fixture(scope="module")
def three(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Three:
    return three_of(demo, tmp_path_factory.mktemp("three"), is_masked=False)


@pytest.fixture(scope="module")
def three_masked(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Three:
    return three_of(demo, tmp_path_factory.mktemp("masked"), is_masked=True)


def of(file: Path) -> Summary:
    return summary_from(json.loads(file.read_text("utf-8")), file.name)


def restricted(town: Path, tmp_path: Path) -> Summary:
    file = tmp_path / "heusden-restricted.json"
    ok("trial", "summary", "--tier", "restricted", "--out", file, w=town)
    return of(file)


def elsewhere(here: Summary, code: str) -> Summary:
    """The summary of a made-up municipality: the same outcomes and arms, other women."""
    rows = []
    for place, row in enumerate(here.cells()):
        n = 20 + place + len(OTHERS[code])
        told = replace(row, drawn=n + 1, known=n)
        if row.kind == "event":
            rows.append(replace(told, events=(place + int(code)) % 3))
        else:
            low = 0.5 * n * (place % 2)
            rows.append(replace(told, sum_y=3.0 * n + low, sum_x=3.0 * n, sum_yy=14.0 * n, sum_xx=11.0 * n,
                                sum_xy=10.0 * n))  # fmt: skip
    return replace(here, municipality=code, name=OTHERS[code], last_draw=code * 16, rows=tuple(rows))


def agreed(town: Path, tmp_path: Path, *, is_masked: bool) -> Path:
    """The agreement of three municipalities, with the keys that the commands made."""
    reader = ok("trial", "exchange-keys", "--reader", "--keys", tmp_path / "reader", "--json").json
    mine = ok("trial", "exchange-keys", "--json", w=town).json
    others = [
        {"code": code, "name": name, "sign_key": public_half(SIGN[code]), "mask_key": public_half(MASK[code])}
        for code, name in OTHERS.items()
    ]
    agreement = {
        "agreement": "2027-03", "round": "1", "masked": is_masked,
        "reader": {"function": "onafhankelijk statisticus", **reader},
        "municipalities": [{"code": "0797", "name": "Heusden", **mine}, *others],
    }  # fmt: skip
    path = tmp_path / "agreement.yaml"
    path.write_text(yaml.safe_dump(agreement), "utf-8")
    return path


def sent(summary: Summary, agreement: Agreement, tmp_path: Path) -> Path:
    """The file that another municipality sends."""
    told = replace(summary, tier="exchange", reader=agreement.reader.function, agreement=agreement.agreement)
    code, content, contents = summary.municipality, told.content(), "summary"
    if agreement.masked:
        numbers = masked(numbers_of(told), agreement, code, MASK[code])
        content, contents = json.dumps(told.as_dict() | {"rows": [], "masked": numbers}).encode(), "masked"
    file = tmp_path / f"{code}.json"
    file.write_bytes(sealed(content, Head(agreement.agreement, agreement.round, code, contents), agreement, SIGN[code]))
    return file


def three_of(demo: Path, folder: Path, *, is_masked: bool) -> Three:
    town = Path(shutil.copytree(demo, folder / "workspace"))
    path = agreed(town, folder, is_masked=is_masked)
    here = restricted(town, folder)
    mine = folder / "0797.json"
    ok("trial", "summary", "--tier", "exchange", "--agreement", path, "--out", mine, w=town)
    others = [elsewhere(here, code) for code in OTHERS]
    files = (mine, *(sent(one, load_agreement(path), folder) for one in others))
    return Three(path, files, (here, *others), folder)


# --- what leaves ------------------------------------------------------------------------------------------


def test_an_exact_summary_says_for_whom_it_is_tells_no_number_and_stands_in_the_ledger_once(
    town: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.json"
    command = ("trial", "summary", "--tier", "restricted", "--reader", "rekenkamer", "--out", file)
    made = ok(*command, "--json", w=town)
    assert made.json["reader"] == "rekenkamer" and made.json["summary"] is None and made.json["rows"] == 12
    assert file.stat().st_mode & 0o777 == 0o600
    assert "personal data" in of(file).as_dict()["notice"]
    again = ok(*command, "--json", w=town).json
    assert again["ledger_head"] == made.json["ledger_head"]
    entries = [json.loads(line) for line in (town / "ledger" / "ledger.jsonl").read_text("ascii").splitlines()]
    noted = [entry["body"] for entry in entries if entry["kind"] == "summary"]
    assert [body["reader"] for body in noted] == ["rekenkamer"]
    audited = [sys.executable, "-I", "-S", str(AUDITOR), str(town / "ledger" / "ledger.jsonl")]
    assert subprocess.run(audited, capture_output=True, check=False).returncode == 0


def test_the_exact_summary_adds_up_to_the_analysis_of_the_trial(town: Path, tmp_path: Path) -> None:
    """Two ways to one number: sums that leave, and the women themselves."""
    rows = [row for row in restricted(town, tmp_path).cells() if row.kind == "scale"]
    found = ok("trial", "analyse", "--json", w=town).json["outcomes"][0]["comparison"]
    sums: dict[str, tuple[int, float]] = {}
    for row in rows:
        n, total = sums.get(row.arm, (0, 0.0))
        sums[row.arm] = (n + row.known, total + float(row.sum_y or 0))
    left = sorted((n, round(total / n, 6)) for n, total in sums.values())
    levels = found["mean"]
    assert left == sorted((found["n"][arm], round(levels[arm]["estimate"], 6)) for arm in ("treated", "control"))


def test_a_public_summary_shows_no_small_or_exact_count_and_no_arm_before_unblinding(
    town: Path, tmp_path: Path
) -> None:
    file = tmp_path / "public.json"
    made = ok("trial", "summary", "--tier", "public", "--out", file, "--json", w=town).json
    assert made["ledger_head"] is None and made["summary"] == json.loads(file.read_text("utf-8"))
    assert made["summary"]["publishable"] and {row["arm"] for row in made["summary"]["rows"]} == {"all"}
    for row in made["summary"]["rows"]:
        for name in ("drawn", "known", "events"):
            assert row[name] is None or (row[name] >= 10 and row[name] % 5 == 0)
        assert row["known"] is not None or (row["mean"] is None and row["spread"] is None)
    refused = smartstart("trial", "pool", file)
    assert is_one_sentence(refused, 4) and "rare events vanish" in refused.err


def test_what_is_sealed_shows_no_number_to_who_has_not_the_key(three: Three, tmp_path: Path) -> None:
    outside = json.loads(three.files[0].read_text("utf-8"))
    assert set(outside) == {"format", "notice", "agreement", "round", "sender", "contents", "sealed", "signature"}
    assert "personal data" in outside["notice"]
    assert is_one_sentence(smartstart("trial", "pool", *three.files), 2)
    ok("trial", "exchange-keys", "--reader", "--keys", tmp_path / "thief", "--json")
    stolen = smartstart("trial", "pool", *three.files, "--agreement", three.agreement, "--keys", tmp_path / "thief")
    assert is_one_sentence(stolen, 3) and "sealed for another reader" in stolen.err


def test_a_round_takes_one_summary_of_each_municipality(town: Path, tmp_path: Path) -> None:
    path = agreed(town, tmp_path, is_masked=False)
    ok("trial", "summary", "--tier", "exchange", "--agreement", path, "--out", tmp_path / "1.json", w=town)
    ok("trial", "summary", "--tier", "exchange", "--agreement", path, "--out", tmp_path / "2.json", w=town)  # the same
    with mock.patch("smartstart.summarising._starts", lambda due, *_: np.zeros(len(due.women))):
        other = smartstart("trial", "summary", "--tier", "exchange", "--agreement", path, "--out", tmp_path / "3.json",
                           w=town)  # fmt: skip
    assert is_one_sentence(other, 4) and not (tmp_path / "3.json").exists()


# --- what it says -----------------------------------------------------------------------------------------


def test_three_municipalities_answer_together_and_the_page_shows_each(three: Three, tmp_path: Path) -> None:
    page = tmp_path / "together.html"
    found = three.pool("--json", "--out", page).json
    assert found["municipalities"] == ["Heusden (0797)", "Loonstad (0796)", "Maasdorp (0855)"] and not found["masked"]
    assert "not for publication" in found["notice"] and found["made_up"]
    scale, event = found["outcomes"]
    known = sum(row.known for summary in three.inside for row in summary.cells() if row.kind == "event")
    alone = known - sum(event["n"].values())
    assert any(f"one arm alone: {alone} women" in note for note in event["notes"])
    assert scale["mean_difference"]["estimate"] and len(scale["by_municipality"]) == 3
    assert sum(one["weight"] for one in scale["by_municipality"]) == pytest.approx(1)
    assert len(scale["leave_one_out"]) == 3 and scale["random_effects"]["municipalities"] == 3
    assert {"risk_difference", "risk_ratio", "odds_ratio", "peto_odds_ratio", "exact_odds_ratio"} <= set(event)
    written = page.read_text("utf-8")
    assert written.count("<svg") == 2 and "not for publication" in written and "Loonstad (0796)" in written
    shown = three.pool()
    assert "By municipality" in shown.out and "Without Heusden (0797)" in shown.out


def test_under_masks_the_reader_sees_the_same_common_answers_and_no_municipality(
    three_masked: Three, tmp_path: Path
) -> None:
    found = three_masked.pool("--json", "--out", tmp_path / "masked.html").json
    assert found["masked"] and all("by_municipality" not in outcome for outcome in found["outcomes"])
    plain = []
    for summary in three_masked.inside:
        file = tmp_path / f"plain-{summary.municipality}.json"
        file.write_bytes(replace(summary, tier="restricted").content())
        plain.append(file)
    exact = ok("trial", "pool", *plain, "--json").json
    for by_sum, by_rows in zip(found["outcomes"], exact["outcomes"], strict=True):
        assert by_sum["n"] == by_rows["n"]
        for measure in ("mean_difference", "risk_ratio", "odds_ratio", "peto_odds_ratio"):
            if measure in by_sum:
                assert by_sum[measure] == pytest.approx(by_rows[measure], abs=1e-8)
    assert "no municipality was seen by itself" in three_masked.pool().out.replace("\n  ", " ")
    absent = three_masked.pool(files=three_masked.files[:2])
    assert is_one_sentence(absent, 3) and "0855" in absent.err


# --- what each tier gives away: the attacks that docs/explanation/pooling.md tells of --------------------


def test_a_cell_of_one_in_an_exact_summary_is_her_own_answer(three: Three) -> None:
    """Why the exact tiers are personal data."""
    alone = [row for row in three.inside[0].cells() if row.kind == "event" and row.known == 1]
    assert alone and all(row.events in {0, 1} for row in alone)


def test_all_others_together_can_subtract_their_numbers_from_a_masked_sum_and_fewer_cannot(
    three_masked: Three,
) -> None:
    inside = three_masked.inside
    found = three_masked.pool("--json").json["outcomes"][0]["n"]
    others = [numbers_of(summary)["welbevinden|scale|eindmeting|treated"] for summary in inside[1:]]
    hers = numbers_of(inside[0])["welbevinden|scale|eindmeting|treated"]
    assert found["treated"] - sum(others) == hers
    assert found["treated"] - others[0] == hers + others[1] != hers


# --- what is refused --------------------------------------------------------------------------------------


def test_nobody_counts_double(three: Three, tmp_path: Path) -> None:
    inside = three.inside
    twice = three.pool(files=[*three.files, three.files[0]])
    assert is_one_sentence(twice, 3) and "count double" in twice.err
    alias = tmp_path / "alias.json"
    alias.write_bytes(replace(inside[0], municipality="0794", name="Elders").content())
    here = tmp_path / "here.json"
    here.write_bytes(inside[0].content())
    renamed = smartstart("trial", "pool", here, alias)
    assert is_one_sentence(renamed, 3) and "same draw" in renamed.err


def test_a_file_changed_on_its_way_or_of_another_round_is_refused(three: Three, tmp_path: Path) -> None:
    raw = json.loads(three.files[1].read_text("utf-8"))
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(raw | {"sender": "0855"}), "utf-8")
    forged = three.pool(files=[three.files[0], changed])
    assert is_one_sentence(forged, 3) and "changed.json" in forged.err and "signature" in forged.err
    later = tmp_path / "round-2.yaml"
    later.write_text(three.agreement.read_text("utf-8").replace("round: '1'", "round: '2'"), "utf-8")
    assert is_one_sentence(replace(three, agreement=later).pool(), 4)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("summary", "--tier", "publik", "--out", "x.json"), 2),
        (("summary", "--tier", "exchange", "--out", "x.json"), 2),
        (("summary", "--tier", "public", "--reader", "council", "--out", "x.json"), 2),
        (("exchange-keys", "--reader"), 2),
    ],
)
def test_what_does_not_go_together_is_refused(demo: Path, words: tuple[str, ...], code: int) -> None:
    assert is_one_sentence(smartstart("trial", *words, w=demo), code)
    assert not Path("x.json").exists()


def test_what_is_no_summary_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    assert is_one_sentence(smartstart("trial", "pool", file), 2)
    for text in ("[1, 2]", "{", '{"format": "smartstart/summary/1", "tier": "restricted"}', '{"tier": "exchange"}'):
        file.write_text(text, "utf-8")
        refused = smartstart("trial", "pool", file)
        assert is_one_sentence(refused, 3) and "list.json" in refused.err
    assert is_one_sentence(smartstart("trial", "pool", file, "--out", tmp_path / "page.pdf"), 2)
    assert is_one_sentence(smartstart("trial", "pool", file, "--keys", tmp_path), 2)


def test_made_up_and_real_women_are_not_pooled(three: Three, tmp_path: Path) -> None:
    for name, one in (("a", three.inside[0]), ("b", replace(three.inside[1], made_up=False))):
        (tmp_path / f"{name}.json").write_bytes(one.content())
    refused = smartstart("trial", "pool", tmp_path / "a.json", tmp_path / "b.json")
    assert is_one_sentence(refused, 3) and "made-up" in refused.err
