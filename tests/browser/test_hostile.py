"""Nothing that comes from a sample, an item, a run or a grader runs as script or changes the page around it."""

import json
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.reader import Reader
from tests.servers import Server

MARKUP = (
    "<script>pwned = 1</script><img src=x onerror=pwned=1><svg onload=pwned=1>"
    "<a href='javascript:pwned=1'>x</a></textarea></pre><iframe srcdoc='<script>parent.pwned=1</script>'>"
    "<style>body{display:none}</style>{{constructor.constructor('pwned=1')()}}${pwned=1}"
)


def held(reader: Reader) -> bool:
    """Whether the page is as it was: nothing ran, nothing was added, nothing was hidden."""
    return bool(
        reader.tab.evaluate(
            "typeof pwned === 'undefined' && !document.querySelector('main :is(script, img, iframe, style, [onerror])')"
            " && !document.querySelector('a[href^=javascript]') && document.body.offsetHeight > 0"
        )
    )


def test_a_script_in_the_page_would_be_stopped_by_its_policy(reader: Reader) -> None:
    """Were markup to slip in one day, the browser would still not run it."""
    reader.open("", "Overview")
    said = reader.tab.evaluate(
        "try { document.querySelector('main').innerHTML = '<img src=x onerror=pwned=1>' } catch (error) { error.name }"
    )

    assert said == "TypeError"
    assert held(reader)
    assert any("TrustedHTML" in complaint for complaint in reader.complaints)
    reader.complaints.clear()


def test_markup_in_item_and_sample_is_shown_as_text(reader: Reader) -> None:
    main = reader.open("#/try/finance_qa%40v1", "Try a grader")
    main.get_by_role("textbox", name="Item").fill(json.dumps({"reference": "5", "question": MARKUP}))
    main.get_by_role("textbox", name="Sample").fill(f"{MARKUP}\nThe answer is 5")
    main.get_by_role("button", name="Grade").click()
    expect(main.locator("mark.answer")).to_have_text("5")

    assert MARKUP in main.locator("pre.sample").inner_text()
    assert held(reader)


@pytest.mark.parametrize("mode", ["text", "json"])
def test_markup_in_a_link_is_filled_in_as_text(reader: Reader, mode: str) -> None:
    reader.open("", "Overview")
    state = {"item": MARKUP, mode: MARKUP, "case": MARKUP}
    reader.tab.evaluate("state => { location.hash = '#/try/finance_qa%40v1?' + new URLSearchParams(state) }", state)
    main = reader.sees("Try a grader")

    expect(main.get_by_role("textbox", name="Sample")).to_have_value(MARKUP)
    assert held(reader)


def test_markup_in_names_and_errors_is_shown_as_text(reader: Reader, server: Server) -> None:
    body = {"item": {MARKUP: 1}, "sample": MARKUP, "run": {"id": MARKUP, "item_id": MARKUP, "step": 1}}
    server.client.post("/v1/graders/finance_qa@v1/grade", json=body)
    main = reader.open("", "Overview")

    expect(main.get_by_role("region", name="Table of errors")).to_contain_text(MARKUP)
    assert held(reader)
    reader.tab.evaluate("markup => { location.hash = '#/try/' + encodeURIComponent(markup) }", MARKUP)
    expect(main.get_by_role("alert", name="Problem")).to_contain_text("<script>")
    assert held(reader)
    reader.expects("status of 404")


def test_markup_in_a_run_its_grades_and_their_details_is_shown_as_text(reader: Reader, server: Server) -> None:
    """Names, items, samples, answers, configs and errors of a run, in every view that shows them."""
    run = f"run {MARKUP}"
    point = {"id": run, "step": 1, "item_id": MARKUP, "group": MARKUP}
    judged = {"item": {"reference": "5", "question": MARKUP}, "sample": f"{MARKUP} \n5", "run": point}
    grade = server.client.post("/v1/graders/finance_qa@v1/grade", json=judged).json()
    server.client.post("/v1/graders/finance_qa@v1/grade", json=judged | {"item": {MARKUP: MARKUP}})
    named = {"a": run, "b": run, "run": run}
    for address, shows in (
        (f"#/runs/{quote(run, safe='')}", MARKUP),
        (f"#/grades/{grade['record']}?{urlencode(named)}", MARKUP),
        (f"#/compare?{urlencode(named)}", "B less A"),
        ("#/runs", MARKUP),
    ):
        main = reader.open(address)
        expect(main).to_contain_text(shows)
        assert held(reader), address
    assert reader.faults() == []


def test_a_name_without_end_leaves_the_other_columns_in_sight(reader: Reader, server: Server) -> None:
    body = {"item": {"reference": "5"}, "sample": "5", "run": {"id": "long_" * 40}}
    server.client.post("/v1/graders/finance_qa@v1/grade", json=body).raise_for_status()
    main = reader.open("#/runs", "Runs")
    expect(main.get_by_role("link", name="long_" * 40)).to_be_visible()

    assert main.locator(".scroll").evaluate("box => box.scrollWidth <= box.clientWidth")
