"""One version of a grader: its module, wrapped so that nothing but a valid Grade or an Unscored comes out of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel, TypeAdapter, ValidationError

from graders.api import Credited, Execution, Grade, Member, Program, Sample
from graders.cases import Case
from graders.crashes import crash_of
from graders.discovery import BUILT_IN
from graders.endless import OutOfTime, at_most
from graders.errors import (
    Fault,
    GraderCrashed,
    InvalidConfig,
    InvalidCredit,
    InvalidItem,
    Unscored,
    faults_of,
    sent_names,
)
from graders.members import faults, ordered
from graders.returned import WANTED, mistyped, shown, unfit_programs


@dataclass(frozen=True)
class Version:
    """`finance_qa@v1`: an immutable file and what is known of it."""

    name: str
    number: int
    module: ModuleType
    folder: Path
    digest: str
    released: bool
    origin: str
    """Who brought it: `built-in`, `path FOLDER` or `distribution NAME==VERSION`."""
    cases: tuple[Case, ...]
    """The cases that name this version, in the order of the file. Every start runs them."""

    @cached_property
    def id(self) -> str:
        return f"{self.name}@v{self.number}"

    @property
    def summary(self) -> str:
        """The first line of the module's docstring."""
        return (self.module.__doc__ or "").strip().partition("\n")[0]

    @cached_property
    def item_fields(self) -> frozenset[str]:
        """The names under which an item's fields are sent."""
        return frozenset(sent_names(self.module.Item))

    @cached_property
    def verdicts(self) -> tuple[str, ...]:
        return tuple(self.module.VERDICTS)

    @cached_property
    def reward_range(self) -> tuple[float, float]:
        low, high = getattr(self.module, "REWARD_RANGE", (0.0, 1.0))
        return float(low), float(high)

    @cached_property
    def has_group_credit(self) -> bool:
        """Whether it credits groups of samples: it declares `grade_group`."""
        return hasattr(self.module, "grade_group")

    @cached_property
    def group_reward_range(self) -> tuple[float, float]:
        """Least and greatest reward of a sample that is credited in a group, whatever the credit's parameters."""
        low, high = getattr(self.module, "GROUP_REWARD_RANGE", self.reward_range)
        return float(low), float(high)

    @cached_property
    def small_max_bytes(self) -> int:
        """Largest sample plus item, as JSON, whose judgement is known to be quick; such calls share a round trip."""
        return int(getattr(self.module, "SMALL_MAX_BYTES", 0))

    @cached_property
    def shared_max_bytes(self) -> int:
        """Largest call, executions included, that may share a round trip although it may take longer."""
        return max(self.small_max_bytes, int(getattr(self.module, "SHARED_MAX_BYTES", 0)))

    @cached_property
    def has_plan(self) -> bool:
        return hasattr(self.module, "plan")

    @cached_property
    def _config(self) -> type[BaseModel]:
        """Its `Config`. One that does not say what becomes of unknown fields forbids them: a misspelt one would leave a
        default in force, and with it other rewards."""
        shape: type[BaseModel] = self.module.Config
        if "extra" in shape.model_config or issubclass(shape, RootModel):
            return shape
        strict = {"model_config": ConfigDict(extra="forbid"), "__doc__": shape.__doc__, "__module__": shape.__module__}
        return type(shape.__name__, (shape,), strict)

    @cached_property
    def item_schema(self) -> dict[str, Any]:
        return _schema(self.module.Item)

    @cached_property
    def config_schema(self) -> dict[str, Any]:
        return _schema(self._config)

    @cached_property
    def details_schema(self) -> dict[str, Any]:
        """The shape of `Grade.details`; any object where the version declares no `Details`."""
        return _schema(getattr(self.module, "Details", dict[str, Any]))

    @cached_property
    def credit_schema(self) -> dict[str, Any] | None:
        """The shape of `credit`; None for a version that credits no groups."""
        return _schema(self.module.Credit) if self.has_group_credit else None

    def check_shape(self) -> None:
        """Raises whatever is wrong with what the module declares, before anybody depends on it."""
        for name in ("Item", "Config", "VERDICTS", "grade"):
            if not hasattr(self.module, name):
                raise AttributeError(f"{self.id} declares no {name}; see CONTRIBUTING.md, 'Add a grader'.")
        # Built on first use otherwise, so that a Details that has no JSON Schema would fail a reader, not its author.
        _ = (self.item_schema, self.config_schema, self.details_schema, self.verdicts, self.group_reward_range)
        _ = (self.summary, self.item_fields, self.shared_max_bytes)
        if isinstance(self.module.VERDICTS, str) or not all(isinstance(verdict, str) for verdict in self.verdicts):
            raise TypeError(f'{self.id}: VERDICTS is to be a tuple of texts, such as ("right", "wrong").')
        for low, high in (self.reward_range, self.group_reward_range):
            if not (low < high and isfinite(low) and isfinite(high)):
                raise ValueError(
                    f"{self.id}: a range of rewards is (least, greatest), two finite numbers; got ({low:g}, {high:g})."
                )
        if self.has_group_credit and self.module.Credit.model_config.get("extra") != "forbid":
            raise AttributeError(f"{self.id}: Credit must forbid extra fields, or a misspelt one would change rewards.")
        _ = self.credit_schema

    def read_item(self, item: dict[str, Any]) -> BaseModel:
        """The item as the version's own model. Unknown fields are ignored.

        Raises:
            InvalidItem: the row cannot be graded; its faults point below `/item`.
            GraderCrashed: a validator of the version's own failed.
        """
        try:
            return self._item(item)
        except _FAILURES as error:
            raise self._unread("Item", InvalidItem, error) from error

    def read_config(self, config: dict[str, Any]) -> BaseModel:
        """The config as the version's own model.

        Raises:
            InvalidConfig: a field is unknown or wrong; its faults point below `/config`.
            GraderCrashed: a validator of the version's own failed.
        """
        return self._read("Config", config, InvalidConfig)

    def read_credit(self, credit: dict[str, Any]) -> BaseModel:
        """The parameters of a group credit as the version's own model.

        Raises:
            InvalidCredit: a field is unknown or wrong; its faults point below `/credit`.
            GraderCrashed: a validator of the version's own failed.
        """
        return self._read("Credit", credit, InvalidCredit)

    def plan(self, sample: Sample, item: BaseModel, config: BaseModel) -> list[Program]:
        """The programs to run before `judge`; none for a version without `plan`.

        Raises:
            Unscored: as `judge`.
        """
        if not self.has_plan:
            return []
        programs = self._call("plan", sample, item, config)
        if not isinstance(programs, list) or not all(isinstance(program, Program) for program in programs):
            raise GraderCrashed(f"{self.id} planned something else than a list of programs.")
        if self.origin != BUILT_IN and (unfit := next(unfit_programs(programs), None)):
            raise GraderCrashed(f"{self.id} planned {unfit}.")
        return programs

    def judge(self, sample: Sample, item: BaseModel, config: BaseModel, results: list[Execution]) -> Grade:
        """The grade.

        Raises:
            InvalidItem, InvalidConfig: the grader found the request unusable.
            GraderCrashed: the grader raised something else, or returned what its version does not allow.
        """
        grade = self._call("grade", sample, item, config, results)
        low, high = self.reward_range
        if not isinstance(grade, Grade):
            raise GraderCrashed(f"{self.id} returned {shown(grade)}; wanted a Grade.")
        # The types of ours are checked before they are released.
        if self.origin != BUILT_IN and (wrong := mistyped(grade)):
            value = shown(getattr(grade, wrong))
            raise GraderCrashed(f"{self.id} returned a Grade whose {wrong} is {value}; wanted {WANTED[wrong]}.")
        if not low <= grade.reward <= high or grade.verdict not in self.verdicts:
            raise GraderCrashed(
                f"{self.id} returned reward {grade.reward!r}, verdict {grade.verdict!r}; wanted a reward in "
                f"[{low:g}, {high:g}] and a verdict of {', '.join(self.verdicts)}."
            )
        return grade

    def credit(self, members: Sequence[Member], config: BaseModel, credit: BaseModel) -> Credited:
        """The group's rewards, in the order of `members`, on which no reward depends.

        Raises:
            InvalidCredit, InvalidConfig: the grader found that the group cannot be credited in this way.
            GraderCrashed: the grader raised something else, or returned what its version does not allow.
        """
        order = ordered(members)
        in_order = [members[index] for index in order]
        credited = self._call("grade_group", in_order, config, credit)
        if not isinstance(credited, Credited):
            raise GraderCrashed(f"{self.id} credited a group with {shown(credited)}; wanted a Credited.")
        if unfair := next(faults(credited, in_order, *self.group_reward_range), None):
            raise GraderCrashed(f"{self.id} credited a group with {unfair}.")
        rewards = dict(zip(order, credited.rewards, strict=True))
        return Credited(tuple(rewards[index] for index in range(len(members))), credited.block)

    @cached_property
    def _item(self) -> Callable[[dict[str, Any]], BaseModel]:
        return _reader(self.module.Item)

    def _read(self, part: str, value: dict[str, Any], invalid: type[Unscored]) -> BaseModel:
        read = _reader(self._config if part == "Config" else getattr(self.module, part))
        try:
            if self.origin == BUILT_IN:
                return read(value)
            # Items are read in workers, which are killed; these on the event loop too.
            with at_most(_PARAMETERS_CPU_S):
                return read(value)
        except _FAILURES as error:
            raise self._unread(part, invalid, error) from error

    def _unread(self, part: str, invalid: type[Unscored], error: BaseException) -> Unscored:
        if isinstance(error, ValidationError):
            return invalid(_UNREAD[part].format(self.id), self._faults(error, part))
        return crash_of(self.id, self.folder, error)

    def _faults(self, error: ValidationError, part: str) -> tuple[Fault, ...]:
        """What is wrong with the `part` of a request. Of a wrong name it says where else, best in `part`, it stands."""
        names = [part, *(name for name in ("Item", "Config", "Credit") if name != part and hasattr(self.module, name))]
        shapes = {f"/{name.lower()}": getattr(self.module, name) for name in names}
        return faults_of(error, f"/{part.lower()}", getattr(self.module, part), shapes)

    def _call(self, function: str, *arguments: Any) -> Any:
        try:
            return getattr(self.module, function)(*arguments)
        except (InvalidItem, InvalidConfig, InvalidCredit):
            raise
        except _FAILURES as error:
            raise crash_of(self.id, self.folder, error, function) from error


# The border between the service and code it did not write: whatever a grader raises is a crash of the grader, and so is
# `sys.exit`, which would end the process with all that waits in it.
_FAILURES = (Exception, SystemExit, OutOfTime)

_UNREAD = {
    "Item": "The item is not one that {} can grade.",
    "Config": "The config is not one of {}.",
    "Credit": "The credit is not one of {}.",
}
# What a validator of a config or credit may take, s.
_PARAMETERS_CPU_S = 1.0


def _reader(shape: type[BaseModel]) -> Callable[[dict[str, Any]], BaseModel]:
    # What `model_validate` calls, without its arguments: a tenth of the cost of reading a small item.
    return shape.__pydantic_validator__.validate_python


def _schema(shape: Any) -> dict[str, Any]:
    return TypeAdapter(shape).json_schema()
