"""Small logistic policies that learn to moderate, by REINFORCE on the rewards of moderation_f1's own code.

A world draws texts as points and their labels from a known probability, so that the best corpus F1 is known. A policy
answers K times for each of B texts, every answer is graded as text by `moderation_f1@v1`, and what it earned moves the
policy as GRPO does: against the mean of its group, divided by the group's standard deviation or not.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

from graders.api import Grade, Member, Sample
from graders.moderation_f1 import v1

Array = NDArray[Any]
ROLLOUTS = 8
MEASURED_EVERY = 100


@dataclass(frozen=True)
class World:
    """Texts with labels at the prevalences given; each label is a coin whose odds a logistic policy can know."""

    name: str
    prevalences: tuple[float, ...]
    features: int
    separation: float
    """Length of each label's weights: how far the features tell its texts from the others."""
    config: dict[str, Any]
    steps: int

    @property
    def codes(self) -> Array:
        return 1 << np.arange(len(self.prevalences))

    @cached_property
    def train(self) -> tuple[Array, Array, Array]:
        return self._texts(20_000, 1)

    @cached_property
    def valid(self) -> tuple[Array, Array, Array]:
        return self._texts(20_000, 2)

    @cached_property
    def test(self) -> tuple[Array, Array, Array]:
        return self._texts(50_000, 3)

    @cached_property
    def best(self) -> float:
        """The best corpus F1 that anybody who knows the probabilities can have on the test texts."""
        return _best(self.test)

    @cached_property
    def best_valid(self) -> float:
        """The same on the validation texts."""
        return _best(self.valid)

    def _texts(self, number: int, seed: int) -> tuple[Array, Array, Array]:
        """Features (the last one constant), labels, and the probability of each label."""
        weights = np.random.default_rng(7).normal(size=(self.features, len(self.prevalences)))
        weights *= self.separation / np.linalg.norm(weights, axis=0)
        random = np.random.default_rng(seed)
        x = np.column_stack([random.normal(size=(number, self.features)), np.ones(number)])
        odds = _sigmoid(x @ np.vstack([weights, _offsets(weights, self.prevalences)]))
        return x, random.random(odds.shape) < odds, odds


def corpus_f1(labels: Array, answers: Array) -> float:
    """F1 over all labels of all texts (micro)."""
    named = int(labels.sum() + answers.sum())
    return 2 * int((labels & answers).sum()) / named if named else 0.0


def _best(texts: tuple[Array, Array, Array]) -> float:
    """One threshold for all labels on their probabilities is the best rule (Lipton et al., arXiv 1402.1892)."""
    _, labels, odds = texts
    return max(corpus_f1(labels, odds >= threshold) for threshold in np.linspace(0.02, 0.8, 400))


class Judge:
    """moderation_f1@v1 with one config. A policy has few different answers, so each is graded once and remembered."""

    def __init__(self, config: dict[str, Any], labels: int) -> None:
        self.config = v1.Config.model_validate(config)
        self._labels = labels
        self._grades: dict[tuple[int, int], Grade] = {}
        self._rewards = np.full((1 << labels, 1 << labels), np.nan)
        self._weights = np.full(1 << labels, np.nan)

    def rewards(self, gold: Array, said: Array) -> Array:
        """The reward of each answer, both sides given as bits."""
        found = self._rewards[gold, said]
        if np.isnan(found).any():
            for pair in set(zip(gold[np.isnan(found)].tolist(), said[np.isnan(found)].tolist(), strict=True)):
                self._rewards[pair] = self.grade(*pair).reward
            found = self._rewards[gold, said]
        return found

    def signal_weights(self, gold: Array) -> Array:
        """`details.signal_weight` of each text."""
        for one in np.unique(gold[np.isnan(self._weights[gold])]).tolist():
            self._weights[one] = self.grade(one, 0).details["signal_weight"]
        return self._weights[gold]

    def grade(self, gold: int, said: int) -> Grade:
        if (gold, said) not in self._grades:
            self._grades[gold, said] = v1.grade(
                Sample(output_text=self._output(said)), self._item(gold), self.config, ()
            )
        return self._grades[gold, said]

    def _item(self, gold: int) -> v1.Item:
        return v1.Item.model_validate({"gold": bool(gold) if self.config.mode == "flag" else self._names(gold)})

    def _output(self, said: int) -> str:
        if self.config.mode == "flag":
            return "Yes" if said else "No"
        return json.dumps({"labels": self._names(said)})

    def _names(self, bits: int) -> list[str]:
        return [f"label {place}" for place in range(self._labels) if bits >> place & 1]


Rewarding = Callable[[float, World], tuple[Callable[[Array, Array], Array], Callable[[Array], Array] | None]]
"""From the F that was last measured to what answers earn, and the weight of each text's loss, if it has one."""


