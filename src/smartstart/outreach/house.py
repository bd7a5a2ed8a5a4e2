"""The municipality's house style, as far as lists and letters use it: a colour for titles and a logo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class HouseStyle:
    """``colour`` as ``#rrggbb``; ``logo`` the bytes of a PNG or JPEG, or empty; ``sender`` its text for who listens."""

    colour: str = "#000000"
    logo: bytes = b""
    sender: str = ""


PLAIN: Final = HouseStyle()
