"""Which graders there are, and recipes of one's own."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field

from app.contracts.wire import ANY, READING, Name, declared
from app.dependencies import CurrentCatalogue, GraderPath, caller_of, catalogue_of
from app.errors import LedgerUnavailable, NameTaken, UnknownGrader
from app.lean_route import AdminRoute
from app.reply import Reply
from graders.errors import InvalidConfig
from graders.recipes import NAME_PATTERN
from graders.registry import Grader

router = APIRouter(tags=["graders"])
_SHOWN_CHARS = 80

lean = APIRouter(route_class=AdminRoute, tags=["graders"])


class GraderSummary(BaseModel):
    """A grader or recipe that can be called."""

    id: str = Field(description="`name@vN`, by which it is called.")
    summary: str = Field(description="What it judges, in a line.")
    digest: str = Field(description="sha256 of what decides its rewards.")
    released: bool = Field(description="A released version never changes; a draft may.")
    origin: str = Field(description="`built-in`, `stored`, or the folder or distribution that brought it.")
    stands_on: str | None = Field(description="A recipe's grader; null for a version.")

    @classmethod
    def of(cls, grader: Grader) -> "GraderSummary":
        return cls(**_summary(grader))


class Case(BaseModel):
    """A worked example: what this version makes of a sample, and why it matters."""

    name: str = Field(description="What the case is about; no other case of the grader has this name.")
    why: str = Field(description="Why it matters.")
    item: dict[str, Any] = Field(description="The dataset row.")
    config: dict[str, Any] = Field(description="The grader's config; empty: its defaults.")
    sample: dict[str, Any] = Field(description="What the model produced.")
    reward: float | None = Field(description="What the sample earns; null: it ends in `error`.")
    verdict: str | None = Field(description="The judgement in one word; null: it ends in `error`.")
    error: str | None = Field(description="Code of the error that grading it ends in; null: it has a grade.")


class GraderPage(GraderSummary):
    """Everything needed to call a grader."""

    verdicts: list[str] = Field(description="Every verdict that a grade of it can have.")
    reward_range: list[float] = Field(min_length=2, max_length=2, description="Least and greatest reward.")
    group_reward_range: list[float] | None = Field(
        min_length=2, max_length=2, description="Least and greatest reward in a group; null: it credits no groups."
    )
    item_schema: dict[str, Any] = Field(description="JSON Schema of the item, under a recipe's column names.")
    config_schema: dict[str, Any] = Field(description="JSON Schema of the config.")
    details_schema: dict[str, Any] = Field(description="JSON Schema of a grade's `details`.")
    credit_schema: dict[str, Any] | None = Field(
        description="JSON Schema of `credit` in POST .../grade-group; null: it credits no groups."
    )
    config: dict[str, Any] = Field(description="What a recipe fixes; empty for a version.")
    item_map: dict[str, str] = Field(description="From a dataset's column to the version's item field.")
    cases: list[Case] = Field(description="Worked examples, which a start of the service runs; empty for a recipe.")


def _is_name(sent: str) -> str:
    """`sent`; raises ValueError if no recipe can bear it."""
    if not re.fullmatch(NAME_PATTERN, sent):
        raise ValueError(
            f"{sent[:_SHOWN_CHARS]!r} is no recipe name; one looks like strict_finance: lower case, digits and "
            "underscores, a letter first, at most 64 characters"
        )
    return sent


RecipeName = Annotated[str, AfterValidator(_is_name), Field(json_schema_extra={"pattern": f"^{NAME_PATTERN}$"})]


class RecipeBody(BaseModel, extra="forbid"):
    """A grader with its config fixed and its dataset's columns named."""

    name: RecipeName = Field(description="Its name without a version: the answer's `id` has both, as `name@vN`.")
    grader: Name = Field(description="A grader id, or another recipe's.")
    config: dict[str, Any] = Field({}, description="Laid over the config of `grader`, field by field.")
    item_map: dict[str, str] = Field({}, description="From a dataset's column to the item field it is read as.")


