"""What a grader and the service say to each other: Sample in, Grade out, Programs and Executions between.

Imports nothing of the project. It lies outside every digest, so it only grows: fields are added with a default,
never renamed, removed or given a new meaning.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Sample(BaseModel):
    """What the model produced for one item. Graders read the output text, or the output JSON where there is none."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    output_text: str | None = Field(None, description="The model's final text.")
    output_json: Any = Field(None, description="The model's structured output, already parsed.")
    output_tools: list[Any] | None = Field(None, description="The tool calls of the last message.")
    choices: list[Any] | None = Field(None, description="Chat-completion choices as the platform sent them.")
    messages: list[Any] | None = Field(None, description="The whole conversation, the model's turns included.")
    usage: dict[str, Any] | None = Field(None, description="Token counts as the platform sent them.")

    @classmethod
    def read(cls, sent: Any) -> "Sample":
        """A sample as sent: an object, or its `output_text` alone.

        Raises:
            ValidationError: a field has the wrong type, or there is none that a sample has (a misspelt `output_text`
                must not be judged as an empty answer).
        """
        return cls.model_validate({"output_text": sent} if isinstance(sent, str) else sent)

    @model_validator(mode="after")
    def _has_output(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"wanted at least one of {', '.join(Sample.model_fields)}")
        return self

    @cached_property
    def text(self) -> str:
        """`output_text`; where it is missing, `output_json` as JSON; where both are, the empty string."""
        if self.output_text is not None:
            return self.output_text
        return "" if self.output_json is None else json.dumps(self.output_json, ensure_ascii=False)


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
    """Untrusted code that a grader asks the service to run. A grader never runs one itself."""

    source: str
    stdin: str = ""
    timeout_s: float = 10.0
    memory_mib: int = 256


@dataclass(frozen=True, slots=True)
class Execution:
    """What the sandbox saw of one program. It knows no verdicts."""

    outcome: str
    stdout: str = ""
    stderr: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0


Executions = Sequence[Execution]
"""One per program that `plan` asked for, in its order; empty for a version without `plan`."""
