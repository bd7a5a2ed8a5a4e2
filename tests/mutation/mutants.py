"""Small faults, put into a module one at a time: those that mutmut makes, and three kinds of our own.

mutmut itself mutates inside functions only, and skips every decorated one; but the smallest cell, the form of an entry
and the purposes of keys stand in constants, and properties carry the ledger's state. So its operators are used and not
its runner. Ours: a guard that never or always holds, and a word of SQL that says something else. Sentences for people
are left alone: whether they read well no test can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string
from mutmut.mutation.pragma_handling import get_ignored_lines

SENTENCE: Final = 4  # words from which on a text is read by people, unless it is SQL
_SQL: Final = re.compile(r"\b(SELECT|FROM|JOIN|WHERE|AND|ORDER BY|GROUP BY|QUALIFY)\b|INSERT INTO")
_IN_SQL: Final = (
    (r"\bAND NOT \b", "AND "),
    (r"\bNOT \b", ""),
    (r"\bAND\b", "OR"),
    (r"\bOR\b", "AND"),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r">=", ">"),
    (r">=", "<"),
    (r"<>", "="),
    (r"(?<![<>])=", "<>"),
    (r"\bINNER JOIN\b", "LEFT JOIN"),
    (r"\bLEFT JOIN\b", "INNER JOIN"),
    (r"\bDESC\b", "ASC"),
    (r"\bmax\(", "min("),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r"\bDISTINCT ", ""),
    (r" ORDER BY (?!.* DESC)[\w., ]+$", ""),
)


@dataclass(frozen=True)
class Mutant:
    """One fault in one module.

    ``key`` is its function with the lines before and after, by which people speak of it; ``function`` the names that
    lead to the function whose body holds it, empty when it is not inside one; ``lines`` those whose tests must notice.
    """

    key: str
    function: tuple[str, ...]
    lines: frozenset[int]
    source: str


def mutants_of(name: str, source: str) -> list[Mutant]:
    """Return every mutant of a module's source, in the order of its lines."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Visitor(wrapper, name, source)
    module = wrapper.visit(visitor)
    found: dict[str, Mutant] = {}
    sources = {source}
    for mutation, (function, lines, span) in zip(visitor.mutations, visitor.places, strict=True):
        changed = _changed(module, source, mutation.original_node, mutation.mutated_node, span)
        if changed in sources:
            continue
        sources.add(changed)
        key = f"{'.'.join(function) or 'module'}: {_difference(source, changed)}"
        number = sum(one == key or one.startswith(f"{key} #") for one in found)
        key = f"{key} #{number + 1}" if number else key
        found[key] = Mutant(key, function, lines, changed)
    return list(found.values())


def _changed(module: cst.Module, source: str, old: cst.CSTNode, new: cst.CSTNode, span: CodeRange) -> str:
    """Return the source with one node replaced; of an expression by its place, which is far quicker."""
    if not isinstance(old, cst.BaseExpression) or not isinstance(new, cst.BaseExpression):
        return cst.ensure_type(module.deep_replace(old, new), cst.Module).code
    lines = source.splitlines(keepends=True)
    before = [*lines[: span.start.line - 1], lines[span.start.line - 1][: span.start.column]]
    after = [lines[span.end.line - 1][span.end.column :], *lines[span.end.line :]]
    return "".join([*before, module.code_for_node(new.with_changes(lpar=(), rpar=())), *after])


def _difference(before: str, after: str) -> str:
    """Return the lines that a mutant changes, before and after."""
    old, new = before.splitlines(), after.splitlines()
    first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    gone, come = (" ".join(line.strip() for line in rows[first : len(rows) - last]) for rows in (old, new))
    return f"{gone} => {come}"


class _Visitor(MutationVisitor):
    """mutmut's visitor, which also looks into decorated functions, and remembers where each mutation stands."""

    def __init__(self, wrapper: MetadataWrapper, name: str, source: str) -> None:
        super().__init__(_OPERATORS, get_ignored_lines(name, source, wrapper, None), None)
        self.places: list[tuple[tuple[str, ...], frozenset[int], CodeRange]] = []
        self._around: list[cst.CSTNode] = []
        self._statements: list[int] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._statements.append(self.get_metadata(PositionProvider, node).start.line)
        self._around.append(node)
        return super().on_visit(node)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        self._around.pop()
        if isinstance(original_node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._statements.pop()
        super().on_leave(original_node)

    def _create_mutations(self, node: cst.CSTNode) -> None:
        if _is_sentence(node) or any(isinstance(one, cst.Import | cst.ImportFrom) for one in self._around):
            return
        super()._create_mutations(node)
        place = self._function(), self._lines(node), self.get_metadata(PositionProvider, node, None)
        self.places += [place] * (len(self.mutations) - len(self.places))

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef):
            return False
        if isinstance(node, cst.If) and isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING":
            return True
        return super()._skip_node_and_children(node)

    def _function(self) -> tuple[str, ...]:
        """Return the names down to the outermost function of which the body is being visited."""
        names: list[str] = []
        for place, one in enumerate(self._around):
            if isinstance(one, cst.ClassDef):
                names.append(one.name.value)
            if isinstance(one, cst.FunctionDef):
                inside = self._around[place + 1 : place + 2] == [one.body]
                return (*names, one.name.value) if inside else ()
        return ()

    def _lines(self, node: cst.CSTNode) -> frozenset[int]:
        end = self.get_metadata(PositionProvider, node.test if isinstance(node, cst.If) else node, None)
        start = self._statements[-1] if self._statements else 1
        return frozenset(range(start, (end.end.line if end else start) + 1))


def _is_sentence(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleString) and len(node.value.split()) >= SENTENCE and not _SQL.search(node.value)


def _never_or_always(node: cst.If | cst.CompIf) -> Iterator[cst.If | cst.CompIf]:
    """A guard that is gone, and one that always holds."""
    for word in ("False", "True"):
        yield node.with_changes(test=cst.Name(word))


def _string(node: cst.BaseString) -> Iterable[cst.BaseString]:
    """Return other strings: of SQL those that ask something else, else mutmut's first: another case tells no more."""
    if isinstance(node, cst.SimpleString) and _SQL.search(node.value):
        return _sql(node)
    return islice(operator_string(node), 1)


def _arguments(node: cst.Call) -> Iterator[cst.Call]:
    """Return mutmut's calls, without those that lack an argument by place: these only cannot be called."""
    for mutated in operator_arg_removal(node):
        gone = {id(arg) for arg in node.args} - {id(arg) for arg in mutated.args}
        if len(mutated.args) == len(node.args) or all(arg.keyword for arg in node.args if id(arg) in gone):
            yield mutated


def _sql_between(node: cst.FormattedStringText) -> Iterator[cst.FormattedStringText]:
    if _SQL.search(node.value):
        yield from _sql(node)


def _sql(node: Any) -> Iterator[Any]:
    for pattern, other in _IN_SQL:
        for at in re.finditer(pattern, node.value):
            yield node.with_changes(value=node.value[: at.start()] + other + node.value[at.end() :])


_INSTEAD: Final = {operator_string: _string, operator_arg_removal: _arguments}
_OPERATORS: Final[Any] = [
    *((kind, _INSTEAD.get(operator, operator)) for kind, operator in mutation_operators),
    (cst.If, _never_or_always),
    (cst.CompIf, _never_or_always),
    (cst.FormattedStringText, _sql_between),
]
