"""Encrypted files for others: each with a fresh passphrase, which is kept apart and travels apart.

Nothing unencrypted touches the disk: a file is made, encrypted, and only then written.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Final

from smartstart.crash_points import reached
from smartstart.outputs import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from smartstart.workspace import Workspace

# To be read out over the phone: no letter or figure that is mistaken for another. 24 of them are 118 bits;
# some readers of PDF take no more than 32 characters, hyphens included.
ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP_LENGTH = 6, 4


def write_sealed(workspace: Workspace, out: Path, name: str, seal: Callable[[str], bytes]) -> Path:
    """Write what ``seal`` makes with a fresh passphrase; return the file in the folder of keys that holds it.

    That file is called ``name``, with the beginning of the checksum of what it opens. Raises StateError.
    """
    passphrase = new_passphrase()
    content = seal(passphrase)
    # named by what it opens, so that no passphrase is ever taken for that of another file
    kept = workspace.keys_folder / f"{name}-{sha256(content).hexdigest()[:12]}.txt"
    write_file(kept, f"{passphrase}\n".encode())  # first: a file that nobody can open is of no use
    reached("passphrase_kept")
    try:
        write_file(out, content)
    except BaseException:
        kept.unlink()  # a passphrase of nothing
        raise
    return kept


def new_passphrase() -> str:
    """Return a fresh passphrase from the operating system's random source, in groups for reading out."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def sealed_pdf(pdf: bytes, passphrase: str) -> bytes:
    """Return a PDF that opens with the passphrase only (AES-256, as PDF 2.0 has it)."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(pdf)))
    # an owner's password of its own: with the same one for both, a reader may change what this file allows
    writer.encrypt(passphrase, secrets.token_urlsafe(32), algorithm="AES-256")
    content = BytesIO()
    writer.write(content)
    return content.getvalue()


def sealed_container(files: Mapping[str, bytes], passphrase: str) -> bytes:
    """Return the files, by name, in one ZIP that opens with the passphrase only (AES-256, WinZip's AE-2).

    The names of the files can be read without it, and so can their sizes; AE-2 keeps no checksum of their content.
    """
    from pyzipper import WZ_AES, ZIP_DEFLATED, AESZipFile

    content = BytesIO()
    with AESZipFile(content, "w", compression=ZIP_DEFLATED) as packed:
        packed.setpassword(passphrase.encode())
        packed.setencryption(WZ_AES, nbits=256, force_wz_aes_version=2)
        for name, content_of in files.items():
            packed.writestr(name, content_of)
    return content.getvalue()
