"""Where the shipped folders are: beside the source in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path

from smartstart.errors import SmartstartError

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """Return the folder ``configs``, ``pipelines`` or ``data_contracts`` that came with this program."""
    in_wheel = _PACKAGE / "shipped" / folder
    in_checkout = _PACKAGE.parents[1] / folder
    for place in (in_wheel, in_checkout):
        if place.is_dir():
            return place
    raise SmartstartError(f"The folder '{folder}' is missing from this installation: install smartstart again.")
