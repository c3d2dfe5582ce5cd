"""What a stored grade and sample say beyond their columns, read quickly: the answer, sub-rewards, tool calls."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec


class Traits(NamedTuple):
    answer: str | None
    """What the grader read out of the sample."""
    sub_rewards: dict[str, float]
    tool_calls: tuple[int, int] | None
    """How many, and how many of these repeat an earlier one; None: the sample carries none."""


class _Grade(msgspec.Struct):
    answer: str | None = None
    sub_rewards: dict[str, float] = {}


class _Call(msgspec.Struct):
    """A tool call: OpenAI's chat (`function`) or responses (`name`, `arguments`), Anthropic's (`name`, `input`)."""

    function: msgspec.Raw = msgspec.Raw()
    name: msgspec.Raw = msgspec.Raw()
    arguments: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()

    @property
    def said(self) -> tuple[bytes, ...]:
        """What it calls with what; its id is left out."""
        return tuple(map(bytes, (self.function, self.name, self.arguments, self.input)))


class _Message(msgspec.Struct):
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None


class _Sample(msgspec.Struct):
    output_tools: list[_Call] | None = None
    messages: list[_Message] | None = None
    choices: list[_Choice] | None = None

    def calls(self) -> Iterator[_Call]:
        """Those of the whole conversation; where that is not there, of what the platform sent last."""
        in_messages = _calls(self.messages or ())
        in_choices = _calls([choice.message for choice in self.choices or () if choice.message is not None])
        yield from in_messages or self.output_tools or in_choices


_grades = msgspec.json.Decoder(_Grade)
_samples = msgspec.json.Decoder(_Sample)
_NONE = _Grade()


def traits_of(grade: bytes, sample: bytes | None) -> Traits:
    """The traits in the JSON of a grade and a sample; what is not of the usual shape has none."""
    try:
        read = _grades.decode(grade)
    except msgspec.DecodeError:
        read = _NONE
    return Traits(read.answer, read.sub_rewards, _tool_calls(sample))


def _tool_calls(sample: bytes | None) -> tuple[int, int] | None:
    if sample is None or b"tool" not in sample:
        return None
    try:
        said = [call.said for call in _samples.decode(sample).calls()]
    except msgspec.DecodeError:
        return None
    return (len(said), len(said) - len(set(said))) if said else None


def _calls(messages: Iterable[_Message]) -> list[_Call]:
    return [call for message in messages for call in message.tool_calls or ()]
