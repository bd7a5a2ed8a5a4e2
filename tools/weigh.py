"""Weigh the code: how much there is, how it is cut up, and what lies about unused; ours, and others' beside it.

Usage: weigh.py [NAME=SOURCE[:TESTS] ...], folders of Python; without any, the project itself. Prints a Markdown table.
Lines are those with code: no blank ones, no comments, no docstrings. A function counts with what it holds.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
OURS: Final = f"smartstart={ROOT / 'src/smartstart'}:{ROOT / 'tests'}"
RUN: Final = 6
_NO_CODE: Final = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Function:
    """A function: where it is, its lines of code, and how many arguments a caller may give."""

    place: str
    lines: int
    arguments: int


@dataclass(frozen=True)
class Weight:
    """What a body of code weighs, in lines of code."""

    modules: dict[str, int]
    functions: list[Function]

    @property
    def lines(self) -> int:
        """All lines of code."""
        return sum(self.modules.values())

    def largest(self) -> tuple[str, int]:
        """Return the largest module and its lines."""
        return max(self.modules.items(), key=lambda item: item[1])

    def longest(self) -> Function:
        """Return the longest function."""
        return max(self.functions, key=lambda one: one.lines)

    def widest(self) -> Function:
        """Return the function with the most arguments; a command's options are arguments too."""
        return max(self.functions, key=lambda one: one.arguments)


def weigh(folder: Path) -> Weight:
    """Weigh every Python file below a folder."""
    modules, functions = {}, []
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text("utf-8")
        coded = lines_of_code(text)
        if coded:
            name = path.relative_to(folder).as_posix()
            modules[name] = len(coded)
            functions += _functions(ast.parse(text), name, coded)
    return Weight(modules, functions)


def lines_of_code(text: str) -> set[int]:
    """Return the numbers of the lines that hold code."""
    coded: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            coded.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            coded.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return coded


def _functions(tree: ast.AST, module: str, coded: set[int]) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = coded & set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            named = [one for one in given if one.arg not in {"self", "cls"}]
            yield Function(f"{module}: {node.name}", len(own), len(named))


def repeated(folder: Path) -> int:
    """Return how many lines of code stand in a run of RUN lines, or more, that stands elsewhere as well."""
    places: defaultdict[tuple[str, ...], list[tuple[Path, list[int]]]] = defaultdict(list)
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text("utf-8")
        written, coded = text.splitlines(), sorted(lines_of_code(text))
        for begin in range(len(coded) - RUN + 1):
            run = coded[begin : begin + RUN]
            places[tuple(written[number - 1].strip() for number in run)].append((path, run))
    twice = (found for found in places.values() if len(found) > 1)
    return len({(path, number) for found in twice for path, run in found for number in run})


def never_named(folder: Path) -> int:
    """Return how many functions without a decorator have a name that no other line of the source has."""
    texts = [path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))]
    words = Counter(word for text in texts for word in re.findall(r"\w+", text))
    nodes = (node for text in texts for node in ast.walk(ast.parse(text)))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    plain = [one.name for one in functions if not one.decorator_list and not one.name.startswith("__")]
    return sum(words[name] == 1 for name in plain)


def table(bodies: Sequence[str]) -> str:
    """Return the table of these bodies of code."""
    heads = (
        "code", "modules", "lines", "median module", "largest module", "median function", "longest function",
        "most arguments", "lines of tests a line", f"lines in runs of {RUN} that repeat", "functions never named",
    )  # fmt: skip
    rows = [heads, ("---",) * len(heads), *map(_row, bodies)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(body: str) -> tuple[str, ...]:
    name, _, places = body.partition("=")
    source, _, tests = places.partition(":")
    weight = weigh(Path(source))
    largest, lines = weight.largest()
    longest, widest = weight.longest(), weight.widest()
    tested = f"{weigh(Path(tests)).lines / weight.lines:.2f}" if tests else "not in its package"
    return (
        name,
        f"{len(weight.modules)}",
        f"{weight.lines:,}",
        f"{statistics.median(weight.modules.values()):.0f}",
        f"{lines} ({largest})",
        f"{statistics.median(one.lines for one in weight.functions):.0f}",
        f"{longest.lines} ({longest.place})",
        f"{widest.arguments} ({widest.place})",
        tested,
        f"{repeated(Path(source)):,}",
        f"{never_named(Path(source))}",
    )


if __name__ == "__main__":
    print(table([OURS, *sys.argv[1:]]))
