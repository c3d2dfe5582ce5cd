"""What a grader and the service say to each other: Sample in, Grade out, Programs and Executions between.

Imports nothing of the project. It lies outside every digest, so it only grows: fields are added with a default,
never renamed, removed or given a new meaning.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SANDBOX_VERSION = 5
"""The sandbox's `VERSION`, which counts up whenever it could see something else of a program: part of the digest of
every grader that runs programs."""

_SHOWN = ConfigDict(use_attribute_docstrings=True)
"""Of a dataclass that answers show: its fields are explained on the OpenAPI page as they are here."""


class Sample(BaseModel):
    """What the model produced for one item. Graders read the output text, or the output JSON where there is none."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    output_text: str | None = Field(None, description="The model's final text.")
    output_json: Any = Field(None, description="The model's structured output, already parsed.")
    output_tools: list[dict[str, Any]] | None = Field(None, description="The tool calls of the last message.")
    choices: list[dict[str, Any]] | None = Field(None, description="Chat-completion choices as the platform sent them.")
    messages: list[dict[str, Any]] | None = Field(
        None, description="The whole conversation, the model's turns included."
    )
    usage: dict[str, Any] | None = Field(None, description="Token counts as the platform sent them.")

    @classmethod
    def read(cls, sent: Any) -> "Sample":
        """A sample as sent: an object, or its `output_text` alone; one that has been read stays as it is.

        Where neither text nor JSON was sent, what the model said last in `choices` or `messages` is its text: it must
        not be judged as an empty answer because a platform or a trainer left its copy out.

        Raises:
            ValidationError: a field has the wrong type, or there is none that a sample has (nor must a misspelt
                `output_text` be judged so).
        """
        if isinstance(sent, Sample):
            sample = sent
        else:
            # What `model_validate` calls, without its arguments.
            sample = cls.__pydantic_validator__.validate_python(
                {"output_text": sent} if isinstance(sent, str) else sent
            )
        if sample.output_text is None and sample.output_json is None and (said := _said_last(sample)) is not None:
            return sample.model_copy(update={"output_text": said})
        return sample

    @model_validator(mode="after")
    def _has_output(self) -> Self:
        if not self.__pydantic_fields_set__:
            raise ValueError(f"wanted at least one of {', '.join(Sample.model_fields)}")
        return self

    @cached_property
    def text(self) -> str:
        """`output_text`; where it is missing, `output_json` as JSON; where both are, the empty string."""
        if self.output_text is not None:
            return self.output_text
        return "" if self.output_json is None else json.dumps(self.output_json, ensure_ascii=False)


def _said_last(sample: Sample) -> str | None:
    """The text of the first choice, or of the conversation if the model has the last word; None: there is none."""
    match (sample.choices, sample.messages):
        case ([{"message": {"content": content}}, *_], _) if content is not None:
            return _text_of(content)
        case (_, [*_, {"role": "assistant", "content": content}]):
            return _text_of(content)
    return None


