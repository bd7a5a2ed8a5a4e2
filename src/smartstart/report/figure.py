"""A figure as inline SVG: nothing to load, readable without colour, with a title for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _BOX, _HEIGHT, _GAP, _LINE = 640, 260, 62, 44, 20
_BOLD = ' class="number"'


def flow_figure(title: str, top: Sequence[str], aside: Sequence[str], arms: Sequence[Sequence[str]]) -> str:
    """Draw how women came into the groups: a box, one beside it for who was not drawn, and a box for each arm.

    Each box is a few short lines of text. What it says stands in a table beside it as well.
    """
    middle = (_WIDTH - _BOX) / 2
    second, third = _HEIGHT + _GAP, 2 * (_HEIGHT + _GAP)
    lefts = [place * (_WIDTH - _BOX) / max(len(arms) - 1, 1) for place in range(len(arms))]
    lines: list[tuple[float, float, float, float]] = [(middle + _BOX / 2, _HEIGHT, middle + _BOX / 2, third - _GAP / 2)]
    lines += [(left + _BOX / 2, third - _GAP / 2, left + _BOX / 2, third) for left in lefts]
    lines.append((lefts[0] + _BOX / 2, third - _GAP / 2, lefts[-1] + _BOX / 2, third - _GAP / 2))
    lines.append((middle + _BOX / 2, second + _HEIGHT / 2 - 8, _WIDTH - _BOX + 10, second + _HEIGHT / 2 - 8))
    boxes = [_box(middle, 0, top), _box(_WIDTH - _BOX + 10, second - 8, aside, _BOX - 10)]
    boxes += [_box(left, third, texts) for left, texts in zip(lefts, arms, strict=True)]
    drawn = "".join(f'<line x1="{a:g}" y1="{b:g}" x2="{c:g}" y2="{d:g}"/>' for a, b, c, d in lines)
    return (
        f'<svg role="img" aria-labelledby="figuur-titel" viewBox="-2 -2 {_WIDTH + 4} {third + _HEIGHT + 4}" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="figuur-titel">{escape(title)}</title>'
        f"{drawn}{''.join(boxes)}</svg>"
    )


def _box(left: float, top: float, texts: Sequence[str], width: float = _BOX) -> str:
    middle, first = left + width / 2, top + _HEIGHT / 2 + 5 - _LINE * (len(texts) - 1) / 2
    rows = "".join(
        f'<text x="{middle:g}" y="{first + _LINE * place:g}"{_BOLD if place else ""}>{escape(text)}</text>'
        for place, text in enumerate(texts)
    )
    return f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{_HEIGHT}" rx="4"/>{rows}'
