"""A service with API keys: the page asks for one, keeps it for the tab, and shows what its holder may see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.keys.key_file import entry_text
from app.keys.secret import new_key
from tests.browser.reader import Reader
from tests.keys.making import stored
from tests.servers import Server

KEY, ADMIN_KEY = new_key(), new_key()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("service")
    keys = [stored(KEY), stored(ADMIN_KEY, name="boss", scopes=("admin", "grade"))]
    (folder / "keys.toml").write_text("\n".join(entry_text(key) for key in keys))
    with Server(folder / "data", RFT_API_KEYS_FILE=str(folder / "keys.toml")) as server:
        yield server


def test_the_page_needs_no_key_and_the_api_beside_it_does(server: Server) -> None:
    paths = ("/", "/page/main.js", "/page/nothing.js", "/v1/graders", "/docs", "/pages", "/page")

    statuses = [server.client.get(path).status_code for path in paths]

    assert statuses == [200, 200, 404, 401, 200, 401, 401]


def test_the_page_asks_for_a_key_says_why_it_was_refused_and_goes_on_with_the_right_one(
    reader: Reader, server: Server
) -> None:
    reader.open("#/try/finance_qa%40v1")
    asking = reader.tab.get_by_role("dialog", name="API key")
    expect(asking).to_contain_text("rft-graders keys create")
    expect(asking).not_to_contain_text("X-Api-Key")
    expect(reader.tab.locator("main")).not_to_contain_text("keys create")
    assert reader.faults() == []
    asking.get_by_role("button", name="Cancel").click()
    reader.tab.get_by_role("button", name="Give a key").click()

    field = asking.get_by_label("Key", exact=True)
    field.fill("two words")
    asking.get_by_role("button", name="Use this key").click()
    expect(asking.get_by_role("alert")).to_contain_text("without spaces")
    field.fill(new_key())
    field.press("Enter")
    expect(asking.get_by_role("alert")).to_contain_text("none of this service's")
    expect(asking.get_by_role("alert")).not_to_contain_text("`")
    field.fill(KEY)
    field.press("Enter")

    main = reader.sees("Try a grader")
    main.get_by_role("button", name="Grade").click()
    expect(main.locator(".reward strong")).to_have_text("1")
    assert reader.tab.evaluate("Object.keys(localStorage).length") == 0
    reader.expects("status of 401")


def test_a_key_is_kept_for_the_tab_and_can_be_forgotten(reader: Reader) -> None:
    reader.open("")
    asking = reader.tab.get_by_role("dialog", name="API key")
    asking.get_by_label("Key", exact=True).fill(KEY)
    asking.get_by_label("Key", exact=True).press("Enter")
    reader.sees("Overview")
    reader.tab.reload()
    reader.sees("Overview")
    reader.tab.get_by_role("button", name="API key").click()
    asking.get_by_role("button", name="Forget the key").click()

    expect(asking).to_contain_text("This service needs an API key")
    reader.expects("status of 401")


def test_the_page_works_below_a_path_with_the_key_in_it(reader: Reader) -> None:
    """As it does below the path of a proxy: every address in it is relative."""
    main = reader.open(f"k/{KEY}/#/try/finance_qa%40v1", "Try a grader")
    main.get_by_role("button", name="Grade").click()

    expect(main.locator(".reward strong")).to_have_text("1")


def give(reader: Reader, key: str) -> None:
    field = reader.tab.get_by_role("dialog", name="API key").get_by_label("Key", exact=True)
    field.fill(key)
    field.press("Enter")


def test_only_who_may_read_others_is_offered_them_and_finds_their_runs(
    browser: Browser, reader: Reader, server: Server, tmp_path: Path
) -> None:
    body = {"item": {"reference": "5"}, "sample": "5", "run": {"id": "theirs", "step": 1}}
    server.client.post("/v1/graders/finance_qa@v1/grade", json=body, headers={"X-Api-Key": KEY}).raise_for_status()
    reader.open("#/runs")
    give(reader, KEY)
    main = reader.sees("Runs")
    expect(main.get_by_role("link", name="theirs")).to_be_visible()
    expect(main.get_by_label("Caller")).to_have_count(0)

    boss = Reader(browser, server.url, tmp_path)
    boss.open("#/runs")
    give(boss, ADMIN_KEY)
    main = boss.sees("Runs")
    expect(main.locator(".empty")).to_be_visible()
    main.get_by_label("Caller").fill("*")
    main.get_by_label("Caller").press("Enter")
    main.get_by_role("link", name="theirs").click()
    boss.sees("theirs")
    expect(main).to_contain_text("1 records of trainer, who graded last")
    main.get_by_role("region", name="Table of grades").locator("tbody a").click()
    boss.sees("Grade")
    server.client.post(
        "/v1/graders/finance_qa@v1/grade",
        json=body | {"run": {"id": "ours", "step": 1}},
        headers={"X-Api-Key": ADMIN_KEY},
    ).raise_for_status()
    boss.open("#/runs?of=*", "Runs")
    expect(main).to_contain_text("Runs of one name are counted together")
    boss.open("#/compare?a=theirs&b=theirs&of=*", "finance_qa@v1")
    expect(main).to_contain_text("Runs of trainer.")
    boss.open("#/compare?a=theirs&b=ours&of=*", "Compare two runs")
    expect(main.get_by_role("alert")).to_contain_text("Only runs of one caller can be compared")
    expect(main.get_by_label("A, before")).to_have_value("theirs")
    assert boss.faults() == []
    for one in (reader, boss):
        one.expects("status of 401")
    boss.leave()


def test_a_link_to_what_the_key_may_not_read_says_which_scope_is_missing(reader: Reader) -> None:
    reader.open("#/runs?of=boss")
    give(reader, KEY)
    problem = reader.tab.get_by_role("alert", name="Problem")

    expect(problem).to_contain_text("admin")
    expect(problem).to_contain_text("scope_missing")
    reader.expects("status of 40")


def test_the_openapi_page_takes_the_key_of_the_tab(reader: Reader) -> None:
    main = reader.open("docs")
    expect(main).to_contain_text("API key")
    reader.tab.evaluate("key => sessionStorage.setItem('rft-key', key)", KEY)
    reader.open("docs").locator(".opblock").first.wait_for()
    reader.expects("status of 401")


def test_links_of_another_caller_s_run_stay_with_that_caller(reader: Reader, server: Server) -> None:
    for run in ("theirs-1", "theirs-2"):
        rows = [{"item": item, "sample": "5", "run": {"id": run, "step": 3}} for item in ({"reference": "5"}, {})]
        for row in [rows[0], *[rows[1]] * 20]:
            server.client.post("/v1/graders/finance_qa@v1/grade", json=row, headers={"X-Api-Key": KEY})
    reader.open("#/compare?a=theirs-1&b=theirs-2&of=trainer")
    give(reader, ADMIN_KEY)
    main = reader.sees("finance_qa@v1")
    main.get_by_role("slider", name="Mean reward by step").focus()
    reader.tab.keyboard.press("End")
    reader.tab.keyboard.press("Enter")
    reader.sees("theirs-2")
    expect(main.get_by_label("Step", exact=True)).to_have_value("3")

    address = main.get_by_role("link", name="Show these grades").first.get_attribute("href")
    assert address is not None
    assert "of=trainer" in address
    reader.open(address, "theirs-2")
    expect(main.get_by_role("region", name="Table of grades").locator("tbody tr")).to_have_count(20)
    reader.expects("status of 401")
