"""The register's SQL in Spark's dialect: the same files, translated by sqlglot, and one difference that it leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


def in_spark(sql: str) -> str:
    """Return a SELECT of DuckDB as Spark reads it: ``$name`` becomes ``:name``, and nulls come last in every order."""
    import sqlglot

    text: str = sqlglot.parse_one(sql, read="duckdb").transform(_rounded).sql("spark", comments=False)
    return text


def _rounded(node: exp.Expression) -> exp.Expression:
    """Round where DuckDB does: a quotient cast to a whole number goes to the even one of two, and Spark cuts it off."""
    from sqlglot import exp

    if isinstance(node, exp.Cast) and node.to.is_type("int") and isinstance(node.this, exp.Div):
        node.set("this", exp.func("bround", node.this))
    return node


def named_in(statements: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tables with a schema, as ``schema.table``, and the names of all columns that stand in any of these."""
    import sqlglot
    from sqlglot import exp

    trees = [sqlglot.parse_one(sql, read="duckdb") for sql in statements]
    tables = (table for tree in trees for table in tree.find_all(exp.Table))
    columns = (column for tree in trees for column in tree.find_all(exp.Column))
    return (
        frozenset(f"{table.db}.{table.name}" for table in tables if table.db),
        frozenset(column.name for column in columns),
    )
