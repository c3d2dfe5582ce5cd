"""The overview says what the service says of itself."""

from playwright.sync_api import Browser, expect

from tests.browser.reader import Reader
from tests.servers import Server


def test_the_overview_shows_health_and_every_grader(reader: Reader, server: Server) -> None:
    main = reader.open("", "Overview")
    known = server.client.get("/v1/graders").json()["graders"]

    expect(main.get_by_text("Ready to grade")).to_be_visible()
    rows = main.get_by_role("region", name="Table of graders").locator("tbody th")
    assert rows.all_inner_texts() == [grader["id"] for grader in known]
    assert reader.faults() == []
    reader.picture("overview")


def test_a_sample_left_unscored_stands_under_recent_errors_with_its_code(reader: Reader, server: Server) -> None:
    reader.open("#/?of=nobody-else", "Overview").get_by_text("No sample was left unscored").wait_for()
    reader.open("", "Overview")
    body = {"item": {}, "sample": "x", "run": {"id": "r-1", "step": 7}}
    refused = server.client.post("/v1/graders/finance_qa@v1/grade", json=body).json()
    reader.look_again()
    main = reader.tab.locator("main")
    row = main.get_by_role("region", name="Table of errors").locator("tbody tr").first

    expect(row).to_contain_text(refused["code"].replace("_", " "))
    expect(row).to_contain_text("r-1")
    expect(row).to_contain_text(refused["errors"][0]["detail"].replace("`", ""))
    assert reader.faults() == []


def test_a_parameter_that_a_view_does_not_know_is_said(reader: Reader) -> None:
    main = reader.open("#/?caller=me", "Overview")

    expect(main.locator(".warning").first).to_contain_text(
        "This view does not know caller of the address. It knows: of."
    )


def test_both_themes_pass_and_the_choice_is_kept(reader: Reader) -> None:
    reader.theme("dark")
    reader.open("", "Overview")
    assert reader.faults() == []
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = reader.tab.evaluate(ground)
    for wanted in ("light", "dark"):
        reader.tab.get_by_role("button", name="Theme").click()
        reader.tab.reload()
        reader.sees("Overview")
        expect(reader.tab.get_by_role("button", name=f"Theme: {wanted}")).to_be_visible()
        assert (reader.tab.evaluate(ground) == dark) is (wanted == "dark")


def test_the_list_of_keys_opens_and_closes_without_a_mouse(reader: Reader) -> None:
    reader.open("", "Overview")
    reader.tab.keyboard.press("?")
    keys = reader.tab.get_by_role("dialog", name="Keyboard")
    expect(keys).to_be_visible()
    assert reader.faults() == []
    reader.tab.keyboard.press("Escape")
    expect(keys).to_have_count(0)


def test_a_narrow_window_scrolls_nothing_sideways_but_tables(browser: Browser, reader: Reader) -> None:
    reader.tab.set_viewport_size({"width": 360, "height": 800})
    for address, title in (("", "Overview"), ("#/try", "Try a grader")):
        reader.open(address, title)
        assert reader.tab.evaluate("document.documentElement.scrollWidth") <= 360, title


def test_a_service_that_is_gone_is_said_and_found_again(browser: Browser, reader: Reader, server: Server) -> None:
    main = reader.open("", "Overview")
    reader.tab.context.set_offline(True)
    reader.look_again()
    expect(main.get_by_role("alert", name="Problem")).to_contain_text("does not answer")
    reader.tab.context.set_offline(False)
    reader.look_again()
    expect(main.get_by_role("alert", name="Problem")).to_have_count(0)
    reader.expects("ERR_INTERNET_DISCONNECTED")


def test_a_tally_of_more_errors_than_are_counted_says_so(reader: Reader, server: Server) -> None:
    tallies = reader.open("", "Overview").get_by_role("list", name="Errors in the last 24 hours")
    body = {"samples": [{"item": {}, "sample": "x"}] * 1000}
    server.client.post("/v1/graders/finance_qa@v1/grade-batch", json=body).raise_for_status()
    reader.look_again()

    expect(tallies.locator("li").first).to_have_text("The last 1,000, in 24 hours:")
