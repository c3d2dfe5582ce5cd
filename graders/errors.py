"""Why a sample stays unscored. A grade is a judgement; each of these is raised instead of one.

    Unscored
    + InvalidItem       the dataset row cannot be graded by this version (the caller's fault)
    + InvalidConfig     the config cannot be used by this version (the caller's fault)
    + InvalidCredit     the group cannot be credited in the way that was asked for (the caller's fault)
    + GraderCrashed     the grader itself failed or broke its own promises (our fault, or its author's)

Errors in the *sample* are not here: wrong, empty or hostile output is judged. Outside every digest: only grows.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError
from pydantic.fields import FieldInfo

_NEAR = 0.6
_NAME_CHARS = 64
_NAMES_MAX = 40
_LEVELS_MAX = 3
# Names are compared for so many faults of a request: a hostile one has thousands.
_WORDED_MAX = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request: where (RFC 6901 JSON pointer) and what."""

    pointer: str
    detail: str


class Unscored(Exception):
    """No judgement was possible. `faults` say where the request is at fault, if it is.

    Raises:
        TypeError: `detail` is no text, or `faults` are something else than faults.
    """

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        # Graders raise these, and theirs must reach the caller from another process.
        if not (isinstance(detail, str) and all(isinstance(fault, Fault) for fault in faults)):
            wanted = f'{type(self).__name__}("what is wrong", [Fault("/item/label", "what is wrong there")])'
            raise TypeError(f"wanted {wanted}, got {type(detail).__name__} and {faults!r:.200}")
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)

    @property
    def code(self) -> str:
        """The class in snake case: `invalid_item`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class InvalidItem(Unscored):
    """The item cannot be graded by this version. Raised by `Item` validation or by `grade` itself."""


class InvalidConfig(Unscored):
    """The config is not one this version understands."""


class InvalidCredit(Unscored):
    """The group cannot be credited as asked. Raised by `Credit` validation or by `grade_group` itself."""


class GraderCrashed(Unscored):
    """The grader raised, died, or returned what its version does not allow."""


def json_pointer(root: str, *path: str | int) -> str:
    """`root` extended by `path`, escaped as RFC 6901 asks: `~` is `~0`, `/` is `~1`."""
    return root + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def said_by(error: BaseException) -> str:
    """What `error` says, as text that can be stored: cut to 1,000 characters, without lone surrogates."""
    # It may be anybody's class, whose __str__ may raise.
    try:
        text = str(error)
    except Exception:  # noqa: BLE001
        return "(it cannot say what)"
    return text[:1000].encode("utf-8", "replace").decode("utf-8")


def _said(kind: str, message: str) -> str:
    """Pydantic's message without the names of our classes and of its own."""
    return "Input should be an object" if kind == "model_type" else message.removeprefix("Value error, ")


def faults_of(
    error: ValidationError, root: str = "", shape: Any = None, elsewhere: Mapping[str, Any] | None = None
) -> tuple[Fault, ...]:
    """Pydantic's findings as faults, their pointers below `root`.

    With `shape`, the model that was wanted, what is said of a wrong name holds the right ones, and of a value that may
    be of several types there is one fault, or those of the type that was meant; `elsewhere` are the models of other
    parts of the request by their pointers, where a field may have been meant to stand.
    """
    all_found = error.errors(include_url=False, include_context=False)
    places = [_place(shape, found["loc"]) for found in all_found]
    # Of the types that a value may have, the one whose fault lies deepest in it was meant.
    depths: dict[_Steps, int] = {}
    for place in places:
        if place.union is not None:
            depths[place.union] = max(depths.get(place.union, 0), len(place.steps))
    meant = {(place.union, place.member) for place in places if len(place.steps) == depths.get(place.union or (), -1)}
    said: dict[_Steps, list[str]] = {}
    for index, (found, place) in enumerate(zip(all_found, places, strict=True)):
        if place.union is None or (place.union, place.member) in meant:
            detail = wording(found, shape if index < _WORDED_MAX else None, elsewhere or {})
            said.setdefault(place.steps, []).append(detail)
    return tuple(Fault(json_pointer(root, *steps), either(details)) for steps, details in said.items())


_Steps = tuple[str | int, ...]


class _Place(NamedTuple):
    """Where a fault is."""

    steps: _Steps
    """Without the names that pydantic gives to the members of unions."""
    union: _Steps | None = None
    """Where the first union on the way stands; None: there is none."""
    member: str = ""
    """Which of its members was tried."""


def _place(shape: Any, location: _Steps) -> _Place:
    steps: list[str | int] = []
    shapes, union, member = [shape], None, ""
    is_named = False
    for part in location:
        if not is_named and isinstance(part, str) and any(map(_is_union, shapes)):
            if union is None:
                union, member = tuple(steps), part
            is_named = True
            continue
        steps.append(part)
        shapes = [inside for each in shapes for inside in _inside(each, part)]
        is_named = False
    return _Place(tuple(steps), union, member)


