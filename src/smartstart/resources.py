"""The folders that are shipped, and the one way in which YAML is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smartstart.errors import SmartstartError, UsageError

_DEEPEST = 100  # nothing that we read is nested so deep; libyaml falls over at some hundred thousand
_MANY_SIGNS = 5_000  # fewer can nest nothing deep enough to harm
_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """Return the folder ``configs``, ``pipelines`` or ``data_contracts`` that came with this program.

    It stands beside the source in a checkout, and inside the package in a wheel.
    """
    in_wheel = _PACKAGE / "shipped" / folder
    in_checkout = _PACKAGE.parents[1] / folder
    for place in (in_wheel, in_checkout):
        if place.is_dir():
            return place
    raise SmartstartError(f"The folder '{folder}' is missing from this installation: install smartstart again.")


def read_yaml(path: Path) -> Any:
    """Read a YAML file. Raises UsageError that names the line where it cannot be read."""
    import yaml

    try:
        from yaml import CSafeLoader as Loader  # libyaml reads the same, ten times faster
    except ImportError:
        from yaml import SafeLoader as Loader  # type: ignore[assignment]

    class Strict(Loader):
        """YAML lets the last of two equal keys win without a word; here a key stands once."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode) or not key.value.isprintable():
                    where = f"{path.name}, line {key.start_mark.line + 1}"
                    raise UsageError(f"{where}: a key must be one line of plain text.")
            keys = [key.value for key, _ in node.value]
            doubled = next((key for key, _ in node.value if keys.count(key.value) > 1), None)
            if doubled is not None:
                where = f"{path.name}, line {doubled.start_mark.line + 1}"
                raise UsageError(f"{where}: the key '{doubled.value}' stands there twice.")
            return super().construct_mapping(node, deep=deep)

    try:
        text = path.read_text(encoding="utf-8")
        if sum(map(text.count, "[{-?")) > _MANY_SIGNS and _is_too_deep(text, Loader):
            raise UsageError(f"{path.name}: it is nested too deep to be read.")
        return yaml.load(text, Loader=Strict)  # noqa: S506 - a SafeLoader  # nosec B506
    except FileNotFoundError:
        raise UsageError(
            f"{path.name} is not in '{path.parent}': name the right place; a workspace is made with 'smartstart init'."
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as fault:
        # PyYAML lets what its constructors raise pass: a thirteenth month, a tag on what it does not fit
        mark = getattr(fault, "problem_mark", None)
        raise UsageError(f"{path.name}{f', line {mark.line + 1}' if mark else ''}: this is no valid YAML.") from None


def _is_too_deep(text: str, loader: Any) -> bool:
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False
