"""One version of a grader: its module, wrapped so that nothing but a valid Grade or an Unscored comes out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from graders.api import Credited, Execution, Grade, Member, Program, Sample
from graders.cases import Case
from graders.crashes import crash_of
from graders.errors import Fault, GraderCrashed, InvalidConfig, InvalidCredit, InvalidItem, faults_of
from graders.members import is_fair, ordered


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
    """The cases that name this version, the self-test first."""

    @property
    def id(self) -> str:
        return f"{self.name}@v{self.number}"

    @property
    def summary(self) -> str:
        """The first line of the module's docstring."""
        return (self.module.__doc__ or "").strip().partition("\n")[0]

    @cached_property
    def item_fields(self) -> frozenset[str]:
        return frozenset(self.module.Item.model_fields)

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
    def item_schema(self) -> dict[str, Any]:
        return _schema(self.module.Item)

    @cached_property
    def config_schema(self) -> dict[str, Any]:
        return _schema(self.module.Config)

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
        if self.has_group_credit and self.module.Credit.model_config.get("extra") != "forbid":
            raise AttributeError(f"{self.id}: Credit must forbid extra fields, or a misspelt one would change rewards.")
        _ = self.credit_schema

    def read_item(self, item: dict[str, Any]) -> BaseModel:
        """The item as the version's own model. Unknown fields are ignored.

        Raises:
            InvalidItem: the row cannot be graded; its faults point below `/item`.
        """
        try:
            return _model(self.module.Item, item)
        except ValidationError as error:
            raise InvalidItem(f"The item is not one that {self.id} can grade.", self._faults(error, "Item")) from error

    def read_config(self, config: dict[str, Any]) -> BaseModel:
        """The config as the version's own model.

        Raises:
            InvalidConfig: a field is unknown or wrong; its faults point below `/config`.
        """
        try:
            return _model(self.module.Config, config)
        except ValidationError as error:
            raise InvalidConfig(f"The config is not one of {self.id}.", self._faults(error, "Config")) from error

    def read_credit(self, credit: dict[str, Any]) -> BaseModel:
        """The parameters of a group credit as the version's own model.

        Raises:
            InvalidCredit: a field is unknown or wrong; its faults point below `/credit`.
        """
        try:
            return _model(self.module.Credit, credit)
        except ValidationError as error:
            raise InvalidCredit(f"The credit is not one of {self.id}.", self._faults(error, "Credit")) from error

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
        return programs

    def judge(self, sample: Sample, item: BaseModel, config: BaseModel, results: list[Execution]) -> Grade:
        """The grade.

        Raises:
            InvalidItem, InvalidConfig: the grader found the request unusable.
            GraderCrashed: the grader raised something else, or returned what its version does not allow.
        """
        grade = self._call("grade", sample, item, config, results)
        low, high = self.reward_range
        if not isinstance(grade, Grade) or not _is_typed(grade):
            raise GraderCrashed(f"{self.id} returned no Grade whose fields have their types: {type(grade).__name__}.")
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
        shown = [members[index] for index in order]
        credited = self._call("grade_group", shown, config, credit)
        low, high = self.group_reward_range
        if not isinstance(credited, Credited) or not is_fair(credited, shown, low, high):
            raise GraderCrashed(
                f"{self.id} returned no Credited with a reward in [{low:g}, {high:g}] or None for each of "
                f"{len(shown)} members, equal ones for equal members and None for those without a grade."
            )
        rewards = dict(zip(order, credited.rewards, strict=True))
        return Credited(tuple(rewards[index] for index in range(len(members))), credited.block)

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
        # The border between the service and code it did not write: whatever a grader raises is a crash of the grader.
        except Exception as error:
            raise crash_of(self.id, self.folder, error, function) from error


# A union would be made anew at every judgement.
_NUMBERS = (int, float)


def _is_typed(grade: Grade) -> bool:
    """Whether the fields that are shown and stored are what `Grade` says."""
    span = grade.answer_span
    return (
        isinstance(grade.reward, _NUMBERS)
        and isinstance(grade.verdict, str)
        and isinstance(grade.reason, str)
        and (grade.answer is None or isinstance(grade.answer, str))
        and (span is None or (len(span) == 2 and isinstance(span[0], int) and isinstance(span[1], int)))
        and isinstance(grade.sub_rewards, dict)
        and isinstance(grade.details, dict)
    )


def _model(shape: type[BaseModel], value: dict[str, Any]) -> BaseModel:
    # What `model_validate` calls, without its arguments: a tenth of the cost of reading a small item.
    read: BaseModel = shape.__pydantic_validator__.validate_python(value)
    return read


def _schema(shape: Any) -> dict[str, Any]:
    return TypeAdapter(shape).json_schema()
