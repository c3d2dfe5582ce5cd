"""Grades one answer as the service would: from plain JSON values."""

from typing import Any

from graders.api import Grade, Sample
from graders.finance_qa import v1


def grade(item: dict[str, Any] | str, output: str, config: dict[str, Any] | None = None) -> Grade:
    """The grade of `output`; an item that is only a string is its reference."""
    fields = {"reference": item} if isinstance(item, str) else item
    return v1.grade(
        Sample(output_text=output), v1.Item.model_validate(fields), v1.Config.model_validate(config or {}), ()
    )


def reward(item: dict[str, Any] | str, output: str, config: dict[str, Any] | None = None) -> float:
    return grade(item, output, config).reward
