"""The agreement between municipalities that pool: who takes part, who reads, and the keys that each made public."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smartstart.errors import PolicyRefused, UsageError, nearest
from smartstart.programme.records import as_record
from smartstart.resources import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

LEAST_MASKED: Final = 3  # of two, each would know the other's numbers from the sum


@dataclass(frozen=True)
class Reader:
    """The named person who pools: a function, and the public key (X25519, hex) that the files are sealed for."""

    function: str
    seal_key: str


@dataclass(frozen=True)
class Partner:
    """A municipality: its code, and its public keys in hex: Ed25519 signs, X25519 makes the masks."""

    code: str
    name: str
    sign_key: str
    mask_key: str


@dataclass(frozen=True)
class Agreement:
    """One round of exchange under one agreement; with ``masked`` the reader sees the sum over all and nothing else."""

    agreement: str
    round: str
    masked: bool
    reader: Reader
    municipalities: tuple[Partner, ...]

    def partner(self, code: str) -> Partner:
        """Return a municipality by its code. Raises PolicyRefused when it takes no part."""
        found = [one for one in self.municipalities if one.code == code]
        if not found:
            codes = [one.code for one in self.municipalities]
            raise PolicyRefused(
                f"Municipality {code} takes no part in agreement {self.agreement}{nearest(code, codes)}: add it there "
                "with its public keys, or leave its file out."
            )
        return found[0]


def load_agreement(path: Path) -> Agreement:
    """Read an agreement. Raises UsageError that names the key and its place."""
    agreement: Agreement = as_record(read_yaml(path), Agreement, path.name)
    for place, text in (("agreement", agreement.agreement), ("round", agreement.round)):
        if not re.fullmatch(r"[\w.-]{1,40}", text):
            raise UsageError(f"{path.name}, {place}: must be a number or word of at most 40 characters.")
    keys = [("reader, seal_key", agreement.reader.seal_key)]
    for one in agreement.municipalities:
        if not re.fullmatch("[0-9]{4}", one.code):
            raise UsageError(f"{path.name}, municipalities: a code must be four digits, in quotes.")
        keys += [(f"{one.code}, sign_key", one.sign_key), (f"{one.code}, mask_key", one.mask_key)]
    for place, key in keys:
        if not re.fullmatch(r"[0-9a-f]{64}", key):
            raise UsageError(f"{path.name}, {place}: must be the 64 characters that 'trial exchange-keys' printed.")
    if len({one.code for one in agreement.municipalities}) < len(agreement.municipalities):
        raise UsageError(f"{path.name}, municipalities: each municipality stands there once.")
    if len({key for _, key in keys}) < len(keys):
        raise UsageError(f"{path.name}: two keys are the same; everybody makes keys of their own.")
    if agreement.masked and len(agreement.municipalities) < LEAST_MASKED:
        raise PolicyRefused(
            f"{path.name}: masks need {LEAST_MASKED} municipalities or more, since of two each knows the other from "
            "the sum: take in another, or agree on 'masked: false'."
        )
    return agreement
