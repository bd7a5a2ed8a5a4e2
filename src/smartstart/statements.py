"""What people say for the record: an owner, a reason. It is kept for ever, and so it is judged before it is."""

from __future__ import annotations

import re

from smartstart.errors import UsageError

LONGEST = 300


def judge_statement(option: str, text: str, *, numbers: bool = False) -> None:
    """Raise UsageError unless ``text`` is one short line that anybody can read and that numbers no person.

    ``numbers`` allows seven digits in a row, which elsewhere could be a BSN or a client number.
    """
    if not text.strip():
        raise UsageError(f"{option} is empty: say it in a few words.")
    if not text.isprintable() or len(text) > LONGEST:
        raise UsageError(f"{option} is not one short line of text: write it in at most {LONGEST} ordinary characters.")
    if not numbers and re.search(r"\d{7}", text):
        raise UsageError(f"{option} is kept for ever: leave out numbers of persons and clients.")