def per_sample(weigh: bool = False, **config: Any) -> Rewarding:
    """Rewards by `config`; without an `f_ref`, it is the F last measured. `weigh`: with `signal_weight` in the loss."""
    known: dict[tuple[str, float], Judge] = {}

    def of(f: float, world: World) -> tuple[Callable[[Array, Array], Array], Callable[[Array], Array] | None]:
        judge = known.get((world.name, f))
        if judge is None:
            judge = Judge({**world.config, "f_ref": round(f, 4), **config}, len(world.prevalences))
            known[world.name, f] = judge
        return judge.rewards, judge.signal_weights if weigh else None

    return of


def team(**credit: Any) -> Rewarding:
    """Every answer earns the F of its rollout, through `grade_group`."""
    asked = v1.Credit.model_validate({"kind": "team", **credit})
    judges: dict[str, Judge] = {}

    def of(f: float, world: World) -> tuple[Callable[[Array, Array], Array], None]:
        judge = judges.setdefault(world.name, Judge({**world.config, "reward": "set_f"}, len(world.prevalences)))

        def rewards(gold: Array, said: Array) -> Array:
            members = [
                Member(judge.grade(gold_bits, said_bits), _ITEM, str(text), rollout)
                for text, row in enumerate(zip(gold.tolist(), said.tolist(), strict=True))
                for rollout, (gold_bits, said_bits) in enumerate(zip(*row, strict=True))
            ]
            return np.array(v1.grade_group(members, judge.config, asked).rewards).reshape(said.shape)

        return rewards, None

    return of


_ITEM = v1.Item(gold=[])


def learn(world: World, rewarding: Rewarding, scaling: str, seed: int, batch: int) -> list[float]:
    """Trains a policy; returns its corpus F1 on the validation texts every hundred steps, and on the test texts last.

    `scaling`: `none` or `group`, what advantages are divided by. F is measured every hundred steps, as an operator
    would, and the reward built anew from it.
    """
    random = np.random.default_rng(seed)
    x, labels, _ = world.train
    gold_codes = labels @ world.codes
    policy = Policy(world)
    curve = [policy.f1(*world.valid[:2])]
    reward, weight = rewarding(curve[-1], world)
    for step in range(1, world.steps + 1):
        chosen = random.integers(0, len(x), batch)
        odds = policy.odds(x[chosen])[:, None, :]
        answers = random.random((batch, ROLLOUTS, len(world.prevalences))) < odds
        said = answers @ world.codes
        gold = np.broadcast_to(gold_codes[chosen, None], said.shape)
        advantages = _advantages(reward(gold, said), scaling)
        if weight is not None:
            advantages = advantages * weight(gold)
        pull = np.einsum("bk,bkl->bl", advantages, answers - odds) / ROLLOUTS
        policy.move(x[chosen].T @ pull / batch, rate=0.05 * (1 - step / world.steps))
        if step % MEASURED_EVERY == 0:
            curve.append(policy.f1(*world.valid[:2]))
            reward, weight = rewarding(curve[-1], world)
    return [*curve, policy.f1(*world.test[:2])]


class Policy:
    """One logistic decision per label, moved by Adam."""

    def __init__(self, world: World) -> None:
        self._weights = np.zeros((world.features + 1, len(world.prevalences)))
        self._weights[-1] = -1.0
        self._mean, self._square, self._moves = np.zeros_like(self._weights), np.zeros_like(self._weights), 0

    def odds(self, x: Array) -> Array:
        """The probability with which it names each label."""
        return _sigmoid(x @ self._weights)

    def f1(self, x: Array, labels: Array) -> float:
        """Corpus F1 of the answers that it is more likely to give than not."""
        return corpus_f1(labels, x @ self._weights > 0)

    def move(self, gradient: Array, rate: float) -> None:
        """One step of Adam with its usual decays, upwards."""
        self._moves += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.99 * self._square + 0.01 * gradient**2
        mean, square = self._mean / (1 - 0.9**self._moves), self._square / (1 - 0.99**self._moves)
        self._weights += rate * mean / (np.sqrt(square) + 1e-8)


def _advantages(rewards: Array, scaling: str) -> Array:
    centred = rewards - rewards.mean(1, keepdims=True)
    return centred / (rewards.std(1, keepdims=True) + 1e-4) if scaling == "group" else centred


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _offsets(weights: Array, prevalences: tuple[float, ...]) -> Array:
    """What to add so that each label has its prevalence, by bisection."""
    z = np.random.default_rng(11).normal(size=(40_000, len(weights))) @ weights
    low, high = np.full(len(prevalences), -20.0), np.full(len(prevalences), 20.0)
    for _ in range(50):
        middle = (low + high) / 2
        too_many = _sigmoid(z + middle).mean(0) > np.array(prevalences)
        low, high = np.where(too_many, low, middle), np.where(too_many, middle, high)
    return (low + high) / 2