class Graders(BaseModel):
    """What can be called here, and what cannot and why."""

    graders: list[GraderSummary] = Field(
        description="Every version that can be called, by name, then every such recipe."
    )
    not_served: dict[str, str] = Field(
        description="What was found or stored and cannot be called, and why: it cannot be loaded, say, fails its "
        "self-test, or has changed after its release. By id; where none is known, by file or place in versions.lock."
    )


class Recipes(BaseModel):
    """The recipes that can be called here, and those that cannot and why."""

    recipes: list[GraderSummary] = Field(description="Every recipe that can be called, shipped or stored, by name.")
    not_served: dict[str, str] = Field(
        description="Stored recipes that cannot be called, and why: what they stand on is gone or has changed."
    )


@router.get("/v1/graders", response_model=Graders, responses=declared(*ANY, LedgerUnavailable))
async def list_graders(catalogue: CurrentCatalogue) -> Graders:
    """Every version and recipe, by name."""
    versions = [grader for grader in catalogue.registry if grader.recipe is None]
    recipes, not_served = await catalogue.recipes()
    served = {grader.id: GraderSummary.of(grader) for grader in (*versions, *recipes)}
    # A stored recipe is called although a grader of its name was found and cannot be.
    unhealthy = {id: why for id, why in catalogue.registry.unhealthy.items() if id not in served}
    return Graders(graders=list(served.values()), not_served=unhealthy | not_served)


@router.get("/v1/graders/{id}", response_model=GraderPage, responses=declared(*ANY, UnknownGrader, LedgerUnavailable))
async def show_grader(id: GraderPath, catalogue: CurrentCatalogue) -> GraderPage:
    """One grader: its schemas, digest, origin and cases."""
    grader = await catalogue.find(id)
    version = grader.version
    return GraderPage(
        **_summary(grader),
        verdicts=list(version.verdicts),
        reward_range=list(version.reward_range),
        group_reward_range=list(version.group_reward_range) if version.has_group_credit else None,
        item_schema=_with_columns(version.item_schema, grader.item_map),
        config_schema=version.config_schema,
        details_schema=version.details_schema,
        credit_schema=version.credit_schema,
        config=grader.config,
        item_map=grader.item_map,
        cases=[] if grader.recipe else _cases(grader),
    )


def _with_columns(schema: dict[str, Any], item_map: dict[str, str]) -> dict[str, Any]:
    """The schema of an item that has the columns of `item_map` instead of the fields that they are read as."""
    columns = {name: column for column, name in item_map.items()}
    fields = {columns.get(name, name): field for name, field in schema.get("properties", {}).items()}
    required = [columns.get(name, name) for name in schema.get("required", ())]
    return {**schema, "properties": fields} | ({"required": required} if required else {})


@lean.post(
    "/v1/recipes",
    response_model=GraderSummary,
    responses=declared(*READING, NameTaken, UnknownGrader, InvalidConfig, LedgerUnavailable),
)
async def add_recipe(request: Request, body: RecipeBody) -> Reply:
    """Store a recipe, which every caller may then name; needs the scope `admin`.

    The same content again gives the same `name@vN`; other content gives the next version.
    """
    grader = await catalogue_of(request).add_recipe(
        caller_of(request), body.name, body.grader, body.config, body.item_map
    )
    return Reply(GraderSummary.of(grader).model_dump_json().encode())


@router.get("/v1/recipes", response_model=Recipes, responses=declared(*ANY, LedgerUnavailable))
async def list_recipes(catalogue: CurrentCatalogue) -> Recipes:
    """Every recipe, shipped and stored."""
    recipes, not_served = await catalogue.recipes()
    return Recipes(recipes=[GraderSummary.of(grader) for grader in recipes], not_served=not_served)


def _summary(grader: Grader) -> dict[str, Any]:
    return {
        "id": grader.id,
        "summary": grader.summary,
        "digest": grader.digest,
        "released": grader.released,
        "origin": grader.origin,
        "stands_on": grader.recipe.grader if grader.recipe else None,
    }


def _cases(grader: Grader) -> list[Case]:
    key = f"v{grader.version.number}"
    return [
        Case(
            name=case.name,
            why=case.why,
            item=case.item,
            config=case.config,
            sample=case.sample,
            reward=case.expect[key].reward,
            verdict=case.expect[key].verdict,
            error=case.expect[key].error,
        )
        for case in grader.version.cases
    ]
