"""A PostgreSQL server for one test run: on loopback, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

USER: Final = "smartstart"
NOBODY: Final = "postgres"  # the user of Debian's package: the server refuses to run as root


def programs() -> Path | None:
    """Return where PostgreSQL's own programs are, Debian's place first; None where it is not installed."""
    found = shutil.which("initdb")
    places = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        *([Path(found).parent] if found else []),
    ]
    return next((place for place in places if (place / "initdb").exists()), None)


@contextmanager
def running() -> Iterator[tuple[str, dict[str, str]]]:
    """Run a server; yield the address of its database and the environment that opens it, its password among it."""
    place = programs()
    assert place is not None
    owner = NOBODY if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    password = secrets.token_hex(16)
    (folder / "password").write_text(password, "ascii")
    if owner:
        for path in (folder, folder / "password"):
            shutil.chown(path, owner)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: object) -> None:
        done = subprocess.run(
            [str(word) for word in words], user=owner, cwd=folder, env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    data = folder / "data"
    try:
        run(place / "initdb", "-D", data, "-U", USER, "-E", "UTF8", "-A", "scram-sha-256", "--pwfile=password", "-N")
        options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories= -c fsync=off"
        run(place / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}/postgres", {"PGPASSWORD": password}
        finally:
            run(place / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
