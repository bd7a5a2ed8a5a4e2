"""``trial analyse`` on a file or on counts: published answers, what its JSON promises, and files that are wrong."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest
from harness import is_one_sentence, ok, smartstart
from openpyxl import Workbook

from smartstart.trial.analysis import ancova, binary, timing

TRIALS = Path(__file__).parents[3] / "shared" / "data" / "trials"
real = pytest.mark.skipif(not TRIALS.is_dir(), reason=f"the real data are not in {TRIALS}")

MEASURES = {
    "binary": ("risk_difference", "risk_ratio", "odds_ratio"),
    "scale": ("mean_difference",),
    "time": ("hazard_ratio", "rmst_difference"),
}
ESTIMATE = {"estimate", "lower", "upper", "se", "method", "reference"}
ASKED = {
    "binary": ("--outcome", "y", "--kind", "binary"),
    "scale": ("--outcome", "s", "--kind", "scale"),
    "time": ("--time", "t", "--event", "e", "--kind", "time"),
}
HEADER = ("arm", "y", "s", "t", "e", "site", "x", "home", "w")
SECRET = "geheim9"
Rows = list[list[Any]]


def strict(text: str) -> Any:
    """Read JSON as the standard has it: NaN and Infinity are none."""

    def refused(constant: str) -> Any:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refused)


def analysed(file: Path, *words: object, arm: str = "arm", control: str = "C", redraws: int = 200) -> dict[str, Any]:
    done = ok("trial", "analyse", file, "--arm", arm, "--control", control, "--redraws", redraws, *words, "--json")
    found: dict[str, Any] = strict(done.out)
    return found


def counted(treated: str, control: str, *words: object) -> dict[str, Any]:
    found: dict[str, Any] = strict(ok("trial", "analyse", "--counts", treated, control, *words, "--json").out)
    return found


def women(n: int = 80, change: Callable[[int, dict[str, Any]], None] = lambda nth, row: None) -> Rows:
    """Made-up women in two arms by turns, with every kind of outcome."""
    rows = []
    for nth in range(n):
        row: dict[str, Any] = {
            "arm": "TC"[nth % 2], "y": int(nth % 5 == 0), "s": 10 + (nth * 7) % 13 / 2, "t": 5 + (nth * 11) % 30,
            "e": int(nth % 3 == 0), "site": "AB"[nth // 2 % 2], "x": (nth * 5) % 17, "home": f"h{nth}",
            "w": 1 + nth % 3,
        }  # fmt: skip
        change(nth, row)
        rows.append([row[name] for name in HEADER])
    return rows


def put(folder: Path, rows: Iterable[Sequence[Any]], header: Sequence[str] = HEADER, name: str = "f.csv") -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def setting(**values: Any) -> Callable[[int, dict[str, Any]], None]:
    return lambda nth, row: row.update(values)


# --- published answers -------------------------------------------------------------------------------------


@real
@pytest.mark.parametrize("strata", [(), ("--strata", "clinic")], ids=["crude", "by clinic"])
def test_preterm_births_of_a_real_trial_are_counted_as_published(strata: tuple[str, ...]) -> None:
    """Michalowicz et al., NEJM 2006;355:1885: 49/407 and 52/405; women of whom it is not known are not a 'no'."""
    found = analysed(TRIALS / "opt_pregnancy_rct.csv", "--outcome", "preterm", "--kind", "binary", *strata)
    assert found["events"] == {"treated": 49, "control": 52}
    assert found["n"] == {"treated": 407, "control": 405}
    assert found["missing"] == {"treated": 6, "control": 5}
    assert found["risk_difference"]["estimate"] == pytest.approx(49 / 407 - 52 / 405)
    assert (found["risk_difference"]["adjusted"] is not None) == bool(strata)


@real
def test_the_hazard_ratio_of_a_real_trial_is_the_published_one() -> None:
    """Michalowicz et al., NEJM 2006;355:1885: stratified by clinic, 0.93 (0.63-1.37), P 0.70."""
    found = analysed(
        TRIALS / "opt_pregnancy_rct.csv",
        *("--time", "time_days_cens259", "--event", "event_lt259", "--strata", "clinic", "--kind", "time"),
    )
    ratio = found["hazard_ratio"]
    assert [round(ratio[name], 2) for name in ("estimate", "lower", "upper")] == [0.93, 0.63, 1.37]
    assert round(found["p_value"], 2) == 0.70


@real
def test_g_computation_of_a_file_gives_the_difference_and_error_of_sas_margins() -> None:
    """beeca's trial01 by SAS %margins (Ge et al. 2011): -0.068364, SE 0.060716."""
    found = analysed(
        TRIALS / "beeca_trial01.csv",
        *("--outcome", "aval", "--covariates", "bl_cov", "--kind", "binary", "--method", "ge"),
        arm="trtp", control="0",
    )  # fmt: skip
    adjusted = found["risk_difference"]["adjusted"]
    # the one person without the covariate is in, at its mean; her authors leave her out
    assert round(adjusted["estimate"], 6) == pytest.approx(-0.068364, abs=0.003)
    with (TRIALS / "beeca_trial01.csv").open(encoding="utf-8") as file:
        assert sum(not row["bl_cov"] for row in csv.DictReader(file)) <= 1


