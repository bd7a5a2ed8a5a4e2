"""A model as bytes and back, in the skops form: judged before it is read, so that a file runs nothing of its own.

The same model always gives the same bytes (names by content, fixed dates), so its SHA-256 can be approved. skops
trusts every class of scikit-learn by default; here every type in a file is held against a list first. What is on
the list is safe to build, which is not proof that its numbers are right: the approved SHA-256 is.
"""

from __future__ import annotations

import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from smartstart.errors import StateError

MOST_BYTES = 256 * 2**20  # unpacked; a forest of 200 trees takes one or two MB, a bomb takes gigabytes
MOST_MEMBERS = 50_000  # a forest has three arrays for each tree
PROTOCOL = 2  # of the files that skops 0.16 writes; an older one would choose older, laxer readers
SCHEMA = "schema.json"

OBJECTS = (
    "scipy.interpolate._bsplines.BSpline",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn.compose._column_transformer.ColumnTransformer",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.impute._base.MissingIndicator",
    "sklearn.impute._base.SimpleImputer",
    "sklearn.isotonic.IsotonicRegression",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.pipeline.FeatureUnion",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._discretization.KBinsDiscretizer",
    "sklearn.preprocessing._encoders.OneHotEncoder",
    "sklearn.preprocessing._encoders.OrdinalEncoder",
    "sklearn.preprocessing._function_transformer.FunctionTransformer",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.preprocessing._polynomial.SplineTransformer",
)

OURS: tuple[str, ...] = (  # one exact name for each class of ours that a model holds
    "smartstart.risk.candidates.FactorCount",
    "smartstart.risk.candidates.Fitted",
    "smartstart.risk.candidates.FourFactors",
    "smartstart.risk.hazard.DiscreteTimeHazard",
    "smartstart.risk.model.RiskModel",
    "smartstart.risk.scorecard.Scorecard",
)

