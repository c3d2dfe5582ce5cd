"""Recipes as the ledger keeps them: numbered per name, never changed."""

import hashlib
from dataclasses import fields

from sqlalchemy import Connection, func, literal, select

from app.ledger.inserts import insert_new
from app.ledger.tables import recipes
from app.records import StoredRecipe

_c = recipes.c
_RECIPE = select(*(_c[field.name] for field in fields(StoredRecipe)))


def add(connection: Connection, recipe: StoredRecipe) -> StoredRecipe:
    """The stored version with the content of `recipe`; if there is none, it is the next version of its name.

    Safe beside other replicas: the unique indexes decide, and who lost a version number takes the one after it.
    """
    sha256 = hashlib.sha256(recipe.content).digest()
    while True:
        query = _RECIPE.where(_c.name == recipe.name, _c.content_sha256 == sha256)
        stored = connection.execute(query).one_or_none()
        if stored is not None:
            return StoredRecipe(*stored)
        values = {
            "name": literal(recipe.name),
            "version": func.coalesce(func.max(_c.version), 0) + 1,
            "content_sha256": literal(sha256),
            "content": literal(recipe.content),
            "digest": literal(recipe.digest),
            "caller": literal(recipe.caller),
            "created_us": literal(recipe.created_us),
        }
        following = select(*values.values()).where(_c.name == recipe.name)
        connection.execute(insert_new(connection.dialect, recipes).from_select(list(values), following))


def get(connection: Connection, name: str, version: int) -> StoredRecipe | None:
    """The recipe `name@vVERSION`, or None."""
    row = connection.execute(_RECIPE.where(_c.name == name, _c.version == version)).one_or_none()
    return None if row is None else StoredRecipe(*row)


def every(connection: Connection) -> list[StoredRecipe]:
    """All recipes, by name and version."""
    return [StoredRecipe(*row) for row in connection.execute(_RECIPE.order_by(_c.name, _c.version))]
