"""Routes below a run, whose name may hold slashes itself."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class OwnSlash(APIRoute):
    """A route whose last slash must be one of the path: `%2Fmoderation` is the end of a run's name."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        ending = self.path[self.path.rindex("/") :].encode()
        if not scope.get("raw_path", ending).endswith(ending):
            return Match.NONE, {}
        return super().matches(scope)
