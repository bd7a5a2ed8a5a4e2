"""What municipalities exchange: who can open it, who made it, what a mask hides, and what is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from math import fsum
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from smartstart.contracts.odcs import load_contracts
from smartstart.errors import DataRefused, PolicyRefused, SmartstartError, UsageError
from smartstart.exchange.agreement import Agreement, Partner, Reader, load_agreement
from smartstart.exchange.envelope import Head, opened, sealed
from smartstart.exchange.masking import masked, missing, sum_of
from smartstart.exchange.summary import Cell, Summary, hold_summary, refuse_doubles, summary_from
from smartstart.identity.exchange_keys import make_exchange_keys, public_half, seal_key, sign_key

CONTRACTS = load_contracts(Path(__file__).parents[2] / "data_contracts")
CODES = ("0797", "0796", "0855", "0766")
SIGN = {code: Ed25519PrivateKey.from_private_bytes(bytes([place]) * 32) for place, code in enumerate(CODES)}
MASK = {code: X25519PrivateKey.from_private_bytes(bytes([place + 10]) * 32) for place, code in enumerate(CODES)}
READER = X25519PrivateKey.from_private_bytes(bytes([99]) * 32)
AGREEMENT = Agreement(
    agreement="2027-03",
    round="1",
    masked=True,
    reader=Reader("onafhankelijk statisticus", public_half(READER)),
    municipalities=tuple(Partner(c, f"Town {c}", public_half(SIGN[c]), public_half(MASK[c])) for c in CODES),
)
HEAD = Head("2027-03", "1", "0797", "summary")
CELLS = (
    Cell("placed_without_mother", "event", "24", "1", "offer", 20, 19, events=1),
    Cell("placed_without_mother", "event", "24", "1", "care_as_usual", 21, 21, events=0),
    Cell("welbevinden", "scale", "eindmeting", "1", "offer", 20, 2, None, 13.0, 12.0, 85.0, 74.0, 79.0),
)
SUMMARY = Summary(
    "exchange", "0797", "Heusden", "smart-start", "onafhankelijk statisticus", "2027-03", "2024-01-10", "2026-10-04",
    "2027-01-01", "p", "d", "offer", "care_as_usual", True, CELLS,
)  # fmt: skip


# --- seals ------------------------------------------------------------------------------------------------


def test_only_the_reader_opens_what_was_sealed_and_only_the_sender_can_have_made_it() -> None:
    file = json.loads(sealed(b"content", HEAD, AGREEMENT, SIGN["0797"]))
    assert opened(file, "a.json", AGREEMENT, READER) == (HEAD, b"content")
    assert "content" not in json.dumps({key: value for key, value in file.items() if key != "contents"})
    with pytest.raises(DataRefused, match="sealed for another reader"):
        opened(file, "a.json", AGREEMENT, MASK["0797"])
    forged = json.loads(sealed(b"content", HEAD, AGREEMENT, SIGN["0796"]))
    with pytest.raises(DataRefused, match="signature is not that of municipality 0797"):
        opened(forged, "a.json", AGREEMENT, READER)


@pytest.mark.parametrize("name", ["sealed", "signature", "sender", "contents", "round", "agreement"])
def test_nothing_of_a_sealed_file_can_be_changed_unseen(name: str) -> None:
    file = json.loads(sealed(b"content", HEAD, AGREEMENT, SIGN["0797"]))
    other = {"sender": "0796", "contents": "masked", "round": "2", "agreement": "2027-04"}
    file[name] = other.get(name) or ("A" if file[name][0] != "A" else "B") + file[name][1:]
    with pytest.raises((DataRefused, PolicyRefused), match=r"^a\.json: "):
        opened(file, "a.json", AGREEMENT, READER)
    del file[name]
    with pytest.raises(DataRefused, match="not an exchange file"):
        opened(file, "a.json", AGREEMENT, READER)


def test_two_files_of_the_same_content_do_not_look_alike() -> None:
    one, other = (sealed(b"content", HEAD, AGREEMENT, SIGN["0797"]) for _ in range(2))
    assert json.loads(one)["sealed"] != json.loads(other)["sealed"]


def test_keys_are_made_once_and_only_their_public_halves_are_told(tmp_path: Path) -> None:
    told = make_exchange_keys(tmp_path, reader=False)
    assert told == make_exchange_keys(tmp_path, reader=False) and set(told) == {"sign_key", "mask_key"}
    assert told["sign_key"] == public_half(sign_key(tmp_path))
    assert make_exchange_keys(tmp_path, reader=True) == {"seal_key": public_half(seal_key(tmp_path))}
    secrets = {path.read_text("ascii").strip() for path in tmp_path.iterdir()}
    assert len(secrets) == 3 and not secrets & set(told.values())


# --- masks ------------------------------------------------------------------------------------------------

numbers = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.floats(-1e9, 1e9, allow_nan=False), min_size=3, max_size=3
)


@given(st.lists(numbers, min_size=4, max_size=4))
def test_masks_cancel_in_the_sum_over_all(parts: list[dict[str, float]]) -> None:
    sent = [masked(part, AGREEMENT, code, MASK[code]) for part, code in zip(parts, CODES, strict=True)]
    for name, found in sum_of(sent).items():
        assert found == pytest.approx(fsum(part[name] for part in parts), rel=1e-14, abs=1e-11)


def test_without_all_files_the_sum_is_noise() -> None:
    part = {"a": 1.0, "b": 2.0}
    sent = [masked(part, AGREEMENT, code, MASK[code]) for code in CODES]
    for some in (sent[:3], sent[:1], [*sent, sent[0]]):
        with pytest.raises(DataRefused, match="masks do not cancel"):
            sum_of(some)
    assert missing(AGREEMENT, CODES[:3]) == ["0766"] and missing(AGREEMENT, CODES) == []


def test_a_masked_number_is_spread_over_its_whole_range_and_changes_with_the_round() -> None:
    names = {f"n{i}": 0.0 for i in range(400)}
    first = masked(names, AGREEMENT, "0797", MASK["0797"])
    top = [int(value, 16) >> 124 for value in first.values()]
    assert len(set(top)) == 16 and max(map(top.count, range(16))) < 60  # 25 expected of each
    second = masked(names, replace(AGREEMENT, round="2"), "0797", MASK["0797"])
    assert not set(first.values()) & set(second.values()) and len(set(first.values())) == 400


def test_sums_of_other_names_or_beyond_all_measure_are_refused() -> None:
    with pytest.raises(DataRefused, match="do not hold the same sums"):
        sum_of([{"a": "0" * 32}, {"b": "0" * 32}])
    with pytest.raises(DataRefused, match="too large"):
        masked({"a": 1e25}, AGREEMENT, "0797", MASK["0797"])
    with pytest.raises(PolicyRefused, match="takes no part"):
        masked({"a": 1.0}, AGREEMENT, "9999", MASK["0797"])


# --- the agreement ----------------------------------------------------------------------------------------


def as_yaml(one: Agreement, **changes: Any) -> str:
    raw = asdict(one) | changes
    return yaml.safe_dump(json.loads(json.dumps(raw)))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"municipalities": []}, PolicyRefused, "masks need 3 municipalities"),
        ({"agreement": "a b"}, UsageError, "agreement: must be a number or word"),
        ({"reader": {"function": "x", "seal_key": "00"}}, UsageError, "reader, seal_key: must be the 64 characters"),
        ({"maskd": True}, UsageError, "unknown key 'maskd' .did you mean 'masked'"),
    ],
)
def test_an_agreement_that_cannot_be_kept_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], error: type[SmartstartError], words: str
) -> None:
    path = tmp_path / "agreement.yaml"
    path.write_text(as_yaml(AGREEMENT), "utf-8")
    assert load_agreement(path) == AGREEMENT
    path.write_text(as_yaml(AGREEMENT, **changes), "utf-8")
    with pytest.raises(error, match=words):
        load_agreement(path)


def test_a_municipality_or_a_key_stands_in_an_agreement_once(tmp_path: Path) -> None:
    path = tmp_path / "agreement.yaml"
    path.write_text(as_yaml(replace(AGREEMENT, municipalities=AGREEMENT.municipalities[:1] * 3)), "utf-8")
    with pytest.raises(UsageError, match="stands there once"):
        load_agreement(path)
    twin = replace(AGREEMENT.municipalities[1], sign_key=AGREEMENT.municipalities[0].sign_key)
    path.write_text(as_yaml(replace(AGREEMENT, municipalities=(AGREEMENT.municipalities[0], twin), masked=False)))
    with pytest.raises(UsageError, match="two keys are the same"):
        load_agreement(path)


# --- summaries --------------------------------------------------------------------------------------------


def test_a_summary_comes_back_from_its_file_and_keeps_its_contract() -> None:
    raw = json.loads(SUMMARY.content())
    assert raw["publishable"] is False and raw["notice"].startswith("Not for publication")
    assert summary_from(raw, "a.json") == SUMMARY
    hold_summary(SUMMARY, CONTRACTS, "a.json")


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (0, {"known": 21}),
        (0, {"events": 20}),
        (0, {"events": None}),
        (0, {"sum_y": 1.0}),
        (2, {"events": 1}),
        (2, {"sum_yy": 80.0}),
        (2, {"sum_xy": 99.0}),
        (2, {"sum_x": None}),
        (0, {"drawn": -1}),
        (0, {"kind": "count"}),
        (0, {"outcome": ""}),
        (0, {"sum_y": "1234"}),
    ],
)
def test_counts_that_cannot_be_those_of_women_are_refused_without_a_value(place: int, change: dict[str, Any]) -> None:
    rows = list(CELLS)
    rows[place] = replace(rows[place], **change)
    with pytest.raises(DataRefused, match=rf"^a\.json, row {place + 1}") as refused:
        hold_summary(replace(SUMMARY, rows=tuple(rows)), CONTRACTS, "a.json")
    assert not any(str(value) in str(refused.value) for value in ("21", "80.0", "99.0", "1234"))


def test_two_rows_of_the_same_women_are_refused() -> None:
    with pytest.raises(DataRefused, match="the same women"):
        hold_summary(replace(SUMMARY, rows=(*CELLS, CELLS[0])), CONTRACTS, "a.json")


@pytest.mark.parametrize(
    "change", [{"format": "x"}, {"tier": "secret"}, {"rows": [{"outcome": "x"}]}, {"made_up": "no"}, {"as_of": "then"}]
)
def test_what_is_no_summary_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DataRefused, match="not a summary"):
        summary_from(json.loads(SUMMARY.content()) | change, "a.json")


def test_a_municipality_counts_once_in_each_period() -> None:
    later = replace(SUMMARY, drawn_from="2026-10-05", drawn_until="2027-01-01", last_draw="e")
    refuse_doubles([("a", SUMMARY), ("b", later), ("c", replace(SUMMARY, municipality="0796", last_draw="f"))])
    with pytest.raises(DataRefused, match="same draw"):
        refuse_doubles([("a", SUMMARY), ("b", replace(SUMMARY, municipality="0796"))])
    with pytest.raises(DataRefused, match="is in a too"):
        refuse_doubles([("a", SUMMARY), ("b", replace(later, drawn_from="2026-10-04"))])
    with pytest.raises(DataRefused, match="count double"):
        refuse_doubles([("a", SUMMARY), ("b", replace(SUMMARY, trial="another", last_draw="g"))])
