"""Recipes: numbered per name without gaps, whoever stores them."""

import asyncio

import pytest

from app.ledger import Ledger, StoredRecipe

pytestmark = pytest.mark.anyio


def recipe(content: str, name: str = "acme") -> StoredRecipe:
    return StoredRecipe(name, 0, content.encode(), "digest of " + content, "local", 1)


async def test_the_next_content_gets_the_next_version(ledger: Ledger) -> None:
    first, second = await ledger.add_recipe(recipe("{}")), await ledger.add_recipe(recipe('{"a":1}'))

    assert (first.version, second.version) == (1, 2)
    assert (await ledger.add_recipe(recipe("{}", "other"))).version == 1
    assert await ledger.recipe("acme", 2) == second
    assert await ledger.recipe("acme", 3) is None
    assert [(each.name, each.version) for each in await ledger.recipes()] == [("acme", 1), ("acme", 2), ("other", 1)]


async def test_the_same_content_gets_the_version_it_has(ledger: Ledger) -> None:
    stored = await ledger.add_recipe(recipe("{}"))
    await ledger.add_recipe(recipe("[]"))

    assert await ledger.add_recipe(StoredRecipe("acme", 0, b"{}", "another", "alice", 2)) == stored


async def test_replicas_that_store_at_once_agree(ledger: Ledger, database_url: str) -> None:
    replica = await Ledger.open(database_url)
    contents = [f'{{"n":{n}}}' for n in range(12)]

    stored = await asyncio.gather(
        *(store.add_recipe(recipe(content)) for content in contents for store in (ledger, replica))
    )

    assert stored[::2] == stored[1::2]
    assert sorted(each.version for each in stored[::2]) == list(range(1, 13))
    assert {each.content for each in await replica.recipes()} == {content.encode() for content in contents}
    await replica.close()
