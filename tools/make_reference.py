"""Write what the code itself can tell of the documents: ``python tools/make_reference.py [--check]``.

Commands from the command line's own tree, errors from every place that raises one, tables from a warehouse made anew,
and on the page about deliveries the files that each pipeline reads.
With ``--check`` nothing is written, and exit 1 names the pages that are no longer true.
"""

from __future__ import annotations

import ast
import re
import secrets
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import typer
import yaml

from smartstart import errors
from smartstart.cli.main import app
from smartstart.pipeline import find_pipeline
from smartstart.programme.loading import load_programme, programme_file
from smartstart.register.build import build_register, select_of
from smartstart.resources import shipped
from smartstart.risk.factor_count import CAUTION
from smartstart.risk.predictors import PREDICTORS
from smartstart.warehouse.warehouse import migrations, open_warehouse
from smartstart.workspace import contracts_with, shipped_instruments

ROOT = Path(__file__).resolve().parents[1]
SOURCE, REFERENCE = ROOT / "src" / "smartstart", ROOT / "docs" / "reference"
DELIVERIES = ROOT / "docs" / "how-to" / "deliver-a-quarter.md"
BEGIN, END = "<!-- made by tools/make_reference.py -->\n\n", "\n<!-- up to here -->\n"
MADE = "This page is made from the code by `tools/make_reference.py`.\n"
_OF_NO_MEANING = {"join", "sorted", "map", "str", "repr", "strip", "len", "list", "self"}
DELIVERED = ("extracts/", "directories.py", "steps.py")  # here faults are those of files, elsewhere of the ledger
MEANING = {
    1: "Something went wrong, or was stopped by a person",
    2: "Usage: the command line or the configuration asks for something that does not exist",
    3: "Data: a file as a whole was refused, and nothing of its delivery was loaded",
    4: "Policy: the programme, the law or the protocol does not allow it",
    5: "State: the workspace is locked, out of order or damaged; the ledger does not verify",
}


