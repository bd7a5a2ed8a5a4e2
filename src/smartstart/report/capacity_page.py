"""The room for mothers with their children as a page: a map, and the same in tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.report.markup import STYLE, notice, page, paragraph, scrolling, section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartstart.support.capacity import Room
    from smartstart.support.provision import Place

TITLE: Final = "Places for mothers with their children"
MADE_UP: Final = "A made-up directory: nothing in it exists; its totals match the national quick scan of 2024."
_SIDE, _EDGE = 460.0, 12.0


def capacity_page(
    sentences: Sequence[str],
    groups: Mapping[str, Room],
    regions: Mapping[str, Room],
    spots: Sequence[tuple[Place, int, int]],
    *,
    made_up: bool,
) -> bytes:
    """Return the page. ``spots`` are all municipalities with places and free places, 0 where there is no house."""
    without = [spot.name for spot, places, _ in spots if not places]
    parts = [
        f"<h1>{escape(TITLE)}</h1>",
        notice(MADE_UP) if made_up else "",
        *(paragraph(sentence) for sentence in sentences),
        section("Where", _map(spots), paragraph(f"Municipalities without a house: {len(without)}.")),
        section("By target group", _table("Target group", "A house may serve several groups", groups)),
        section("By region", _table("Region", "By region", regions)),
    ]
    return page(
        "en", TITLE, STYLE, "\n".join(filter(None, parts)), paragraph("Free places are as of each house's day.")
    )


def _table(what: str, caption: str, rooms: Mapping[str, Room]) -> str:
    rows = [(name.replace("_", " "), *map(str, (r.houses, r.places, r.free, r.waiting))) for name, r in rooms.items()]
    return scrolling(caption, (what, "Houses", "Places", "Free", "Waiting"), rows)


def _map(spots: Sequence[tuple[Place, int, int]]) -> str:
    """Return a map: a small ring is no house, a filled dot a house, with a square in it where a place is free."""
    if not spots:
        return ""
    east = [spot.east for spot, _, _ in spots]
    north = [spot.north for spot, _, _ in spots]
    scale = (_SIDE - 2 * _EDGE) / max(max(east) - min(east), max(north) - min(north), 1.0)
    high = (max(north) - min(north)) * scale + 2 * _EDGE
    drawn = []
    for spot, places, free in sorted(spots, key=lambda one: one[1]):
        x, y = _EDGE + (spot.east - min(east)) * scale, high - _EDGE - (spot.north - min(north)) * scale
        if not places:
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="none" stroke="#59636e"/>')
            continue
        size = 2.5 + places**0.5
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="#0b5394"/>')
        if free:
            drawn.append(f'<rect x="{x - 1.8:.1f}" y="{y - 1.8:.1f}" width="3.6" height="3.6" fill="#fff"/>')
    houses = sum(places > 0 for _, places, _ in spots)
    room = sum(free > 0 for _, _, free in spots)
    name = f"Map of {len(spots)} municipalities: {houses} have a house, {room} have a free place."
    return (
        f'<figure><div class="drawing"><svg viewBox="0 0 {_SIDE:.0f} {high:.0f}" role="img" aria-labelledby="where">'
        f'<title id="where">{escape(name)}</title>{"".join(drawn)}</svg></div>'
        "<figcaption>A small ring is a municipality without a house, a filled dot one with places (larger is more), "
        "and a white square in it a free place. The tables have the numbers.</figcaption></figure>"
    )
