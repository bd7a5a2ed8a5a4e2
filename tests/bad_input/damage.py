"""Damage in transit: a file cut at a byte, or with one bit flipped; what is said of it, with and without checksums.

Without a checksum no reader can know that a digit of a child's age is another one: those are counted, and are what
``manifest.sha256`` is for. What may never happen is a crash, or a row that is gone while its file adds up.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from file_formats import written
from valid_delivery import AS_OF, CONTRACTS, Table
from verdicts import kept_rows, texts_by_row, valid

from smartstart.check_files import _anybody
from smartstart.errors import SmartstartError
from smartstart.extracts.finding import find_files
from smartstart.extracts.reading import read_extract
from smartstart.intake.sorting import sort_delivery

Outcome = Literal["refused", "quarantined", "unnoticed", "harmless"]


def small() -> Table:
    """Return a file of a few hundred bytes."""
    table = valid()["kinderen"]
    return replace(table, rows=table.rows[:3])


@dataclass(frozen=True)
class Damage:
    """What was done to a file, and the bytes that came of it."""

    what: str
    content: bytes


def cuts(content: bytes, step: int = 1) -> Iterator[Damage]:
    """Cut a file at every byte (or every ``step`` bytes)."""
    for at in range(0, len(content), step):
        yield Damage(f"cut at {at}", content[:at])


def flips(content: bytes, step: int = 1, bits: Iterable[int] | None = None) -> Iterator[Damage]:
    """Flip one bit of every byte (or every ``step`` bytes): bits in turn, or each of ``bits``."""
    for nth, at in enumerate(range(0, len(content), step)):
        for bit in bits if bits is not None else (nth % 8,):
            changed = bytes([content[at] ^ (1 << bit)])
            yield Damage(f"bit {bit} of byte {at}", content[:at] + changed + content[at + 1 :])


@dataclass
class Toll:
    """How many files were damaged, what was said of them, and everything that may not be."""

    outcomes: Counter[str] = field(default_factory=Counter)
    noticed_by_manifest: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def damaged(self) -> int:
        return sum(self.outcomes.values())


class Post:
    """A folder in which a file arrives damaged, once without and once with the checksum that its sender made."""

    def __init__(self, folder: Path, table: Table, kind: str) -> None:
        self.content = written(table, kind)
        self._kept = kept_rows(table)
        self._contract = CONTRACTS[table.contract]
        self._bare, self._sealed = folder / "bare", folder / "sealed"
        self._name = f"{table.contract}.{kind}"
        for place in (self._bare, self._sealed):
            place.mkdir(parents=True)
        line = f"{hashlib.sha256(self.content).hexdigest()}  {self._name}\n"
        (self._sealed / "manifest.sha256").write_text(line, "ascii")

    def deliver(self, damage: Damage, toll: Toll) -> None:
        """Let the damaged file be read, and add to the toll what came of it."""
        (self._sealed / self._name).write_bytes(damage.content)
        if find_files(self._sealed, {self._contract.file: self._contract}, {self._contract.file}).faults:
            toll.noticed_by_manifest += 1
        else:
            toll.wrong.append(f"{self._name}, {damage.what}: not noticed by the manifest")
        (self._bare / self._name).write_bytes(damage.content)
        try:
            toll.outcomes[self._outcome()] += 1
        except SmartstartError as refusal:
            toll.outcomes["refused"] += 1
            if "\n" in str(refusal) or not str(refusal).startswith(self._name):
                toll.wrong.append(f"{self._name}, {damage.what}: refused in other words than promised")
        except Exception as fault:
            toll.outcomes["crashed"] += 1
            toll.wrong.append(f"{self._name}, {damage.what}: {type(fault).__name__}")

    def _outcome(self) -> Outcome:
        extract = read_extract(self._bare / self._name, self._contract)
        (file,) = sort_delivery([extract], AS_OF, only_consented=False, known=_anybody([extract]))
        counts = file.counts()
        if counts.pop("rows_in") != sum(counts.values()):
            raise ArithmeticError
        if file.quarantined_rows:
            return "quarantined"
        accepted = texts_by_row(file.accepted_rows(), self._contract.file)
        return "harmless" if accepted == self._kept else "unnoticed"