def pages() -> dict[Path, str]:
    """Return every page that is made, whole or in part, with its text."""
    return {
        DELIVERIES: deliveries_page(),
        REFERENCE / "cli.md": cli_page(),
        REFERENCE / "errors.md": errors_page(),
        REFERENCE / "tables.md": tables_page(),
    }


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are stale."""
    made = pages()
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: make it again with tools/make_reference.py.")
        return 1 if stale else 0
    for path in stale:
        path.write_text(made[path], "utf-8")
    return 0


# --- pipelines --------------------------------------------------------------------------------------------


def deliveries_page() -> str:
    """Return the page about deliveries with the table of pipelines as ``pipelines/*.yaml`` have it."""
    head = "| pipeline | what it takes in | required | optional | period |\n|---|---|---|---|---|\n"
    names = sorted(path.stem for path in shipped("pipelines").glob("*.yaml"))
    table = head + "".join(_pipeline(name) for name in sorted(names, key=lambda name: not find_pipeline(name).draws))
    before, rest = DELIVERIES.read_text("utf-8").split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{table}{END}{after}"


def _pipeline(name: str) -> str:
    told = find_pipeline(name)
    required, scored = ", ".join(told.required), ", ".join(told.required_for_score)
    period = "`--period`" if told.period == "required" else "none: a snapshot as of a day"
    return (
        f"| `{name}` | {told.title.rstrip('.')} | {required}{f'; with a score also {scored}' if scored else ''} "
        f"| {', '.join(told.optional) or 'none'} | {period} |\n"
    )


# --- commands ---------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Return every command with its help and its options."""
    parts = [
        "# Command line\n",
        MADE,
        "What each command prints as JSON, and what follows from it, is in [commands](commands.md).\n",
    ]
    parts += [_command(name, command) for name, command in sorted(_commands(typer.main.get_command(app), "smartstart"))]
    return "\n".join(parts)


def _commands(group: Any, above: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{above} {name}")
        else:
            yield f"{above} {name}", command


def _command(name: str, command: Any) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option" and "--help" not in param.opts]
    usage = " ".join([name, *("[OPTIONS]" for _ in options[:1]), *(_shown(one) for one in arguments)])
    lines = [f"## {name}\n", f"{' '.join(command.help.split())}\n", f"```text\n{usage}\n```\n"]
    if arguments or options:
        rows = [f"| `{_shown(one)}` | {_words(one)} |" for one in arguments]
        rows += [f"| `{', '.join(one.opts)}{_metavar(one)}` | {_words(one)} |" for one in options]
        lines += ["| | |\n|---|---|", "\n".join(rows) + "\n"]
    if command.epilog:
        lines.append(f"`{command.epilog.removeprefix('Example: ')}`\n")
    return "\n".join(lines)


def _shown(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _metavar(option: Any) -> str:
    return "" if option.is_flag else f" {option.metavar or 'TEXT'}"


def _words(param: Any) -> str:
    told = " ".join((param.help or "").split()).replace("|", "\\|")
    default = param.default
    plain = isinstance(default, (str, int, float)) and not isinstance(default, bool) and default != ""
    return told + (f" Default: `{default}`." if plain else "") + (" Required." if param.required else "")


# --- errors -----------------------------------------------------------------------------------------------


def errors_page() -> str:
    """Return every sentence that an error can say, by exit code; what is filled in stands in braces."""
    found = sorted({(code, sentence, place) for code, sentence, place in _sentences()})
    parts = [
        "# Errors\n",
        MADE,
        "An error is one sentence on stderr that says what, where and what to do, with the exit code below. What\n"
        "stands in braces is filled in: names of files, columns and options, numbers of rows, never a value of a row.\n"
        "Rows in quarantine are no errors: their rules and remedies are in [rules](rules.md).\n",
        f"Some sentences name the risk band, which decides about nobody. {CAUTION}\n",
    ]
    for code, meaning in MEANING.items():
        rows = [f"| {_cell(sentence)} | `{place}` |" for found_code, sentence, place in found if found_code == code]
        parts += [f"## Exit code {code}\n", f"{meaning}.\n", "| sentence | said by |\n|---|---|", *rows, ""]
    return "\n".join(parts)


def _cell(sentence: str) -> str:
    return sentence.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("\n", " ")


def _sentences() -> Iterator[tuple[int, str, str]]:
    """Yield exit code, sentence and module of every error that is raised with a text of its own."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    codes = _exit_codes(trees)
    for path, tree in trees.items():
        place = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                name = _name(node.exc.func)
                for sentence in map(_text, _said(node.exc.args[0], tree)):
                    if name in codes and " " in re.sub(r"\{[^}]*\}", "", sentence).strip():
                        yield codes[name], sentence, place
            elif isinstance(node, ast.Call) and _name(node.func) == "must" and len(node.args) == 2:
                yield 2, f"{_text(node.args[1])}.", place
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "faults.append":
                sentence = _text(node.args[0])  # all faults are told at once; one without a full stop is a part
                if sentence.endswith("."):
                    yield 3 if place.startswith(DELIVERED) else 5, sentence, place


def _said(node: ast.expr, tree: ast.Module) -> Iterator[ast.expr]:
    """Yield every text that is raised: both of an if, a constant's, or what a function returns or yields."""
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Name):
        stated = [one for one in tree.body if isinstance(one, ast.Assign | ast.AnnAssign) and one.value]
        constants = [one.value for one in stated if ast.unparse(one).startswith((f"{node.id} =", f"{node.id}: "))]
        yield from constants or (one.value for one in ast.walk(tree) if isinstance(one, ast.Yield) and one.value)
    elif isinstance(node, ast.Call):
        functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == _name(node.func)]
        parts = [part for one in functions for part in ast.walk(one)]
        yield from (part.value for part in parts if isinstance(part, ast.Return) and part.value)
    else:
        yield node


def _exit_codes(trees: dict[Path, ast.Module]) -> dict[str, int]:
    """Return the exit code of every class of errors, those that modules derive for themselves included."""
    codes = {name: kind.exit_code for name, kind in vars(errors).items() if isinstance(kind, type)}
    derived = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in range(3):  # no error derives from one that derives from one that derives
        found = {one.name: codes[_name(base)] for one in derived for base in one.bases if _name(base) in codes}
        codes = found | codes
    return codes


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.FormattedValue):
        return f"{{{_filled(node.value)}}}"
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    return f"{{{_filled(node)}}}"


def _filled(node: ast.expr) -> str:
    """Return a short name for what is filled in: the last word of the expression."""
    if isinstance(node, ast.IfExp):
        return _filled(node.body)
    if isinstance(node, ast.Call) and _name(node.func) == "nearest":
        return "hint"
    words = re.findall(r"[A-Za-z_]+", ast.unparse(node))
    known = [word for word in words if word not in _OF_NO_MEANING]
    return (known or words or ["…"])[-1].strip("_").replace("_", " ")


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


# --- tables -----------------------------------------------------------------------------------------------


def tables_page() -> str:
    """Return every table of a fresh warehouse, with its columns, their types, and what they mean."""
    contracts = contracts_with(shipped_instruments())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        with open_warehouse(path, secrets.token_bytes(32), contracts) as warehouse:
            build_register(warehouse, load_programme(programme_file("heusden")), date(2024, 1, 1), "")
            columns = warehouse.rows(
                "SELECT schema_name, table_name, column_name, data_type, comment FROM duckdb_columns()"
                " WHERE database_name = current_database() AND NOT internal ORDER BY ALL"
            )
            order = warehouse.rows(
                "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
                " WHERE database_name = current_database() AND NOT internal"
                " ORDER BY schema_name, table_name, column_index"
            )
    about = {(row["schema_name"], row["table_name"], row["column_name"]): row for row in columns}
    tables: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in order:
        tables[row["schema_name"], row["table_name"]].append(row["column_name"])
    parts = [
        "# Tables\n",
        MADE,
        "The warehouse is an encrypted DuckDB file. `main` holds what runs did and what was drawn, `intake` the\n"
        "accepted rows of every delivery, `register` what is built from them anew at each run. No name, address or\n"
        "BSN stands in any of them: those are in the vault or nowhere.\n",
        f"The risk band is kept to explain the draw, and decides about nobody. {CAUTION}\n",
    ]
    for (schema, table), names in sorted(tables.items()):
        rows = [_row(about[schema, table, name]) for name in names]
        parts += [f"## {schema}.{table}\n", _described(schema, table), "| column | type | meaning |\n|---|---|---|"]
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _row(column: dict[str, Any]) -> str:
    name = column["column_name"]
    meaning = column["comment"] or _columns().get(name) or PREDICTORS[name].words  # a new column must be described
    return f"| `{column['column_name']}` | {column['data_type']} | {_cell(meaning)} |"


@cache
def _columns() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load((ROOT / "tools" / "columns.yaml").read_text("utf-8"))
    return found


def _described(schema: str, table: str) -> str:
    """Return the sentences with which the SQL of a table begins."""
    if schema == "main":
        sql = "\n".join(text for _, name, text in migrations() if name == table)
    elif schema == "register":
        try:
            sql = select_of(table)
        except (FileNotFoundError, KeyError):
            sql = ""
    else:
        return f"Accepted rows of the contract whose table is `{table}`; see [contracts](contracts.md).\n"
    said = [line.removeprefix("--").strip() for line in sql.splitlines() if line.startswith("--")]
    return f"{' '.join(said)}\n" if said else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
