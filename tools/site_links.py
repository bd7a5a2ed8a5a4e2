"""Links of the documents that lead out of docs/, to the README or the source, become plain text on the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Return the page with only the links that the site can follow (a hook of MkDocs)."""
    del files
    docs = Path(config["docs_dir"]).resolve()
    here = Path(page.file.abs_src_path).parent

    def kept(link: re.Match[str]) -> str:
        target = link[2].partition("#")[0]
        outside = target and not re.match(r"[a-z]+:", target) and not (here / target).resolve().is_relative_to(docs)
        return f"{link[1]} (`{Path(target).name}`)" if outside else link[0]

    return _LINK.sub(kept, markdown)
