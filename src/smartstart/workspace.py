"""A workspace: the folder of one programme, with its database, vault, ledger and lists. Keys live elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from smartstart import access
from smartstart.contracts.odcs import Contract, Field, load_contracts
from smartstart.errors import StateError, UsageError, nearest
from smartstart.identity.keys import key_file, read_key, read_keys
from smartstart.identity.vault import Vault, VaultKeys, open_vault
from smartstart.outputs import remove_partial_files
from smartstart.programme.instruments import Instrument, load_instrument
from smartstart.programme.loading import load_programme
from smartstart.programme.sections import Programme
from smartstart.resources import shipped
from smartstart.warehouse.warehouse import Warehouse, open_warehouse

KEYS_VARIABLE = "SMARTSTART_KEYS"
MARK = "workspace.json"
LISTS = "lists"  # the folder of all lists


@dataclass(frozen=True)
class Workspace:
    """A folder that ``smartstart init`` made; ``rehearsal`` marks made-up or replayed data."""

    folder: Path
    workspace_id: str
    rehearsal: bool
    keys_given: str | None  # folder of keys as given to init; SMARTSTART_KEYS goes before it
    commitment: str  # to the key of the draw, made and shown at init, before any woman is known

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
        return self.folder / LISTS

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
        contracts = contracts_with(self.instruments)
        _judge_sources(self.programme.sources, contracts)
        return contracts

    @contextmanager
    def open(self) -> Iterator[tuple[Warehouse, Vault]]:
        """Open warehouse and vault; the warehouse's lock lets one command work at a time.

        It takes the keys ``warehouse``, ``vault`` and ``pseudonym``, and leaves a line in the access log.
        """
        with self._opened() as warehouse:
            if not self.vault_file.exists() and warehouse.rows("SELECT 1 AS one FROM delivery LIMIT 1"):
                raise StateError(f"'{self.vault_file}' is missing: restore the workspace from its backup.")
            with open_vault(self.vault_file, self._vault_keys()) as vault:
                access.note(self.folder, "identified")
                yield warehouse, vault

    def _vault_keys(self) -> VaultKeys:
        keys = self.keys_folder
        # a workspace of before erasing has no such key; the vault says whether it needs one
        tombstones = read_keys(keys, "tombstone") if key_file(keys, "tombstone").exists() else ()
        return VaultKeys(read_key(keys, "vault"), read_keys(keys, "pseudonym"), tombstones)

    @contextmanager
    def open_warehouse(self) -> Iterator[Warehouse]:
        """Open the warehouse alone, with its one key: pseudonymised data, for who needs no name and no number."""
        with self._opened() as warehouse:
            access.note(self.folder, "pseudonymised")
            yield warehouse

    @contextmanager
    def _opened(self) -> Iterator[Warehouse]:
        if not self.warehouse_file.exists():
            raise StateError(f"'{self.warehouse_file}' is missing: restore the workspace from its backup.")
        with open_warehouse(self.warehouse_file, read_key(self.keys_folder, "warehouse"), self.contracts) as warehouse:
            remove_partial_files(self.folder)
            yield warehouse

    def allocation_keys(self) -> tuple[bytes, ...]:
        """Return the keys of the draw, the oldest first; the ledger holds every draw to one of them."""
        return read_keys(self.keys_folder, "allocation")


def find_workspace(folder: Path) -> Workspace:
    """Return the workspace in ``folder``. Raises StateError when there is none."""
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return Workspace(folder.resolve(), mark["workspace"], mark["rehearsal"], mark["keys"], mark["commitment"])
    except FileNotFoundError:
        raise StateError(f"'{folder}' is no workspace: make one with 'smartstart init', or name it with -w.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StateError(f"'{folder / MARK}' is damaged: restore it from the backup.") from None


def _keys_roots(given: str | None) -> list[Path]:
    """Return the folders under which this workspace's keys may live, the likeliest first."""
    named = [os.environ.get(KEYS_VARIABLE), given]
    return [*(Path(name) for name in named if name), default_keys_root()]


def default_keys_root() -> Path:
    """Return where keys live when nobody says otherwise: in the user's own data folder."""
    from platformdirs import user_data_path

    return user_data_path("smartstart", appauthor=False) / "keys"


def _instrument_file(workspace: Path, name: str) -> Path:
    own = workspace / "instruments" / f"{name}.yaml"
    ours = shipped("configs") / "instruments" / f"{name}.yaml"
    for path in (own, ours):
        if path.is_file():
            return path
    raise UsageError(f"programme.yaml, instruments: '{name}' has no definition in the folder 'instruments'.")


@cache
def shipped_contracts() -> dict[str, Contract]:
    """Return the contracts that come with smartstart, read once; nobody changes them."""
    return load_contracts(shipped("data_contracts"))


def contracts_with(instruments: Iterable[Instrument]) -> dict[str, Contract]:
    """Return the shipped contracts, with the items of these instruments as columns of the questionnaire.

    Raises UsageError when an item has the name of another column.
    """
    contracts = shipped_contracts()
    questionnaire = contracts["vragenlijst"]
    items = tuple(item for instrument in instruments for item in _item_fields(instrument))
    taken = [f.name for f in (*questionnaire.fields, *items)] + [f.header for f in questionnaire.fields]
    for item in items:
        if taken.count(item.name) > 1:
            raise UsageError(
                f"instruments, {item.instrument}: the questionnaire has two columns '{item.name}'; name the item "
                "otherwise."
            )
    return contracts | {"vragenlijst": replace(questionnaire, fields=questionnaire.fields + items)}


def shipped_instruments() -> list[Instrument]:
    """Return the instruments that came with this program."""
    return [load_instrument(path) for path in sorted((shipped("configs") / "instruments").glob("*.yaml"))]


def _judge_sources(sources: dict[str, dict[str, str]], contracts: dict[str, Contract]) -> None:
    for file, headers in sources.items():
        if file not in contracts:
            hint = nearest(file, list(contracts))
            raise UsageError(f"programme.yaml, sources: '{file}' is no file that smartstart reads{hint}.")
        known = [f.header for f in contracts[file].fields]
        for own, theirs in headers.items():
            if theirs not in known:
                raise UsageError(
                    f"programme.yaml, sources, {file}: '{own}' points to '{theirs}', which is no column of the "
                    f"contract{nearest(theirs, known)}."
                )


def _item_fields(instrument: Instrument) -> list[Field]:
    return [
        Field(
            name=item.item,
            header=item.item,
            description=f"{instrument.title}: item {item.item}.",
            kind="integer",
            may_be_absent=True,
            minimum=item.minimum,
            maximum=item.maximum,
            instrument=instrument.instrument,
        )
        for item in instrument.items
    ]
