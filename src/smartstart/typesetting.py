"""PDF out: a typst template of ours and texts that are only ever shown, the same bytes on every machine."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from smartstart.errors import SmartstartError

if TYPE_CHECKING:
    from datetime import datetime

_ACCESSIBLE: Final = "ua-1"


class NotTypeset(SmartstartError):
    """A PDF could not be laid out; the message holds nothing of its texts."""


def typeset(
    package: str, template: str, content: dict[str, Any], made_on: datetime, *, accessible: bool = True
) -> bytes:
    """Return a PDF of ``content`` by a template of ``package``, which reads it as JSON from ``sys.inputs.content``.

    ``accessible`` asks for PDF/UA-1 (tagged, every character drawn). Raises NotTypeset when that cannot be.
    """
    import typst

    compiler = typst.Compiler(
        files(package).joinpath(template).read_bytes(),
        ignore_system_fonts=True,  # the machine's fonts would change the bytes
    )
    try:
        made, _ = compiler.compile_with_warnings(
            format="pdf",
            sys_inputs={"content": json.dumps(content)},
            pdf_standards=[_ACCESSIBLE] if accessible else [],
            timestamp=made_on,
        )
    except typst.TypstError:  # its message may quote a name
        raise NotTypeset("A PDF could not be laid out: use the other form of it and report this.") from None
    if not isinstance(made, bytes):
        raise NotTypeset("A PDF came out empty: use the other form of it and report this.")
    return made
