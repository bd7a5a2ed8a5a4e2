"""A workspace: the folder of one programme, with its database, vault, ledger and lists. Keys live elsewhere."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from smartstart.contracts.odcs import Contract, Field, load_contracts
from smartstart.errors import PolicyRefused, StateError, UsageError, nearest
from smartstart.identity.keys import make_keys, read_key
from smartstart.identity.vault import Vault, open_vault
from smartstart.outputs import make_folder, remove_partial_files, write_file
from smartstart.programme import Instrument, Programme, load_instrument, load_programme
from smartstart.resources import shipped
from smartstart.warehouse.warehouse import Warehouse, open_warehouse

KEYS_VARIABLE = "SMARTSTART_KEYS"
_MARK = "workspace.json"


@dataclass(frozen=True)
class Workspace:
    """A folder that ``smartstart init`` made; ``rehearsal`` marks made-up or replayed data."""

    folder: Path
    workspace_id: str
    rehearsal: bool
    keys_given: str | None  # folder of keys as given to init; SMARTSTART_KEYS goes before it

    @property
    def programme_file(self) -> Path:
        """The programme, for people to edit."""
        return self.folder / "programme.yaml"

    @property
    def warehouse_file(self) -> Path:
        """The encrypted DuckDB file."""
        return self.folder / "warehouse.duckdb"

    @property
    def vault_file(self) -> Path:
        """The vault with encrypted contact data."""
        return self.folder / "vault.sqlite"

    @property
    def ledger_file(self) -> Path:
        """The ledger of the draw, as exported after each run."""
        return self.folder / "ledger" / "ledger.jsonl"

    @property
    def lists_folder(self) -> Path:
        """One folder per period, one XLSX and one PDF per practice."""
        return self.folder / "lists"

    @property
    def keys_folder(self) -> Path:
        """The folder of this workspace's keys: the first of SMARTSTART_KEYS, init's choice, and the default with it."""
        folders = [root / self.workspace_id for root in _keys_roots(self.keys_given)]
        return next((folder for folder in folders if folder.is_dir()), folders[0])

    @cached_property
    def programme(self) -> Programme:
        """The programme, read once."""
        return load_programme(self.programme_file)

    @cached_property
    def instruments(self) -> tuple[Instrument, ...]:
        """The instruments that the programme uses."""
        return tuple(load_instrument(_instrument_file(self.folder, name)) for name in self.programme.instruments)

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        """The data contracts, with the items of the instruments in the questionnaire's."""
        contracts = load_contracts(shipped("data_contracts"))
        unknown = [name for name in self.programme.sources if name not in contracts]
        if unknown:
            hint = nearest(unknown[0], list(contracts))
            raise UsageError(f"programme.yaml, sources: '{unknown[0]}' is no file that smartstart reads{hint}.")
        questionnaire = contracts["vragenlijst"]
        items = tuple(item for instrument in self.instruments for item in _item_fields(instrument))
        contracts["vragenlijst"] = replace(questionnaire, fields=questionnaire.fields + items)
        return contracts

    @contextmanager
    def open(self) -> Iterator[tuple[Warehouse, Vault]]:
        """Open warehouse and vault; the warehouse's lock lets one command work at a time."""
        keys = self.keys_folder
        if not self.warehouse_file.exists():
            raise StateError(f"'{self.warehouse_file}' is missing: restore the workspace from its backup.")
        with (
            open_warehouse(self.warehouse_file, read_key(keys, "warehouse"), self.contracts) as warehouse,
            open_vault(self.vault_file, read_key(keys, "vault"), read_key(keys, "pseudonym")) as vault,
        ):
            remove_partial_files(self.folder)
            yield warehouse, vault

    def allocation_key(self) -> bytes:
        """Return the key of the draw."""
        return read_key(self.keys_folder, "allocation")

    def relative(self, path: Path) -> str:
        """Return a path as it reads from within the workspace, on any system."""
        return path.relative_to(self.folder).as_posix()


