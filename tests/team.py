"""A small grader that credits groups, for the tests: written into a folder of graders by `write_team`."""

from pathlib import Path

TEAM = '''"""Pays for the right word; in a group, for the share of right words in its rollout."""
import os, re
from typing import Literal
from pydantic import BaseModel, ConfigDict, Field
from graders.api import Credited, Grade
from graders.errors import Fault, InvalidCredit, InvalidItem
VERDICTS = ("right", "wrong")
GROUP_REWARD_RANGE = (-1.0, 1.0)
class Item(BaseModel):
    word: str = Field(description="The right word.")
class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")
    right: float = Field(1.0, description="What the right word pays.")
class Credit(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["team", "edge", "bad", "hang", "die"] = Field("team", description="How the group is credited.")
    least: int = Field(1, description="Fewest judged samples.")
def grade(sample, item, config, results):
    if sample.text == "hang":
        re.match(r"(a+)+$", "a" * 60 + "b")
    if sample.text == "die":
        os.abort()
    if not item.word:
        raise InvalidItem("No word.", (Fault("/item/word", "Wanted a word."),))
    right = sample.text == item.word
    return Grade(config.right if right else 0.0, "right" if right else "wrong", f"Wanted {item.word}.", sample.text,
                 (0, len(sample.text)), {"length": len(sample.text) / 10})
def grade_group(members, config, credit):
    if credit.kind == "hang":
        re.match(r"(a+)+$", "a" * 60 + "b")
    if credit.kind == "die":
        os.abort()
    left_out = {member.item_id for member in members if member.grade is None}
    judged = [member for member in members if member.item_id not in left_out]
    if len(judged) < credit.least:
        raise InvalidCredit("corpus_too_small", (Fault("/credit/least", f"{len(judged)} samples were judged."),))
    teams = {member.rollout: [] for member in judged}
    for member in judged:
        teams[member.rollout].append(member.grade.reward)
    means = {rollout: sum(rewards) / len(rewards) for rollout, rewards in teams.items()}
    if credit.kind == "bad":
        means = dict.fromkeys(means, 2.0)
    if credit.kind == "edge":
        mean = sum(means.values()) / max(len(means), 1)
        means = {rollout: own - mean for rollout, own in means.items()}
    rewards = [None if member.item_id in left_out else means[member.rollout] for member in members]
    return Credited(rewards, {"judged": len(judged), "excluded": sorted(left_out), "teams": len(means)})
'''


def write_team(folder: Path) -> None:
    """Puts the grader `team@v1` into `folder`."""
    (folder / "team").mkdir(parents=True)
    (folder / "team" / "v1.py").write_text(TEAM)