# what each reader of skops may build; a reader that is not here (a method, an operator) is never reached
ALLOWED: dict[str, frozenset[str]] = {
    "ObjectNode": frozenset(OBJECTS + OURS),
    "DictNode": frozenset({"builtins.dict"}),
    "ListNode": frozenset({"builtins.list"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "JsonNode": frozenset({"builtins.str"}),
    "SliceNode": frozenset({"builtins.slice"}),
    "TypeNode": frozenset({"builtins.str", "builtins.int", "builtins.float", "builtins.bool", "numpy.float64"}),
    "DTypeNode": frozenset({"numpy.dtype"}),
    "NdArrayNode": frozenset(
        {
            "numpy.ndarray",
            "numpy.bool",
            "numpy.float32",
            "numpy.float64",
            "numpy.int32",
            "numpy.int64",
            "numpy.uint8",
            "numpy.uint32",
            "numpy.uint64",
        }
    ),
    "LossNode": frozenset({"sklearn._loss._loss.CyHalfBinomialLoss"}),
    "RandomGeneratorNode": frozenset({"numpy.random._generator.Generator"}),  # of a forest's subsampling
    "PartialNode": frozenset({"functools.partial"}),  # of a forest's categories; its function is judged too
    "FunctionNode": frozenset(
        {
            "scipy._lib.array_api_compat.numpy._aliases.asarray",
            "sklearn.utils.validation.check_array",
        }
    ),
}

REFUSED_TYPE = (
    "The model file holds a type that smartstart does not allow: it was not opened; restore the file from the backup "
    "or train the model again."
)
REFUSED_FILE = (
    "The model file is damaged or no model of smartstart: it was not opened; restore the file from the backup or "
    "train the model again."
)
OTHER_VERSION = (
    "The model file was made with another version of scikit-learn, so its scores could differ: train and approve the "
    "model again, or install the version of requirements.lock that made it."
)


def to_bytes(model: object) -> bytes:
    """Return ``model`` as a skops file: equal bytes for equal models, whatever the day or the process.

    Raises TypeError with the names that ``OBJECTS`` or ``OURS`` lacks, since such a file could not be opened again.
    """
    from skops.io import dumps

    with zipfile.ZipFile(io.BytesIO(dumps(model))) as made:
        schema = json.loads(made.read(SCHEMA))
        contents = {name: made.read(name) for name in made.namelist() if name != SCHEMA}
    if strange := sorted(_strange_types(schema)):
        raise TypeError(f"smartstart.risk.artefact allows no {', '.join(strange)} in a model")
    names = {name: _name_by_content(name, content) for name, content in contents.items()}
    files = {names[name]: content for name, content in contents.items()}
    files[SCHEMA] = json.dumps(_canonical(schema, names), separators=(",", ":")).encode()
    return _packed(files)


def from_bytes(content: bytes) -> Any:
    """Return the model that ``to_bytes`` wrote. Raises StateError, with nothing of the file built or run.

    Types are judged on the file's own list of contents, before skops sees it; skops then judges them again.
    """
    schema = _read_schema(content)
    try:
        strange = any(True for _ in _strange_types(schema))
    except (TypeError, KeyError, RecursionError):
        raise StateError(REFUSED_FILE) from None
    if strange:
        raise StateError(REFUSED_TYPE)
    return _build(content)


def _build(content: bytes) -> Any:
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io import loads
    from skops.io.exceptions import UntrustedTypesFoundException

    trusted = sorted(set().union(*ALLOWED.values()))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            return loads(content, trusted=trusted)
    except UntrustedTypesFoundException:
        raise StateError(REFUSED_TYPE) from None
    except InconsistentVersionWarning:
        raise StateError(OTHER_VERSION) from None
    except Exception:  # whatever a damaged file makes numpy or skops raise: the remedy is the same
        raise StateError(REFUSED_FILE) from None


def _read_schema(content: bytes) -> dict[str, Any]:
    """Return what the file says it holds, after its size once unpacked was judged."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = packed.infolist()
            names = {member.filename for member in members}
            # two members of one name could be read as one thing and built as another
            if len(names) != len(members) or len(members) > MOST_MEMBERS:
                raise StateError(REFUSED_FILE)
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise StateError(REFUSED_FILE)
            schema = json.loads(packed.read(SCHEMA))
    except (OSError, ValueError, KeyError, RecursionError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
        raise StateError(REFUSED_FILE) from None
    if not isinstance(schema, dict) or schema.get("protocol") != PROTOCOL or isinstance(schema["protocol"], bool):
        raise StateError(REFUSED_FILE)
    return schema


def _strange_types(part: Any) -> Iterator[str]:
    """Give every type in a schema that its reader may not build. A part that only looks like a type counts as one."""
    if isinstance(part, dict):
        if "__loader__" in part or "__class__" in part or "__module__" in part:
            name = f"{part['__module__']}.{part['__class__']}"
            if name not in ALLOWED.get(part["__loader__"], frozenset()):
                yield name
        for inner in part.values():
            yield from _strange_types(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _strange_types(inner)


def _canonical(part: Any, names: dict[str, str]) -> Any:
    """Return a schema without the addresses of this process's memory, with files named by their content.

    Without an ``__id__`` an object that was held twice is built twice, which no estimator minds.
    """
    if isinstance(part, dict):
        return {
            key: names[inner] if key == "file" and inner in names else _canonical(inner, names)
            for key, inner in part.items()
            if key != "__id__"
        }
    return [_canonical(inner, names) for inner in part] if isinstance(part, list) else part


def _name_by_content(name: str, content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() + PurePosixPath(name).suffix


def _packed(files: dict[str, bytes]) -> bytes:
    """Return a zip of ``files`` in the order of their names, without compression (zlib differs between machines)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression=zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # Unix, also when written on Windows
            archive.writestr(member, files[name])
    return packed.getvalue()
