"""Rights, retention and access, on a terminal; never a value of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from smartstart.cli import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartstart.access import Access
    from smartstart.erasing import Erased
    from smartstart.privacy import Kept
    from smartstart.retaining import Destroyed, Retention


def is_sure(women: int, children: int) -> bool:
    """Ask whether so many are to be erased."""
    numbers = f"{_counted(women, 'woman', 'women')} and {_counted(children, 'child', 'children')}"
    return typer.confirm(f"Erase {numbers} for good?", err=True)


def sure_of(due: dict[str, int]) -> bool:
    """Ask whether all that is due is to be destroyed."""
    told = ", ".join(f"{count} {what}" for what, count in due.items() if count)
    return typer.confirm(f"Destroy {told} for good?", err=True)


def erased(result: Erased) -> None:
    """Print how many were erased, and what is still to do."""
    show.lines(
        [f"Erased: {_counted(result.women, 'woman', 'women')}, {_counted(result.children, 'child', 'children')}."]
    )
    show.lines(
        [f"Searched: {result.proof.searched_bytes} bytes of the database, made anew; no old page is left in it."]
    )
    if result.key_made:
        show.say("A key for tombstones was made: copy the folder of keys to its safe place again.")
    if result.women:
        show.say("Her rows also stand in extracts and in backups: destroy those by the municipality's own rules.")


def kept(found: Kept) -> None:
    """Print what is kept of a woman, counted."""
    show.table("Kept of her", ("table", "what", "rows"), [(part.table, part.what, part.rows) for part in found.parts])
    show.lines([f"Sealed contact data: {', '.join(found.contact) or 'none'}."])
    show.lines(["She was drawn." if found.drawn else "She was not drawn."])
    if found.objected:
        show.lines(["She objected."])


def retention(found: Retention) -> None:
    """Print what is due, the backups, and what was destroyed."""
    show.table(
        "Kept",
        ("what", "kept", "due", "next", "by which rule"),
        [(item.what, item.kept, item.due, item.next_on or "–", item.rule) for item in found.items],
    )
    if found.backups:
        show.table(
            "Backups",
            ("made on", "keep until", "sha256"),
            [(one["made_on"], one["expires_on"], f"{one['sha256'][:12]}…") for one in found.backups],
        )
    if found.destroyed:
        show.table(
            "Destroyed",
            ("on", "what", "amount", "by"),
            [(one["destroyed_on"], one["what"], one["amount"], one["owner"]) for one in found.destroyed],
        )


def destroyed(found: Destroyed) -> None:
    """Print what was destroyed, and what a person must still destroy."""
    show.lines(f"Destroyed: {amount} {what}." for what, amount in found.amounts.items())
    show.lines([f"Searched: {found.searched_bytes} bytes of the database, made anew; no old page is left in it."])
    for sentence in found.by_hand:
        show.say(sentence)


def access(entries: Sequence[Access]) -> None:
    """Print the access log."""
    rows = [(entry.as_dict()["at"], entry.user, entry.command, entry.level) for entry in entries]
    show.table("Access", ("at (UTC)", "user", "command", "level"), rows)


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
