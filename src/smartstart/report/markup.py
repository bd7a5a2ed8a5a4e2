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


def scrolling(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Return a table that scrolls by itself where the screen is narrow, also by keyboard."""
    return (
        f'<div class="{f"scroll {kind}".strip()}" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"{table(caption, heads, rows)}</div>"
    )


def listing(texts: Iterable[str]) -> str:
    """Return a list of plain texts."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def notice(text: str) -> str:
    """Return what a reader must see before anything else, in a box."""
    return f'<p class="notice" role="note"><strong>{escape(text)}</strong></p>'


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

# Contrast with white: text 15:1, the notice 8:1, lines 7:1; nothing is said by colour alone.
STYLE: Final = """
@page { size: A4; margin: 18mm }
html { font: 100%/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1f2328; background: #fff }
body { max-width: 46rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .2rem 0 1rem; overflow-wrap: anywhere }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; overflow-wrap: anywhere }
h3 { font-size: 1.05rem; margin: 1.2rem 0 .3rem }
ul { margin: .3rem 0 1rem; padding-left: 1.2rem } li { margin: .15rem 0 }
.scroll { overflow-x: auto; margin: 1rem 0 } .scroll:focus-visible { outline: 2px solid #0b5394 }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem; border-bottom: 1px solid #c8ced4 }
th:first-child { padding-left: 0 } thead th { border-bottom: 1px solid #59636e; vertical-align: bottom }
tbody th { font-weight: 400 } td, thead th:not(:first-child) { text-align: right }
.words td, .words thead th:not(:first-child) { text-align: left }
.second-words td:nth-child(2), .second-words thead th:nth-child(2) { text-align: left }
figure { margin: 1.5rem 0 1rem } figcaption { font-size: .9rem; color: #59636e; max-width: 32rem }
.drawing { max-width: 32rem } svg { display: block; width: 100%; height: auto; overflow: visible }
.notice { border: 3px solid #7a1f00; color: #7a1f00; padding: .6rem .8rem }
.caution { border-left: 4px solid #0b5394; padding: .2rem .8rem; margin: 1.2rem 0 }
.small { font-size: .85rem; color: #59636e; overflow-wrap: anywhere }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt } .drawing { max-width: 120mm } h2 { margin-top: 1.4rem }
  .scroll { overflow: visible } table { font-size: 9pt } thead { display: table-header-group }
  tr, table, figure, .notice { break-inside: avoid } h2, h3, caption { break-after: avoid }
}
"""
