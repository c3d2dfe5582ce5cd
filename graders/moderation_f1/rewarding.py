"""What counts earn, in [0, 1]."""

from graders.moderation_f1.counting import Counts, Gold
from graders.moderation_f1.policy import Config


def reward_of(counts: Counts, gold: Gold, config: Config) -> float:
    """The reward of an answer that was read and is no abstention, before `format_floor`."""
    if config.reward == "set_f":
        return f_beta(counts.tp, counts.fp, counts.fn, config.beta, config.empty_empty)
    if config.reward == "exact":
        return 1.0 if counts.fp == counts.fn == 0 else 0.0
    if config.reward == "jaccard":
        union = counts.tp + counts.fp + counts.fn
        return counts.tp / union if union else config.empty_empty
    miss, alarm = config.weights
    missed, false = (counts.fn, counts.fp) if config.reward == "f_linear" else _costs(counts, gold, config)
    return max(0.0, 1.0 - (miss * missed + alarm * false) / scale_of(gold, config))


def with_floor(reward: float, config: Config) -> float:
    """What anything that was read earns, so that what was not is worth strictly less."""
    return config.format_floor + (1.0 - config.format_floor) * reward


def f_beta(tp: float, fp: float, fn: float, beta: float, if_empty: float) -> float:
    """(1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp); `if_empty` where there is nothing to find and nothing was found."""
    if not (tp or fp or fn):
        return if_empty
    hits = (1 + beta * beta) * tp
    return hits / (hits + beta * beta * fn + fp) if tp else 0.0


def _costs(counts: Counts, gold: Gold, config: Config) -> tuple[float, float]:
    """Misses and false alarms by the weights of their labels; what no label stands for weighs 1."""
    labels = config.labels
    if config.mode == "flag":
        return counts.fn * max(labels.weights_of(gold.labels), default=1.0), float(counts.fp)
    return sum(labels.weights_of(counts.missed)), sum(labels.weights_of(counts.false)) + counts.unknown


def scale_of(gold: Gold, config: Config) -> float:
    """What the costs of `f_linear` and `cost` are divided by; see `Config.scale`."""
    if config.scale is not None:
        return config.scale
    if config.mode == "set":
        scale = gold.known.bit_count() if config.reward == "f_linear" else sum(config.labels.weights_of(gold.known))
    else:
        scale = 1.0 if config.reward == "f_linear" else max(config.labels.weights, default=1.0)
    return scale or 1.0
