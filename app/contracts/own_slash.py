"""Routes below a run, whose name may hold slashes itself."""

from typing import Annotated

from fastapi import Path
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

RunName = Annotated[
    str,
    Path(
        description="The run's name. A slash in it may stand as it is, except before `moderation` or `monitor` at its "
        "end: the run `a/moderation` is read as `/v1/runs/a%2Fmoderation`."
    ),
]


class OwnSlash(APIRoute):
    """A route whose last slash must be one of the path: `%2Fmoderation` is the end of a run's name."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        ending = self.path[self.path.rindex("/") :].encode()
        if not scope.get("raw_path", ending).endswith(ending):
            return Match.NONE, {}
        return super().matches(scope)