def _text_of(content: Any) -> str | None:
    """A message's content: a string, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    texts = [part["text"] for part in content if _is_text(part)] if isinstance(content, list) else []
    return "".join(texts) if texts else None


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)


@dataclass(frozen=True, slots=True)
class Grade:
    """The judgement of one sample. There is no field for an error: what stops a judgement is raised.

    Raises:
        ValueError: the reward or a sub-reward is NaN or infinite.
    """

    reward: float
    """The one number a trainer optimizes: finite, higher is better, inside the version's `REWARD_RANGE`."""
    verdict: str
    """The judgement in one word, from the version's closed set `VERDICTS`."""
    reason: str
    """One sentence that says why."""
    answer: str | None = None
    """What was read out of the sample; None when nothing was found."""
    answer_span: tuple[int, int] | None = None
    """Where the answer stands: [start, end) in code points of `output_text`; None when it stands nowhere."""
    sub_rewards: dict[str, float] = field(default_factory=dict)
    """Named parts that explain or compose the reward."""
    details: dict[str, Any] = field(default_factory=dict)
    """What an audit needs beyond the above, JSON values only; its shape is the version's `Details`."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.reward):
            raise ValueError(f"The reward is {self.reward!r}; a reward is a finite number.")
        for name, value in self.sub_rewards.items():
            if not math.isfinite(value):
                raise ValueError(f"The sub-reward {name!r} is {value!r}; a reward is a finite number.")


@dataclass(frozen=True, slots=True)
class Program:
    """Untrusted code that a grader asks the service to run, each process of it under these limits.

    Its shape follows from its fields:

    * **stdio** (no `entry_point`): the program is run once per entry of `stdins`, else once with `stdin`.
    * **structured** (`entry_point` and `calls`): the program is loaded and its function called; the values come back.
    * **judged** (`entry_point` and `test`): `test` runs in a process that never holds `source`; there, `candidate`,
      the entry point's name and every name that `test` leaves undefined call into the program's process.

    With `calls` or `stdins`, a `test` is a checker instead: after the program has ended, `checks[i]` is executed in
    the judge's process with `answer` bound to the value (or the stdout, a str) of the i-th result.

    Expected values belong into `test` and `checks`, or stay with the grader; they never belong into the rest.

    Raises:
        ValueError: the fields name no shape, or a checker has not one check per call or stdin.
    """

    __pydantic_config__ = _SHOWN

    source: str
    """The Python source of the program."""
    stdin: str = ""
    """stdio: what it reads on stdin where `stdins` is empty."""
    timeout_s: float = 10.0
    """Longest wall time of one process; time that it spent waiting for a CPU does not count."""
    memory_mib: int = 256
    """Memory that one process may add to the interpreter's own."""
    entry_point: str = ""
    """Name of the function that is called."""
    calls: tuple[str, ...] = ()
    """JSON texts `{"args": [...], "kwargs": {...}}` whose values are tagged as in `graders.kit.values`."""
    stdins: tuple[str, ...] = ()
    """What it reads on stdin: it is run once for each, in a process of its own."""
    test: str = ""
    """Python that is executed in the judge's process before `checks`."""
    checks: tuple[str, ...] = ()
    """Python statements, each one test, executed in order in the namespace of `test`. Empty: `test` itself is the one
    test, together with `check(candidate)` if it defines a function `check`."""
    prompt: str = ""
    """Python that the judge's process executes before `test`, for its helper functions."""
    cpu_s: float = 10.0
    """CPU time of one process; it is counted in whole seconds, rounded up."""
    output_bytes: int = 1 << 20
    """Most bytes of all answers together, of stdout and of stderr, each."""
    files: int = 64
    """Open files of one process."""
    threads: int = 16
    """Threads beside the first one; 0 forbids them, and so does a host that cannot count them (the layer `threads`)."""
    dependencies: str = "plain"
    """Name of the set of packages that the program may import, as the service's settings declare it."""
    total_timeout_s: float = 0.0
    """Longest time of the processes of all stdins together: CPU time, or wall time of one that mostly sleeps. What does
    not fit any more is a `timeout`. 0: as many times `timeout_s` as there are stdins."""

    def __post_init__(self) -> None:
        for name in ("calls", "stdins", "checks"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.entry_point and (self.stdins or not (self.calls or self.test)):
            raise ValueError("A program with an entry_point has calls or a test, and no stdins.")
        if not self.entry_point and (self.calls or (self.test and not self.stdins)):
            raise ValueError("Calls need an entry_point; a test needs one too, or stdins.")
        if self.test and self.shape != "judged" and len(self.checks) != max(len(self.calls), len(self.stdins)):
            raise ValueError("A checker has one check per call or stdin.")

    @property
    def shape(self) -> Literal["stdio", "structured", "judged"]:
        """Which of the three it is."""
        if not self.entry_point:
            return "stdio"
        return "structured" if self.calls else "judged"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one call or of one stdin.

    `outcome` of a call: `returned`, `raised`, `memory_limit` (it raised MemoryError), `unsendable` (its value is no
    exact builtin type), `not_reached`. Of a stdin: as `Execution.outcome`.
    """

    __pydantic_config__ = _SHOWN

    outcome: str
    """How it ended, in one of the words above."""
    value: str = ""
    """The returned value as the program wrote it, ASCII: `graders.kit.values.decode` reads it or raises `Unreadable`,
    which is the program's fault."""
    error: str = ""
    """`Type: message` of an exception."""
    call: str = ""
    """Judged: the recorded call, as in `Program.calls`."""
    stdout: str = ""
    """Of a stdin: the first bytes, as in `Execution`; empty for a call, as is `stderr`."""
    stderr: str = ""
    """Of a stdin: the first bytes of that."""
    wall_s: float = 0.0
    """Of a stdin: seconds from the start of its process to its end; 0 for a call, as are the two below."""
    cpu_s: float = 0.0
    """Of a stdin: CPU time of its process, in seconds."""
    memory_mib: float = 0.0
    """Of a stdin: largest resident memory of its process, in MiB."""


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one test.

    `outcome`: `held`; `failed` (AssertionError); `raised` (an exception of the program's went through the test);
    `judge_error` (an exception of the test's own, or the test reached a limit); `not_reached` (the program had ended,
    or had no answer to check).
    """

    __pydantic_config__ = _SHOWN

    outcome: str
    """How it ended, in one of the words above."""
    error: str = ""
    """`Type: message` of an exception; `limit: ...` where the test reached a limit of the judge's."""
    had_value: bool = False
    """Whether a value or exception of the program's had reached the test code when this one ended."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What the sandbox saw of one program. It knows no verdicts.

    `outcome`: `finished` (every call or stdin was answered, be it by exceptions, or the test came to its end),
    `load_error`, `runtime_error` (stdio: ended by an exception or another exit status than 0), `timeout`, `cpu_limit`,
    `memory_limit`, `output_limit`, `sandbox_violation`, `crashed` (by a signal), `protocol_error`, `exited_early`. Of
    several stdins: the first outcome that is not `finished`.
    """

    __pydantic_config__ = _SHOWN

    outcome: str
    """How it ended, in one of the words above."""
    stdout: str = ""
    """The first bytes, as UTF-8 with U+FFFD for what is none; of several stdins: in `results`."""
    stderr: str = ""
    """The first bytes, as those of `stdout`."""
    wall_s: float = 0.0
    """Seconds from the start of its process to the end of it; of several stdins, those of all together."""
    cpu_s: float = 0.0
    """CPU time of its processes, in seconds; the judge's is not in it."""
    error: str = ""
    """`Type: message` of what ended it, where that is known."""
    results: tuple[Result, ...] = ()
    """One per call or stdin, in order; judged: the calls that the test made, as many as are kept."""
    checks: tuple[Check, ...] = ()
    """One per check, in order; one for a test without checks."""
    calls_made: int = 0
    """Calls that were begun, or stdins."""
    calls_answered: int = 0
    """Calls that returned or raised, or stdins that came to `finished`."""
    memory_mib: float = 0.0
    """Largest resident memory of a process, in MiB."""
    judge_cpu_s: float = 0.0
    """CPU time of a judge of its own, in seconds; 0 without one."""
    layers: tuple[str, ...] = ()
    """The isolation that was in force, e.g. `landlock7 seccomp rlimits uid`."""
    flags: tuple[str, ...] = ()
    """`exited_early` (it called `sys.exit` or `os._exit`, whatever the outcome), `stdout_cut`, `stderr_cut`."""

    def __post_init__(self) -> None:
        # As its own JSON gives them, they are lists, and their parts dicts.
        for name, kind in (("results", Result), ("checks", Check)):
            parts = getattr(self, name)
            if not isinstance(parts, tuple):
                parts = tuple(kind(**part) if isinstance(part, dict) else part for part in parts)
                object.__setattr__(self, name, parts)
        for name in ("layers", "flags"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


Executions = Sequence[Execution]
"""One per program that `plan` asked for, in its order; empty for a version without `plan`."""


@dataclass(frozen=True, slots=True)
class Member:
    """One sample of a group whose rewards depend on each other: what `grade_group` is told of it.

    Members come in an order of the service's own, which does not depend on the order in which they were sent.
    """

    grade: Grade | None
    """Its own judgement; None: it could not be judged."""
    item: BaseModel | None
    """The row as the version's `Item`; None where it is not one, and then there is no grade either."""
    item_id: str
    """The caller's `run.item_id`; where none was sent, `sha256:` and the row's checksum, so that equal rows are one
    item."""
    rollout: int | None
    """The caller's `run.rollout`: which attempt at the item this is; None: not said."""


@dataclass(frozen=True, slots=True)
class Credited:
    """What a group earned: a reward per member, and the group as a whole.

    Raises:
        ValueError: a reward is NaN or infinite.
    """

    rewards: tuple[float | None, ...]
    """One per member, in the members' order: finite, inside the version's `GROUP_REWARD_RANGE`; equal members earn
    equal rewards. None: no reward, because the member was not judged, or because others without whom it cannot be
    credited were not; such a sample stays unscored."""
    block: dict[str, Any]
    """What the group came to as a whole, JSON values only: `group` in the answer."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rewards", tuple(self.rewards))
        for index, reward in enumerate(self.rewards):
            if reward is not None and not math.isfinite(reward):
                raise ValueError(f"The reward of member {index} is {reward!r}; a reward is a finite number.")
