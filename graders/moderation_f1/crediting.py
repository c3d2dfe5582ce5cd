"""Credit by corpus: what a sample earns for the F of the corpus that it belongs to, instead of for itself."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from graders.api import Credited, Member
from graders.moderation_f1.corpora import Corpus, Totals, Value, corpora_of, invalid
from graders.moderation_f1.policy import Config
from graders.moderation_f1.rewarding import f_beta

Number = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Prior(BaseModel):
    """Counts of a run so far, which a corpus is added to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tp: Number = Field(description="True positives.")
    fp: Number = Field(description="False positives.")
    fn: Number = Field(description="False negatives.")


class Credit(BaseModel):
    """How the samples of a group share what their corpora came to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["none", "team", "marginal"] = Field(
        "team",
        description="`team` (default): every sample earns the F of its corpus. `marginal`: F of the corpus minus F "
        "without the sample, in [-1, 1]. `none`: its own reward.",
    )
    corpus_key: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None,
        description="An item field; only samples with the same value in it share a corpus. Default null: all that have "
        "the same `run.rollout`.",
    )
    prior: Prior | None = Field(
        None, description="`marginal`: counts that every corpus is added to, best those of the run. Default null: none."
    )
    beta: float | None = Field(None, ge=0, le=100, allow_inf_nan=False, description="Default null: that of the config.")
    zero_division: Literal[0, 1] = Field(
        0,
        description="F of a corpus in which nothing was to be found and nothing was named. Default 0; 1 pays silence.",
    )

    @model_validator(mode="after")
    def _prior_is_read(self) -> Self:
        if self.prior is not None and self.kind != "marginal":
            raise ValueError("`prior` is read only by the kind `marginal`; leave it out")
        return self

    @property
    def start(self) -> Totals:
        """The counts before a corpus is added."""
        return Totals() if self.prior is None else Totals(self.prior.tp, self.prior.fp, self.prior.fn)


def grade_group(members: Sequence[Member], config: Config, credit: Credit) -> Credited:
    """The credit of each sample, and the corpora.

    A corpus is the samples of one rollout index (and one value of `corpus_key`). An item of which a sample could not
    be judged is left out of all corpora, and its samples earn nothing: the corpora would not hold the same items.

    Raises:
        InvalidCredit: a corpus of one sample without a prior, samples of one item that no rollout index tells apart,
            or a `corpus_key` that an item lacks.
    """
    excluded = {member.item_id for member in members if member.grade is None}
    corpora = corpora_of(members, excluded, credit.corpus_key)
    beta = config.beta if credit.beta is None else credit.beta
    if credit.kind == "none":
        rewards = [member.grade.reward if member.grade else None for member in members]
    else:
        if all(member.item for member in members):
            _check_sizes(corpora, credit)
        rewards = [None] * len(members)
        for corpus in corpora:
            _pay(corpus, rewards, credit, beta)
    block = {
        "kind": credit.kind,
        "beta": beta,
        "zero_division": credit.zero_division,
        "prior": None if credit.prior is None else credit.prior.model_dump(),
        "corpora": [_shown(corpus, beta, credit) for corpus in corpora],
        "excluded": sorted(excluded),
        "warnings": _warnings(corpora, credit),
    }
    return Credited(tuple(rewards), block)


def _check_sizes(corpora: list[Corpus], credit: Credit) -> None:
    if not any(credit.start) and any(corpus.sent == 1 for corpus in corpora):
        more = ", or a `prior`" if credit.kind == "marginal" else ""
        detail = f"corpus_too_small: one sample has no F to share; send more items of each rollout{more}"
        raise invalid("/credit/kind", detail)


def _pay(corpus: Corpus, rewards: list[float | None], credit: Credit, beta: float) -> None:
    """Fills in the rewards of a corpus; none where others that could not be judged leave one sample without a prior."""
    if len(corpus.counts) == 1 and not any(credit.start):
        return
    whole = credit.start.plus(corpus.total)
    f = _f(whole, beta, credit)
    for index, counts in corpus.counts.items():
        rewards[index] = f if credit.kind == "team" else f - _f(whole.minus(counts), beta, credit)


def _f(totals: Totals, beta: float, credit: Credit) -> float:
    return f_beta(totals.tp, totals.fp, totals.fn, beta, float(credit.zero_division))


def _shown(corpus: Corpus, beta: float, credit: Credit) -> dict[str, Any]:
    total = corpus.total
    return {
        "rollout": corpus.rollout,
        "value": corpus.value,
        "samples": len(corpus.counts),
        "tp": total.tp,
        "fp": total.fp,
        "fn": total.fn,
        "f": _f(total, beta, credit) if corpus.counts else None,
    }


def _warnings(corpora: list[Corpus], credit: Credit) -> list[str]:
    found = []
    if not (credit.start.tp or credit.start.fn) and any(not _has_positives(corpus) for corpus in corpora):
        found.append("no_positive_in_corpus: there is a corpus in which nothing was to be found; its F says nothing")
    by_value: dict[Value, list[Counter[str]]] = {}
    for corpus in corpora:
        by_value.setdefault(corpus.value, []).append(corpus.items)
    if any(items != alike[0] for alike in by_value.values() for items in alike):
        found.append("unbalanced_corpora: the rollouts do not hold the same items, so their F cannot be compared")
    return found


def _has_positives(corpus: Corpus) -> bool:
    return bool(corpus.total.tp or corpus.total.fn)