def _is_union(shape: Any) -> bool:
    """Whether pydantic names the member of `shape` in which it found a fault; with None, a single type is no union."""
    return len([each for each in _alternatives(shape) if each is not NoneType]) > 1


def either(details: list[str]) -> str:
    """What is said of one place, said once: "Input should be a valid boolean or a valid string"."""
    first, *others = dict.fromkeys(details)
    return " or ".join([first, *(other.removeprefix("Input should be ") for other in others)])


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `name` may be a slip of; None: it is near none."""
    return next(iter(difflib.get_close_matches(name[:_NAME_CHARS], known, n=1, cutoff=_NEAR)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question whether the nearest of `known` was meant, with a blank before it; empty: none is near."""
    near = nearest(name, known)
    return "" if near is None else f" Did you mean {near!r}?"


def wording(found: Any, shape: Any, elsewhere: Mapping[str, Any]) -> str:
    """What one of pydantic's findings says, as in `faults_of`."""
    if shape is None or found["type"] not in {"extra_forbidden", "missing"}:
        return _said(found["type"], found["msg"])
    *path, name = found["loc"]
    known = _fields(_below(shape, path))
    if known and found["type"] == "extra_forbidden":
        return _unknown(str(name), sorted(known), elsewhere)
    if known and isinstance(found["input"], dict):
        others = [sent for sent in found["input"] if isinstance(sent, str) and sent not in known]
        near = nearest(str(name), others[:_NAMES_MAX])
        return "Field required" if near is None else f"Field required; there is {near[:_NAME_CHARS]!r} instead"
    return _said(found["type"], found["msg"])


def _unknown(name: str, known: list[str], elsewhere: Mapping[str, Any]) -> str:
    places = [place for root, shape in elsewhere.items() for place in _places(name, shape, root, _LEVELS_MAX)]
    other = f" There is one at {places[0]}." if places else ""
    more = ", ..." if len(known) > _NAMES_MAX else ""
    return f"There is no such field.{did_you_mean(name, known)}{other} Known: {', '.join(known[:_NAMES_MAX])}{more}"


def _below(shape: Any, path: Iterable[str | int]) -> list[Any]:
    """What `shape` allows at `path`; nothing where that cannot be told."""
    shapes = [shape]
    for part in path:
        shapes = [inside for each in shapes for inside in _inside(each, part)]
    return shapes


def _inside(shape: Any, part: str | int) -> Iterator[Any]:
    for each in _alternatives(shape):
        if _is_model(each):
            if (field := _by_name(each).get(str(part))) is not None:
                yield field.annotation
            elif part == each.__name__:
                yield each
        elif arguments := [argument for argument in get_args(each) if argument is not Ellipsis]:
            yield arguments[-1]


def _alternatives(shape: Any) -> Iterator[Any]:
    """The members of a union, without what is annotated on them."""
    origin = get_origin(shape)
    if origin is Annotated:
        yield from _alternatives(get_args(shape)[0])
    elif origin in (Union, UnionType):
        for each in get_args(shape):
            yield from _alternatives(each)
    else:
        yield shape


def _models(shape: Any) -> Iterator[type[BaseModel]]:
    return (each for each in _alternatives(shape) if _is_model(each))


def _is_model(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def _fields(shapes: Iterable[Any]) -> set[str]:
    return {name for shape in shapes for model in _models(shape) for name in _by_name(model)}


def _by_name(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of `model` under the names by which they are sent."""
    return {sent: field for name, field in model.model_fields.items() for sent in _sent_as(name, field, model)}


def sent_names(model: type[BaseModel]) -> list[str]:
    """The names under which the fields of `model` may be sent: aliases, where it has some."""
    return list(_by_name(model))


def _sent_as(name: str, field: FieldInfo, model: type[BaseModel]) -> Iterator[str]:
    alias = field.validation_alias
    paths = alias.choices if isinstance(alias, AliasChoices) else [alias]
    # A path leads into a field of the row, which is its first step.
    tops = [path.path[0] if isinstance(path, AliasPath) else path for path in paths]
    yield from [top for top in tops if isinstance(top, str)]
    if alias is None or any(model.model_config.get(by) for by in ("populate_by_name", "validate_by_name")):
        yield name


def _places(name: str, shape: Any, root: str, levels: int) -> Iterator[str]:
    """Where below `root` a field `name` may stand."""
    for model in _models(shape) if levels else ():
        for field_name, field in _by_name(model).items():
            if field_name == name:
                yield json_pointer(root, name)
            yield from _places(name, field.annotation, json_pointer(root, field_name), levels - 1)
