"""Everything that can be called by id: versions and shipped recipes (registry), stored recipes (ledger)."""

import json
import time
from typing import Any, Protocol

from app.auth import Caller
from app.encoding import encode
from app.errors import InvalidRequest, NameTaken, UnknownGrader, detail_of
from app.records import StoredRecipe
from graders import registry as graders
from graders.errors import Fault, Unscored
from graders.recipes import Recipe
from graders.registry import Grader, Registry, parse_id

_CHAIN_MAX = 8


class RecipeStore(Protocol):
    """What the catalogue needs of the ledger."""

    async def add_recipe(self, recipe: StoredRecipe) -> StoredRecipe: ...
    async def recipe(self, name: str, version: int) -> StoredRecipe | None: ...
    async def recipes(self) -> list[StoredRecipe]: ...


class Catalogue:
    """Finds graders. A stored recipe never changes, so once read it is kept."""

    def __init__(self, registry: Registry, store: RecipeStore) -> None:
        self.registry = registry
        self._store = store
        self._stored: dict[str, Grader] = {}

    async def find(self, id: str) -> Grader:
        """The grader behind `id`.

        Raises:
            UnknownGrader: its detail names the nearest and all known ids, or says why a recipe is not served.
            LedgerUnavailable: a stored recipe cannot be looked up now.
        """
        grader = self.registry.get(id) or self._stored.get(id)
        return grader or await self._from_store(id)

    async def reward_ranges(self, id: str) -> list[tuple[float, float]]:
        """The ranges in which a grader's rewards lie: alone, and in groups; none of a grader that is gone."""
        try:
            version = (await self.find(id)).version
        except UnknownGrader:
            return []
        return [version.reward_range, *([version.group_reward_range] if version.has_group_credit else [])]

    async def recipes(self) -> tuple[list[Grader], dict[str, str]]:
        """Every recipe, shipped and stored, by name and version; and by id, why a stored one is not served."""
        served = [grader for grader in self.registry if grader.recipe]
        not_served: dict[str, str] = {}
        for id in await self._stored_ids():
            if self.registry.get(id) is not None:
                not_served[id] = "A grader that was added since bears its name, and is called in its place."
                continue
            try:
                served.append(await self.find(id))
            except UnknownGrader as error:
                not_served[id] = error.detail
        return sorted(served, key=lambda grader: parse_id(grader.id)), not_served

    def crediting(self) -> list[str]:
        """The ids of the versions and shipped recipes that credit groups."""
        return [grader.id for grader in self.registry if grader.version.has_group_credit]

    async def add_recipe(
        self, caller: Caller, name: str, on: str, config: dict[str, Any], item_map: dict[str, str]
    ) -> Grader:
        """Stores a recipe under the next version of `name`; equal content gives the version it has already.

        Raises:
            NameTaken: a grader or a shipped recipe bears the name.
            UnknownGrader: there is no `on`.
            InvalidConfig: the merged config or the item map is not one of the grader's.
        """
        if self.registry.has_name(name):
            raise NameTaken(f"{name!r} is the name of a grader or of a recipe that ships with it. Choose another.")
        encode(config, "/config")
        base = await self.find(on)
        if base.depth >= _CHAIN_MAX:
            raise InvalidRequest(
                f"A recipe may stand on at most {_CHAIN_MAX} others.", (Fault("/grader", "Too deep."),)
            )
        draft = Recipe(name, 1, on, config, item_map)
        digest = self.registry.resolve(draft, base).digest
        stored = await self._store.add_recipe(
            StoredRecipe(name, 0, draft.content, digest, caller.name, time.time_ns() // 1000)
        )
        return await self.find(f"{stored.name}@v{stored.version}")

    async def _from_store(self, id: str) -> Grader:
        try:
            name, version = parse_id(id)
        except ValueError:
            raise UnknownGrader(await self._unknown(id)) from None
        stored = await self._store.recipe(name, version)
        if stored is None:
            raise UnknownGrader(await self._unknown(id))
        recipe = _recipe(stored)
        # What it stands on may be a draft, or somebody else's: it may have changed since, or be gone.
        try:
            grader = self.registry.resolve(recipe, await self.find(recipe.grader))
        except (UnknownGrader, Unscored) as error:
            why = f"{id} is stored, but is not served: it stands on {recipe.grader}. {detail_of(error)}"
            raise UnknownGrader(why) from error
        self._stored[id] = grader
        return grader

    async def _stored_ids(self) -> list[str]:
        return [f"{recipe.name}@v{recipe.version}" for recipe in await self._store.recipes()]

    async def _unknown(self, id: str) -> str:
        if id in self.registry.unhealthy:
            return f"{id} was found but is not served: {self.registry.unhealthy[id]}"
        return graders.UnknownGrader(id, [*self.registry.ids(), *await self._stored_ids()]).detail


def _recipe(stored: StoredRecipe) -> Recipe:
    content = json.loads(stored.content)
    return Recipe(stored.name, stored.version, content["grader"], content["config"], content["item_map"])
