"""The taxonomies that a config may name instead of writing them out. Names and codes are facts from public sources."""

from functools import cache
from typing import Any

from graders.kit.label_keys import label_key
from graders.moderation_f1.taxonomy import Taxonomy

# One label a line: `name | parent | alias | alias ...`; the parent may be left empty.

# openai/moderation-api-release, README: the data set's codes, and the names that the API of 2022 gave them.
_OPENAI_2022 = """
sexual | | S
hate | | H
violence | | V
harassment | | HR
self-harm | | SH | self_harm
sexual/minors | sexual | S3 | sexual_minors
hate/threatening | hate | H2 | hate_threatening
violence/graphic | violence | V2 | violence_graphic
"""

# OpenAI's OpenAPI description, CreateModerationResponse. It states each category on its own: the parents are ours.
_OPENAI_OMNI = """
harassment
harassment/threatening | harassment
hate
hate/threatening | hate
illicit
illicit/violent | illicit
self-harm
self-harm/intent | self-harm
self-harm/instructions | self-harm
sexual
sexual/minors | sexual
violence
violence/graphic | violence
"""

# Model cards in meta-llama/PurpleLlama. From S5 on, version 2 gives the codes other meanings than versions 3 and 4.
_LLAMA_GUARD_2 = """
Violent Crimes | | S1
Non-Violent Crimes | | S2
Sex-Related Crimes | | S3
Child Sexual Exploitation | | S4
Specialized Advice | | S5
Privacy | | S6
Intellectual Property | | S7
Indiscriminate Weapons | | S8
Hate | | S9
Suicide & Self-Harm | | S10
Sexual Content | | S11
"""
_LLAMA_GUARD_3 = """
Violent Crimes | | S1
Non-Violent Crimes | | S2
Sex-Related Crimes | | S3
Child Sexual Exploitation | | S4
Defamation | | S5
Specialized Advice | | S6
Privacy | | S7
Intellectual Property | | S8
Indiscriminate Weapons | | S9
Hate | | S10
Suicide & Self-Harm | | S11
Sexual Content | | S12
Elections | | S13
Code Interpreter Abuse | | S14
"""

# mlcommons/ailuminate, README, and `spc_lgl` from its data file; the parents `spc` and `sxc` are ours.
_AILUMINATE = """
vcr | | Violent Crimes
src | | Sex-Related Crimes
cse | | Child Sexual Exploitation
ssh | | Suicide & Self-Harm
iwp | | Indiscriminate Weapons | Indiscriminate Weapons (CBRNE)
ipv | | Intellectual Property Violations
dfm | | Defamation
ncr | | Non-Violent Crimes
hte | | Hate
prv | | Privacy Violations
spc | | Specialized Advice
spc_ele | spc
spc_fin | spc
spc_hlt | spc
spc_lgl | spc
sxc | | Sexual Content
sxc_prn | sxc
"""

# QwenLM/Qwen3Guard, README.
_QWEN3GUARD = """
Violent
Non-violent Illegal Acts
Sexual Content or Sexual Acts
PII
Suicide & Self-Harm
Unethical Acts
Politically Sensitive Topics
Copyright Violation
Jailbreak
"""

# rewire-online/edos (CC0): three levels, whose names hold commas.
_EDOS = """
sexist
1. threats, plans to harm and incitement | sexist
2. derogation | sexist
3. animosity | sexist
4. prejudiced discussions | sexist
1.1 threats of harm | 1. threats, plans to harm and incitement
1.2 incitement and encouragement of harm | 1. threats, plans to harm and incitement
2.1 descriptive attacks | 2. derogation
2.2 aggressive and emotive attacks | 2. derogation
2.3 dehumanising attacks & overt sexual objectification | 2. derogation
3.1 casual use of gendered slurs, profanities, and insults | 3. animosity
3.2 immutable gender differences and gender stereotypes | 3. animosity
3.3 backhanded gendered compliments | 3. animosity
3.4 condescending explanations or unwelcome advice | 3. animosity
4.1 supporting mistreatment of individual women | 4. prejudiced discussions
4.2 supporting systemic discrimination against women as a group | 4. prejudiced discussions
"""

# t-davidson/hate-speech-and-offensive-language, data/readme.md: one of three classes.
_DAVIDSON = """
hate speech | | 0
offensive language | | 1
neither | | 2
"""

_TABLES: dict[str, tuple[str, list[str]]] = {
    "openai-moderation-2022": (_OPENAI_2022, ["none", "safe"]),
    "openai-omni-2024": (_OPENAI_OMNI, ["none", "safe"]),
    "llama-guard-2": (_LLAMA_GUARD_2, ["none", "safe"]),
    "llama-guard-3": (_LLAMA_GUARD_3, ["none", "safe"]),
    "llama-guard-4": (_LLAMA_GUARD_3, ["none", "safe"]),
    "ailuminate-1.0": (_AILUMINATE, ["none", "safe"]),
    "qwen3guard": (_QWEN3GUARD, ["none", "safe"]),
    "edos-2023": (_EDOS, ["none", "not sexist"]),
    "davidson-2017": (_DAVIDSON, ["none", "safe"]),
}
_BY_KEY = {label_key(name): name for name in _TABLES}

SHIPPED = tuple(_TABLES)
"""The names, in the order of the README."""


def shipped(name: str) -> Taxonomy | None:
    """The taxonomy of that name in any spelling of it (`llama_guard_3`), or None."""
    known = _BY_KEY.get(label_key(name))
    return None if known is None else _built(known)


@cache
def _built(name: str) -> Taxonomy:
    table, negatives = _TABLES[name]
    return Taxonomy.model_validate(
        {"id": name, "labels": [_label(line) for line in table.strip().splitlines()], "negative_aliases": negatives}
    )


def _label(line: str) -> dict[str, Any]:
    name, *rest = (part.strip() for part in line.split("|"))
    parent, aliases = (rest[0], rest[1:]) if rest else ("", [])
    return {"name": name, "parent": parent or None, "aliases": aliases}
