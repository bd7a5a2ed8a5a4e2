"""A model file: the same model is the same bytes, and a file that holds something else runs nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import textwrap
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from smartstart.errors import StateError
from smartstart.risk import artefact
from smartstart.risk.candidates import FACTORS, FactorCount, FourFactors, candidates, fit
from smartstart.risk.cohort import Cohort
from smartstart.risk.model import RiskModel

PREDICTORS = ("age", "earlier_births", "married", "smokes")

MODELS = textwrap.dedent("""
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

    chance = np.random.default_rng(4)
    features = chance.normal(size=(400, 3))
    features[::7, 1] = np.nan
    features[:, 2] = chance.integers(0, 3, 400)
    event = chance.random(400) < 1 / (1 + np.exp(2 - features[:, 0]))

    def logistic():
        splined = Pipeline([
            ("filled", SimpleImputer(add_indicator=True)),
            ("splines", SplineTransformer(n_knots=4)),
            ("scaled", StandardScaler()),
        ])
        columns = ColumnTransformer([
            ("splined", splined, [0, 1]),
            ("coded", OneHotEncoder(handle_unknown="ignore", sparse_output=False), [2]),
        ])
        return Pipeline([("columns", columns), ("fit", LogisticRegression(C=0.5))]).fit(features, event)

    def forest():
        return HistGradientBoostingClassifier(
            max_iter=5, monotonic_cst=[1, 0, 0], categorical_features=[2], max_features=0.7, random_state=3
        ).fit(features, event)