def init_workspace(folder: Path, programme: str, *, rehearsal: bool, keys: Path | None) -> Workspace:
    """Make a workspace for a programme (the name of a shipped one, or a file); an existing one is refused."""
    if (folder / _MARK).exists():
        raise StateError(f"'{folder}' is a workspace already: use it as it is, or choose another folder.")
    if folder.is_dir() and any(folder.iterdir()):
        raise StateError(f"'{folder}' is not empty: choose a new folder for the workspace.")
    source = _programme_file(programme)
    load_programme(source)
    chosen = keys or (Path(os.environ[KEYS_VARIABLE]) if os.environ.get(KEYS_VARIABLE) else None)
    root = chosen or _default_keys_root()
    if root.resolve().is_relative_to(folder.resolve()):
        raise PolicyRefused("Keys may not lie beside the data: choose a folder for --keys outside the workspace.")
    make_folder(folder)
    folder.chmod(0o700)
    mark = {
        "workspace": secrets.token_hex(8),
        "rehearsal": rehearsal,
        "keys": str(chosen.resolve()) if chosen else None,
    }
    workspace = Workspace(folder.resolve(), str(mark["workspace"]), rehearsal, mark["keys"])  # type: ignore[arg-type]
    make_keys(root.resolve() / workspace.workspace_id)
    write_file(workspace.programme_file, source.read_bytes())
    with open_warehouse(workspace.warehouse_file, read_key(workspace.keys_folder, "warehouse"), workspace.contracts):
        pass
    for name in ("extracts", "lists", "ledger"):
        make_folder(folder / name)
    # the mark comes last: a folder without it is no workspace, so an interrupted init can be seen and redone
    write_file(folder / _MARK, json.dumps(mark, indent=2).encode() + b"\n")
    return workspace


def find_workspace(folder: Path) -> Workspace:
    """Return the workspace in ``folder``. Raises StateError when there is none."""
    try:
        mark = json.loads((folder / _MARK).read_text(encoding="utf-8"))
        return Workspace(folder.resolve(), mark["workspace"], mark["rehearsal"], mark["keys"])
    except FileNotFoundError:
        raise StateError(f"'{folder}' is no workspace: make one with 'smartstart init', or name it with -w.") from None
    except (ValueError, KeyError, TypeError):
        raise StateError(f"'{folder / _MARK}' is damaged: restore it from the backup.") from None


def _keys_roots(given: str | None) -> list[Path]:
    """Return the folders under which this workspace's keys may live, the likeliest first."""
    named = [os.environ.get(KEYS_VARIABLE), given]
    return [*(Path(name) for name in named if name), _default_keys_root()]


def _default_keys_root() -> Path:
    from platformdirs import user_data_path

    return user_data_path("smartstart", appauthor=False) / "keys"


def _programme_file(name: str) -> Path:
    shipped_ones = {path.stem: path for path in sorted((shipped("configs") / "programmes").glob("*.yaml"))}
    if name in shipped_ones:
        return shipped_ones[name]
    if name.endswith((".yaml", ".yml")) and Path(name).is_file():
        return Path(name)
    hint = nearest(name, list(shipped_ones))
    raise UsageError(
        f"--programme: '{name}' is unknown{hint}; there are {', '.join(shipped_ones)}, or name a YAML file."
    )


def _instrument_file(workspace: Path, name: str) -> Path:
    own = workspace / "instruments" / f"{name}.yaml"
    ours = shipped("configs") / "instruments" / f"{name}.yaml"
    for path in (own, ours):
        if path.is_file():
            return path
    raise UsageError(f"programme.yaml, instruments: '{name}' has no definition in the folder 'instruments'.")


def _item_fields(instrument: Instrument) -> list[Field]:
    return [
        Field(
            name=item.item, header=item.item, description=f"{instrument.title}: item {item.item}.", kind="integer",
            may_be_absent=True, minimum=item.minimum, maximum=item.maximum, instrument=instrument.instrument,
        )
        for item in instrument.items
    ]  # fmt: skip
