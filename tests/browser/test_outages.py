"""What the page says while the service, its database or the way to it is away, and that it goes on afterwards."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.browser.reader import Reader
from tests.servers import Server
from tests.services import Postgres, running_postgres


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with running_postgres() as postgres:
        yield postgres


@pytest.fixture(scope="module")
def server(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with a PostgreSQL of its own, which can be stopped."""
    folder = tmp_path_factory.mktemp("service")
    with Server(folder, RFT_DATABASE_URL=database.new_database()) as server:
        yield server


def test_the_overview_says_that_the_database_is_away_and_goes_on_when_it_is_back(
    reader: Reader, database: Postgres
) -> None:
    main = reader.open("#/?unknown=1", "Overview")
    database.stop()
    reader.look_again()
    card = main.locator(".card", has_text="Database")
    expect(card).to_contain_text("away")
    reader.open("#/?unknown=1", "Overview")
    expect(card).to_contain_text("away")
    expect(main.get_by_role("alert", name="Problem")).to_contain_text("The ledger is not available now")
    assert reader.faults() == []

    database.start()
    reader.look_again()
    expect(main.get_by_role("region", name="Table of graders")).to_be_visible()
    expect(card).to_contain_text("in use")
    expect(main.get_by_role("alert", name="Problem")).to_have_count(0)
    expect(main.locator(".warning").first).to_contain_text("does not know unknown")
    assert reader.faults() == []
    reader.expects("status of 503")


@pytest.mark.parametrize(
    ("view", "status", "body", "advice"),
    [
        ("#/", 502, "<html><h1>Bad gateway</h1></html>", "may be asked again"),
        ("#/", 503, '{"message": "no upstream"}', "may be asked again"),
        ("#/runs", 200, "<html><form action=login></form></html>", "gives the same answer"),
    ],
)
def test_what_a_proxy_answers_in_the_place_of_the_service_is_no_defect_of_the_page(
    reader: Reader, view: str, status: int, body: str, advice: str
) -> None:
    def answer(route: Route) -> None:
        route.fulfill(status=status, body=body)

    for path in ("**/readyz", "**/v1/**"):
        reader.tab.route(path, answer)
    problem = reader.open(view).get_by_role("alert", name="Problem")

    expect(problem).to_contain_text(f"The answer, {status}, is not the service's own")
    expect(problem).to_contain_text(advice)
    assert reader.faults() == []
    reader.expects(f"status of {status}")


def test_an_answer_that_breaks_off_is_said_to_be_none(reader: Reader) -> None:
    reader.tab.add_init_script(
        "const whole = Response.prototype.text;"
        "Response.prototype.text = function () { return this.url.includes('/v1/') "
        "? Promise.reject(new TypeError('network error')) : whole.call(this); };"
    )
    problem = reader.open("#/runs").get_by_role("alert", name="Problem")

    expect(problem).to_contain_text("The service does not answer")
    expect(problem.get_by_role("button", name="Try again")).to_be_visible()