""")
made: dict[str, Any] = {}
exec(MODELS, made)  # the same text makes the models of the other process


@pytest.fixture(scope="module", params=["logistic", "forest"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_model_comes_back_with_bit_identical_scores(kind: str) -> None:
    model = made[kind]()
    back = artefact.from_bytes(artefact.to_bytes(model))
    assert np.array_equal(back.predict_proba(made["features"]), model.predict_proba(made["features"]))


def test_the_same_model_is_the_same_bytes_also_once_it_came_back(kind: str) -> None:
    content = artefact.to_bytes(made[kind]())
    assert artefact.to_bytes(made[kind]()) == content
    assert artefact.to_bytes(artefact.from_bytes(content)) == content


def test_another_process_makes_the_same_bytes() -> None:
    program = MODELS + textwrap.dedent("""
        import hashlib
        from smartstart.risk.artefact import to_bytes
        print(*(hashlib.sha256(to_bytes(make())).hexdigest() for make in (logistic, forest)))
    """)
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.split() == [
        hashlib.sha256(artefact.to_bytes(made[kind]())).hexdigest() for kind in ("logistic", "forest")
    ]


@pytest.mark.parametrize("missing_alike", [(), ("smokes",)], ids=["gaps filled", "gaps told"])
@pytest.mark.parametrize("way", ["logistic", "boosting", "scorecard"])
def test_every_way_of_learning_comes_back_whole_with_its_baselines(way: str, missing_alike: tuple[str, ...]) -> None:
    cohort = _cohort(np.random.default_rng(1))
    chosen = next(one for one in candidates() if one.kind == way)
    model = RiskModel(
        fit(chosen, cohort, PREDICTORS, missing_alike),
        FactorCount().fit(cohort),
        FourFactors().fit(cohort),
        {"predictors": PREDICTORS},
        (-0.1, 0.9),
    )
    content = artefact.to_bytes(model)
    back = artefact.from_bytes(content)
    assert artefact.to_bytes(back) == content
    assert np.array_equal(back.risk(cohort.frame), model.risk(cohort.frame))
    for name, risks in model.baseline_risks(cohort).items():
        assert np.array_equal(back.baseline_risks(cohort)[name], risks)


def test_a_model_of_a_class_that_is_not_listed_is_never_written() -> None:
    from sklearn.tree import DecisionTreeClassifier

    with pytest.raises(TypeError, match=r"sklearn\.tree\._classes\.DecisionTreeClassifier"):
        artefact.to_bytes(DecisionTreeClassifier().fit([[0], [1]], [0, 1]))


def test_a_file_with_a_class_that_skops_trusts_and_we_do_not_list_is_refused() -> None:
    from sklearn.naive_bayes import GaussianNB
    from skops.io import dumps, get_untrusted_types

    content = dumps(GaussianNB())
    assert get_untrusted_types(data=content) == []
    _refused(content, artefact.REFUSED_TYPE)


def test_a_file_that_would_run_code_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    from skops.io import get_untrusted_types, loads

    trace = tmp_path / "it ran"
    content = _file(_calls("io", "open", str(trace), "w"))
    loads(content, trusted=get_untrusted_types(data=content)).close()
    assert trace.exists(), "the file proves nothing unless it runs code where everything is trusted"
    trace.unlink()
    _refused(content, artefact.REFUSED_TYPE)
    assert not trace.exists()


@pytest.mark.parametrize("hidden", ["beside an allowed model", "as a key", "under an allowed reader"])
def test_code_is_found_wherever_in_the_file_it_hides(hidden: str, tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    schema = _schema(artefact.to_bytes(made["logistic"]()))
    attack = _calls("io", "open", str(trace), "w")
    if hidden == "beside an allowed model":
        schema["content"]["content"]["more"] = attack
    elif hidden == "as a key":
        schema["content"]["key_types"]["content"].append(attack)
    else:
        schema["content"]["content"]["more"] = {**attack, "__loader__": "ObjectNode"}
    _refused(_file(schema), artefact.REFUSED_TYPE)
    assert not trace.exists()


def test_a_listed_name_under_another_reader_is_refused() -> None:
    wanted = "sklearn.pipeline.Pipeline".rpartition(".")
    _refused(_file(_calls(wanted[0], wanted[2])), artefact.REFUSED_TYPE)


def test_a_file_of_an_older_form_is_refused_since_its_readers_are_laxer() -> None:
    schema = _schema(artefact.to_bytes(made["logistic"]()))
    _refused(_file({**schema, "protocol": 0}), artefact.REFUSED_FILE)
    _refused(_file({**schema, "protocol": True}), artefact.REFUSED_FILE)


def test_a_file_that_would_unpack_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    content = artefact.to_bytes(made["logistic"]())
    bomb = _file(_schema(content), {"zeros.npy": bytes(2**20)}, zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(artefact, "MOST_BYTES", 2**20)
    artefact.from_bytes(content)
    _refused(bomb, artefact.REFUSED_FILE)


def test_two_members_of_one_name_are_refused() -> None:
    content = io.BytesIO(artefact.to_bytes(made["logistic"]()))
    with zipfile.ZipFile(content, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("schema.json", "{}")
    _refused(content.getvalue(), artefact.REFUSED_FILE)


@pytest.mark.parametrize(
    "content",
    [b"", b"no zip", b"PK\x03\x04cut off", artefact.to_bytes([1.5])[:-30]],
    ids=["empty", "text", "head only", "cut off"],
)
def test_a_damaged_file_is_refused_in_one_sentence(content: bytes) -> None:
    _refused(content, artefact.REFUSED_FILE)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"protocol": 2},
        {"protocol": 2, "__loader__": ["x"], "__class__": {}, "__module__": 1},
        {"protocol": 2, "__loader__": "JsonNode", "__module__": "builtins", "__class__": "str", "content": "{"},
        {"protocol": 2, "__loader__": "NdArrayNode", "__module__": "numpy", "__class__": "ndarray", "type": "numpy"},
    ],
    ids=["nothing", "no model", "no names", "broken value", "no array"],
)
def test_a_list_of_contents_that_makes_no_sense_is_refused(schema: dict[str, Any]) -> None:
    _refused(_file(schema, protocol=None), artefact.REFUSED_FILE)


def test_a_list_of_contents_without_end_is_refused() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("schema.json", b'{"protocol": 2, "content": ' + deep + b"}")
    _refused(packed.getvalue(), artefact.REFUSED_FILE)


def test_a_model_of_another_version_of_scikit_learn_is_refused_with_the_remedy() -> None:
    import sklearn

    content = artefact.to_bytes(made["forest"]())
    schema = json.dumps(_schema(content))
    other = schema.replace(json.dumps(json.dumps(sklearn.__version__)), json.dumps(json.dumps("1.0.0")))
    assert other != schema
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        arrays = {name: archive.read(name) for name in archive.namelist() if name != "schema.json"}
    _refused(_file(json.loads(other), arrays), artefact.OTHER_VERSION)


def _cohort(chance: np.random.Generator) -> Cohort:
    n = 600
    frame = pd.DataFrame({name: chance.integers(0, 2, n).astype(float) for name in (*PREDICTORS, *FACTORS)})
    frame["age"] = chance.uniform(15, 40, n)
    frame.loc[::9, "smokes"] = np.nan
    followed = chance.uniform(10, 120, n)
    happened = np.where(chance.random(n) < 0.2, chance.uniform(0, 60, n), np.nan)
    known = followed >= 60
    return Cohort(
        frame=frame,
        mother=np.arange(n),
        born=np.full(n, np.datetime64("2010-01-01")),
        followed=followed,
        happened=happened,
        start_unknown=np.zeros(n, dtype=bool),
        known=known,
        event=known & (happened < 60),
        horizon=60,
    )


def _refused(content: bytes, sentence: str) -> None:
    with pytest.raises(StateError) as refusal:
        artefact.from_bytes(content)
    assert str(refusal.value) == sentence


def _schema(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema: dict[str, Any] = json.loads(archive.read("schema.json"))
    return schema


def _file(
    schema: dict[str, Any],
    members: dict[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
    protocol: int | None = 2,
) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in (members or {}).items():
            archive.writestr(name, content)
        default = {} if protocol is None else {"protocol": protocol, "_skops_version": "0.16.0"}
        archive.writestr("schema.json", json.dumps(default | schema))
    return packed.getvalue()


def _calls(module: str, name: str, *arguments: str) -> dict[str, Any]:
    """Return a part of a file that, once trusted, calls a function of any module when it is read."""
    texts = [
        {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(one)}
        for one in arguments
    ]
    content = {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": texts}
    return {"__class__": name, "__module__": module, "__loader__": "ConstructorFromReduceNode", "content": content}
