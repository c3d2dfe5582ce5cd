"""A release that starts on a database of the release before, while that is away or somebody else has it."""

from functools import partial
from pathlib import Path

import pytest

from app.ledger import schema_revision
from app.ledger.migrate import upgrade
from app.ledger.opening import open_database
from app.ledger.revision import known_revisions
from tests.ledger.making import grade
from tests.ledger.opening import Opening, stored, until

pytestmark = pytest.mark.anyio

OLDER, HEAD = known_revisions()


async def of_revision(url: str, revision: str) -> None:
    """Brings the database at `url` to `revision`."""
    database = open_database(url)
    await database.exclusively(partial(upgrade, revision=revision))
    await database.close()


async def test_a_database_that_is_back_before_it_is_asked_again_is_migrated_all_the_same(
    empty_database_url: str, tmp_path: Path
) -> None:
    # As `rft-graders serve` finds it that was told no when it wanted to migrate, and went on with the keys it had.
    await of_revision(empty_database_url, max(OLDER))

    async with Opening(empty_database_url, tmp_path)() as ledger:
        await until(lambda: not ledger.is_away)
        await ledger.add([given := grade()])

        assert await schema_revision(empty_database_url) == HEAD
        await ledger.check()
        assert await stored(ledger) == [given]
