"""The folders that are shipped, and the one way in which YAML is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from smartstart.errors import SmartstartError, UsageError

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


DEEPEST_YAML = 40


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
            seen = set()
            for key, _ in node.value:
                where = f"{path.name}, line {key.start_mark.line + 1}"
                if not isinstance(key, yaml.ScalarNode) or not key.value.isprintable():
                    raise UsageError(f"{where}: a key must be one line of plain text.")
                if key.value in seen:
                    raise UsageError(f"{where}: the key '{key.value}' stands there twice.")
                seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    try:
        text = path.read_text(encoding="utf-8")
        if not _is_shipped(path):
            _refuse_bombs(path.name, yaml.parse(text, Loader=Loader))
        return yaml.load(text, Loader=Strict)  # noqa: S506 - a SafeLoader  # nosec B506
    except FileNotFoundError:
        raise UsageError(
            f"{path.name} is not in '{path.parent}': name the right place; a workspace is made with 'smartstart init'."
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as fault:
        # PyYAML lets what its constructors raise pass: a thirteenth month, a tag on what it does not fit
        mark = getattr(fault, "problem_mark", None)
        raise UsageError(f"{path.name}{f', line {mark.line + 1}' if mark else ''}: this is no valid YAML.") from None


def _is_shipped(path: Path) -> bool:
    """Tell whether a file came with this program: it holds no bomb, and is read the sooner."""
    return any(path.resolve().is_relative_to(shipped(folder)) for folder in ("configs", "pipelines", "data_contracts"))


def _refuse_bombs(name: str, events: Iterable[Any]) -> None:
    """Refuse what a few lines blow up: a node that stands for another (``*name``), or nesting without end."""
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise UsageError(f"{name}, {_line_of(event)}: write out what '*' stands for.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_YAML:
            raise UsageError(f"{name}, {_line_of(event)}: this is nested too deep.")


def _line_of(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"