@real
def test_of_complete_rows_g_computation_is_that_of_sas_to_the_last_digit(tmp_path: Path) -> None:
    with (TRIALS / "beeca_trial01.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["aval"] and row["bl_cov"]]
    complete = put(tmp_path, [list(row.values()) for row in rows], list(rows[0]))
    words = ("--outcome", "aval", "--covariates", "bl_cov", "--kind", "binary")
    by_method = {
        name: analysed(complete, *words, *method, arm="trtp", control="0")["risk_difference"]["adjusted"]
        for name, method in {"default": (), "ge": ("--method", "ge")}.items()
    }
    assert {round(one["estimate"], 6) for one in by_method.values()} == {-0.068364}
    assert 0.060716 in {round(one["se"], 6) for one in by_method.values()}


def test_earnings_of_the_work_programme_are_the_published_ones(tmp_path: Path) -> None:
    """LaLonde's experiment as Dehejia and Wahba have it (JASA 1999;94:1053): 1794.34, and adjusted 1672.20."""
    pytest.importorskip("causaldata")
    from causaldata import nsw_mixtape

    frame = nsw_mixtape.load_pandas().data
    frame["age2"] = frame["age"].astype(float) ** 2  # its small integers overflow when they are squared
    header = ["treat", "re78", "age", "age2", "educ", "nodegree", "black", "hisp", "re74", "re75"]
    file = put(tmp_path, frame[header].to_numpy().tolist(), header)
    asked = ("--outcome", "re78", "--kind", "scale")

    def of(*words: str) -> dict[str, Any]:
        return analysed(file, *asked, *words, arm="treat", control="0")["mean_difference"]  # type: ignore[no-any-return]

    covariates = ("--covariates", ",".join(header[2:]))
    robust, ols, adjusted = of(), of("--method", "ols"), of("--method", "ols", *covariates)["adjusted"]
    assert (round(robust["estimate"], 2), round(robust["se"], 2)) == (1794.34, 671.00)
    assert (round(ols["estimate"], 2), round(ols["se"], 2)) == (1794.34, 632.85)
    assert (round(adjusted["estimate"], 2), round(adjusted["se"], 2)) == (1672.20, 638.40)


def test_rearrest_after_financial_aid_is_the_published_one(tmp_path: Path) -> None:
    """Rossi, Berk and Lenihan 1980, as Fox's Cox regression appendix: log hazard ratio -0.3794 (0.1914)."""
    datasets = pytest.importorskip("lifelines.datasets")
    frame = datasets.load_rossi()
    file = put(tmp_path, frame.to_numpy().tolist(), list(frame.columns))
    found = analysed(
        file,
        *("--time", "week", "--event", "arrest", "--kind", "time", "--covariates", "age,race,wexp,mar,paro,prio"),
        arm="fin", control="0",
    )  # fmt: skip
    adjusted = found["hazard_ratio"]["adjusted"]
    assert (round(math.log(adjusted["estimate"]), 4), round(adjusted["se"], 4)) == (-0.3794, 0.1914)


def test_counts_of_lay_support_give_the_published_ratio() -> None:
    """ELSIPS: EPDS of 13 or more in 61/489 and 87/519: RR 0.74 (0.55-1.01), p 0.05, needed to treat 23."""
    found = counted("61/489", "87/519")
    assert [round(found["risk_ratio"][name], 2) for name in ("estimate", "lower", "upper")] == [0.74, 0.55, 1.01]
    assert math.ceil(found["nnt"]["estimate"]) in {23, 24}
    assert "infinity" in found["nnt"]["words"]
    assert 0.04 < found["p_value"] < 0.06


# --- what the JSON promises --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("more", [(), ("--strata", "site", "--covariates", "x")], ids=["crude", "adjusted"])
def test_every_promised_key_is_there_in_its_promised_shape(kind: str, more: tuple[str, ...], tmp_path: Path) -> None:
    found = analysed(put(tmp_path, women(150)), *ASKED[kind], *more)
    assert found["arms"] == {"treated": "T", "control": "C"}
    assert found["n"] == {"treated": 75, "control": 75}
    assert (found["events"] is None) == (kind == "scale")
    assert set(found["estimand"]) == {"population", "outcome", "clock", "summary", "intercurrent_events"}
    for measure in MEASURES[kind]:
        assert set(found[measure]) >= {*ESTIMATE, "adjusted"}
        assert (found[measure]["adjusted"] is not None) == bool(more)
        if more:
            assert set(found[measure]["adjusted"]) >= ESTIMATE
    assert 0 <= found["p_value"] <= 1 and found["test"]
    assert 0 < found["randomisation_p"] <= 1
    assert ("nnt" in found) == (kind == "binary")
    if kind == "binary":
        assert set(found["nnt"]) >= {"estimate", "lower", "upper", "words"}
    absent = {name for names in MEASURES.values() for name in names} - {*MEASURES[kind], "risk_difference"}
    assert not absent & set(found)


def test_counts_give_what_is_promised_of_them() -> None:
    found = counted("3/40", "9/41")
    assert set(found) >= {"n", "events", "risk_difference", "risk_ratio", "odds_ratio", "p_value", "test", "nnt"}
    assert (found["n"], found["events"]) == ({"treated": 40, "control": 41}, {"treated": 3, "control": 9})


@pytest.mark.parametrize("method", binary.METHODS)
def test_every_named_method_is_taken_by_some_measure_and_the_others_keep_their_default(method: str) -> None:
    default, found = counted("6/40", "15/41"), counted("6/40", "15/41", "--method", method)
    changed = {
        name for name in (*MEASURES["binary"], "test", "risk", "p_value") if found[name] != default[name]
    }  # fmt: skip
    known = {
        "risk_difference": binary.RISK_DIFFERENCE, "risk_ratio": binary.RISK_RATIO, "odds_ratio": binary.ODDS_RATIO,
        "test": binary.TESTS, "p_value": binary.TESTS, "risk": binary.PROPORTION,
    }  # fmt: skip
    assert changed <= {name for name, methods in known.items() if method in methods}
    defaults = {next(iter(methods)) for methods in known.values()}
    if method not in defaults and method not in binary.VARIANCES:
        assert changed
    for name in MEASURES["binary"]:
        if method in known[name]:
            assert found[name]["method"] == known[name][method].words  # type: ignore[index]


@pytest.mark.parametrize(
    ("kind", "method"),
    [*product(["scale"], ancova.VARIANCES), *product(["time"], timing.METHODS), *product(["binary"], binary.VARIANCES)],
)
def test_every_variance_can_be_named(kind: str, method: str, tmp_path: Path) -> None:
    found = analysed(put(tmp_path, women(240)), *ASKED[kind], "--covariates", "x", "--method", method)
    assert found[MEASURES[kind][0]]["adjusted"]["se"] > 0


def test_an_unknown_method_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    done = smartstart("trial", "analyse", "--counts", "1/9", "2/9", "--method", "newcomb")
    assert is_one_sentence(done, 2) and "newcombe" in done.err
    file = put(tmp_path, women())
    for kind, words in ASKED.items():
        done = smartstart("trial", "analyse", file, "--arm", "arm", "--control", "C", *words, "--method", "none")
        assert is_one_sentence(done, 2), kind


def test_the_same_file_gives_the_same_answer_to_the_last_digit(tmp_path: Path) -> None:
    file = put(tmp_path, women(change=lambda nth, row: row.update(s="" if nth % 9 == 0 else row["s"])))
    words = (*ASKED["scale"], "--strata", "site", "--covariates", "x")
    assert analysed(file, *words) == analysed(file, *words)


def test_a_person_reads_the_same_numbers_in_words(tmp_path: Path) -> None:
    for words in ASKED.values():
        done = ok("trial", "analyse", put(tmp_path, women()), "--arm", "arm", "--control", "C", *words)
        assert "Compared: T with C." in done.out and "95 % interval" in done.out
        assert "nan" not in done.out and "inf " not in done.out


# --- the forms of files ------------------------------------------------------------------------------------


def dutch(value: Any) -> str:
    return str(value).replace(".", ",")


def test_every_form_of_the_same_table_gives_the_same_answer(tmp_path: Path) -> None:
    rows = women()
    plain = put(tmp_path, rows)
    comma = tmp_path / "comma.csv"
    comma.write_text("\n".join(";".join(map(dutch, row)) for row in [HEADER, *rows]) + "\n", "utf-8")
    book = Workbook()
    for row in [HEADER, *rows]:
        book.active.append(list(row))  # type: ignore[union-attr]
    book.save(tmp_path / "f.xlsx")
    duckdb.sql(f"COPY (FROM read_csv('{plain}')) TO '{tmp_path / 'f.parquet'}' (FORMAT parquet)")
    words = (*ASKED["scale"], "--covariates", "x", "--strata", "site")
    found = [analysed(path, *words) for path in (plain, comma, tmp_path / "f.xlsx", tmp_path / "f.parquet")]
    assert all(one == found[0] for one in found)


def test_no_and_yes_are_0_and_1_and_an_empty_cell_is_neither(tmp_path: Path) -> None:
    words = {0: "nee", 1: "ja"}
    dutch_rows = women(change=lambda nth, row: row.update(y="" if nth % 10 == 3 else words[row["y"]]))
    found = analysed(put(tmp_path, dutch_rows), *ASKED["binary"])
    assert sum(found["missing"].values()) == 8 and sum(found["n"].values()) == 72
    assert sum(found["events"].values()) == 16


def test_rows_without_an_arm_are_left_out_and_counted(tmp_path: Path) -> None:
    found = analysed(put(tmp_path, women(change=lambda nth, row: row.update(arm=row["arm"] if nth > 3 else ""))),
                     *ASKED["scale"])  # fmt: skip
    assert sum(found["n"].values()) == 76
    assert any(note.startswith("4 rows have no arm") for note in found["notes"])


# --- what is refused ---------------------------------------------------------------------------------------


def refused(file: Path, code: int, *words: object, control: str = "C", arm: str = "arm") -> str:
    done = smartstart("trial", "analyse", file, "--arm", arm, "--control", control, *words, "--json")
    assert is_one_sentence(done, code), (done.code, done.err)
    assert SECRET not in done.text
    return done.err


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--outcome", ("--outcome", "nope", "--kind", "scale")),
        ("--time", ("--time", "nope", "--event", "e", "--kind", "time")),
        ("--event", ("--time", "t", "--event", "nope", "--kind", "time")),
        *((option, (*ASKED["scale"], option, "nope")) for option in
          ("--baseline", "--covariates", "--strata", "--cluster", "--weights")),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_named_with_those_that_are(
    option: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    said = refused(put(tmp_path, women()), 2, *words)
    assert option in said and "'nope'" in said and "site" in said


def test_a_missing_arm_column_is_named(tmp_path: Path) -> None:
    assert "--arm" in refused(put(tmp_path, women()), 2, *ASKED["scale"], arm="group")


def test_an_unknown_control_is_refused_without_telling_the_values_of_the_file(tmp_path: Path) -> None:
    file = put(tmp_path, women(change=lambda nth, row: row.update(arm=row["arm"] if nth else SECRET)))
    assert "--control" in refused(file, 2, *ASKED["scale"], control="usual")


def test_three_arms_are_refused(tmp_path: Path) -> None:
    file = put(tmp_path, women(change=lambda nth, row: row.update(arm=row["arm"] if nth % 3 else SECRET)))
    assert "2 values besides the control" in refused(file, 2, *ASKED["scale"])


def test_one_arm_is_refused(tmp_path: Path) -> None:
    assert "0 values besides" in refused(put(tmp_path, women(change=setting(arm="C"))), 2, *ASKED["scale"])


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("s", ASKED["scale"]), ("y", ASKED["binary"]), ("t", ASKED["time"]), ("e", ASKED["time"]),
        ("w", (*ASKED["scale"], "--weights", "w")),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [SECRET, "1e999", "inf", "-Infinity", "1_0", "½"])
def test_a_cell_that_is_no_number_is_named_by_file_row_and_column(
    column: str, words: tuple[str, ...], value: str, tmp_path: Path
) -> None:
    rows = women()
    rows[4][HEADER.index(column)] = value
    said = refused(put(tmp_path, rows, name="cellen.csv"), 3, *words)
    assert (
        "cellen.csv" in said and f"column '{column}'" in said and "row 5," in said
    )  # rows are counted as in a quarantine: without the header
    assert value not in said


@pytest.mark.parametrize("value", ["-1", "0"])
def test_a_weight_that_is_not_above_0_is_refused(value: str, tmp_path: Path) -> None:
    file = put(tmp_path, women(change=setting(w=value)))
    for words in ASKED.values():
        assert "column 'w'" in refused(file, 3, *words, "--weights", "w")


def test_negative_times_and_half_endings_are_refused(tmp_path: Path) -> None:
    assert "column 't'" in refused(put(tmp_path, women(change=setting(t=-1))), 3, *ASKED["time"])
    assert "column 'e'" in refused(put(tmp_path, women(change=setting(e=0.5))), 3, *ASKED["time"])


def test_an_event_of_two_is_refused_unless_it_is_an_ending(tmp_path: Path) -> None:
    file = put(tmp_path, women(change=lambda nth, row: row.update(y=2 if nth == 1 else row["y"], e=nth % 3)))
    assert "column 'y'" in refused(file, 3, *ASKED["binary"])
    assert sum(analysed(file, *ASKED["time"])["events"].values()) == 27


def test_an_arm_of_whom_nothing_is_known_compares_nothing(tmp_path: Path) -> None:
    blank = {"binary": {"y": ""}, "scale": {"s": ""}, "time": {"t": ""}}
    for kind, empty in blank.items():
        file = put(tmp_path, women(change=lambda nth, row, empty=empty: row.update(empty if nth % 2 else {})))  # type: ignore[misc]
        assert "nobody whose outcome is known" in refused(file, 3, *ASKED[kind])


def test_words_by_the_hundred_are_no_covariate(tmp_path: Path) -> None:
    assert "--covariates" in refused(put(tmp_path, women()), 2, *ASKED["scale"], "--covariates", "home")


def test_a_question_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    file = put(tmp_path, women())
    for words in (("--kind", "binary"), ("--kind", "scale"), ("--kind", "time"), ("--kind", "time", "--time", "t"),
                  ("--outcome", "y"), ("--outcome", "y", "--kind", "colour")):  # fmt: skip
        refused(file, 2, *words)
    assert is_one_sentence(smartstart("trial", "analyse", file, "--outcome", "y", "--kind", "binary"), 2)


@pytest.mark.parametrize("name", ["absent.csv", "empty.csv", "header.csv", "twice.csv", "torn.csv", "fake.parquet"])
def test_a_file_that_cannot_be_read_is_one_sentence(name: str, tmp_path: Path) -> None:
    contents = {
        "empty.csv": "", "header.csv": ",".join(HEADER) + "\n", "twice.csv": "arm,arm,s\nT,C,1\n",
        "torn.csv": "arm,s\nT,1\nC,2,3\n", "fake.parquet": "PAR1",
    }  # fmt: skip
    if name in contents:
        (tmp_path / name).write_text(contents[name], "utf-8")
    done = smartstart("trial", "analyse", tmp_path / name, "--arm", "arm", "--control", "C", *ASKED["scale"])
    assert done.code in {2, 3} and is_one_sentence(done, done.code), done.err


@pytest.mark.parametrize(
    "counts",
    [("5", "6/9"), ("5/4", "1/9"), ("0/0", "1/9"), ("-1/9", "1/9"), ("1.5/9", "1/9"), ("1/9/9", "1/9"), ("a/b", "1/9"),
     ("٣/٩", "1/9"), ("1 /9", "1/9"), ("9999999999/9999999999", "1/9")],
)  # fmt: skip
def test_counts_that_are_none_are_refused(counts: tuple[str, str]) -> None:
    done = smartstart("trial", "analyse", "--counts", *counts)
    assert done.code == 2 and "Traceback" not in done.err and done.out == ""


def test_counts_and_a_file_at_once_are_refused(tmp_path: Path) -> None:
    done = smartstart("trial", "analyse", put(tmp_path, women()), "--counts", "1/9", "2/9")
    assert is_one_sentence(done, 2)


# --- thin data ---------------------------------------------------------------------------------------------

THIN: dict[str, Rows] = {
    "four women": women(4),
    "two women": women(2),
    "nothing happened": women(20, setting(y=0, e=0)),
    "it happened to all": women(20, setting(y=1, e=1)),
    "a constant outcome": women(20, setting(s=3, t=4, y=0, e=1)),
    "time zero only": women(20, setting(t=0, e=1)),
    "a stratum with one arm": women(20, lambda nth, row: row.update(site="A" if nth % 2 and nth > 8 else "B")),
    "strata that are the arms": women(20, lambda nth, row: row.update(site=row["arm"])),
    "every woman her own stratum": women(20, lambda nth, row: row.update(site=nth)),
    "a covariate that is the arm": women(20, lambda nth, row: row.update(x=nth % 2)),
    "a constant covariate": women(20, setting(x=5)),
    "an unknown covariate": women(20, setting(x="")),
    "a cluster in both arms": women(20, lambda nth, row: row.update(home=nth // 2)),
    "one cluster an arm": women(20, lambda nth, row: row.update(home=nth % 2)),
    "all in one cluster": women(20, setting(home=1)),
    "huge values": women(
        20, lambda nth, row: row.update(s=row["s"] * 1e150, x=row["x"] * 1e150, w=1e-12 if nth else 1)
    ),
    "events in one arm": women(20, lambda nth, row: row.update(y=nth % 2, e=nth % 2)),
}
BESIDE: dict[str, tuple[str, ...]] = {
    "crude": (),
    "strata": ("--strata", "site"),
    "covariates": ("--covariates", "x"),
    "all": ("--strata", "site", "--covariates", "x,s", "--baseline", "x"),
    "cluster": ("--cluster", "home", "--covariates", "x"),
    "weights": ("--weights", "w", "--strata", "site"),
}


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("thin", THIN)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_thin_data_give_an_answer_in_strict_json_or_one_sentence(thin: str, kind: str, tmp_path: Path) -> None:
    file = put(tmp_path, THIN[thin])
    for name, words in BESIDE.items():
        for form in ("--json", "--redraws=20") if name in {"crude", "all"} else ("--json",):
            done = smartstart(
                "trial", "analyse", file, "--arm", "arm", "--control", "C", *ASKED[kind], *words, "--redraws", 20, form
            )
            assert done.code == 0 or (done.code in {2, 3} and is_one_sentence(done, done.code)), (name, done.err)
            assert "Traceback" not in done.err, name
            if done.code or form != "--json":
                continue
            found = strict(done.out)
            for measure in MEASURES[kind]:
                for one in filter(None, (found[measure], found[measure]["adjusted"])):
                    inside = [one["lower"], one["estimate"], one["upper"]]
                    known = [value for value in inside if value is not None]
                    assert known == sorted(known) or max(known) - min(known) < 1e-9 * max(map(abs, known)), (name, one)


def test_no_event_at_all_is_bounded_and_not_declared_equal() -> None:
    found = counted("0/50", "0/48")
    low, high = found["risk_difference"]["lower"], found["risk_difference"]["upper"]
    assert low < 0 < high
    assert found["risk"]["treated"]["upper"] > 0.05
    assert found["risk_ratio"]["estimate"] is None
    assert found["nnt"]["estimate"] is None and "No difference" in found["nnt"]["words"]


def test_an_event_in_everybody_is_an_answer_too() -> None:
    found = counted("9/9", "8/8")
    assert found["risk_difference"]["estimate"] == 0 and found["p_value"] == 1


def test_a_cluster_in_both_arms_has_no_draw_to_repeat(tmp_path: Path) -> None:
    found = analysed(put(tmp_path, THIN["a cluster in both arms"]), *ASKED["scale"], "--cluster", "home")
    assert found.get("randomisation_p") is None
