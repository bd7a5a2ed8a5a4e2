"""The parts of our pages: HTML that stands by itself, with nothing to load, and tables a screen reader can read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final


def page(language: str, title: str, style: str, body: str, foot: str) -> bytes:
    """Return a whole page; ``title`` is escaped here, ``body`` and ``foot`` are markup."""
    return _PAGE.format(language=language, title=escape(title), style=style, body=body, foot=foot).encode()


def section(title: str, *parts: str) -> str:
    """Return a section under a heading; its parts are markup."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of plain text, or nothing for an empty one."""
    name = f' class="{kind}"' if kind else ""
    return f"<p{name}>{escape(text)}</p>" if text else ""


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of plain texts whose first column names its rows."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
<footer>{foot}</footer>
</body>
</html>
"""
