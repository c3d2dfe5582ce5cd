"""Runs: 5,000 grades of a training run, and the page's numbers are the API's."""

import json
import re
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.reader import Reader
from tests.browser.seeding import BROKEN, GRADES, ITEMS, OTHER_RUN, ROLLOUTS, RUN, STEPS, seed_run
from tests.servers import Server

AT_RUN = "#/runs/acme%2Fgrpo-7"
# The colours of a canvas at places, given as shares of its width and height, once it is drawn.
COLOURS = """async ([canvas, ...places]) => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const first = ([x, y]) => (Math.floor(y * height) * width + Math.floor(x * width)) * 4;
  return places.map((place) => [...data.slice(first(place), first(place) + 4)]);
}"""


@pytest.fixture
def report(server: Server) -> dict[str, Any]:
    """The run as the API has it, once all of it is counted."""
    while True:
        report: dict[str, Any] = server.client.get("/v1/runs/acme%2Fgrpo-7/monitor").json()
        if report["counted"] == report["records"]:
            return report


def figure(main: Locator, name: str) -> str:
    return main.locator(".card", has_text=name).locator("strong").inner_text()


def shown(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    return "0 %" if share == 0 else f"{share * 100:.{1 if share < 0.1 else 0}f} %"


def test_the_list_shows_every_run_with_its_records(reader: Reader, server: Server) -> None:
    main = reader.open("#/runs", "Runs")
    runs = server.client.get("/v1/runs").json()["runs"]
    rows = main.get_by_role("region", name="Table of runs").locator("tbody tr")

    assert rows.locator("th").all_inner_texts() == [run["run"] for run in runs]
    assert {RUN, OTHER_RUN} <= {run["run"] for run in runs}
    assert rows.locator("td.number").all_inner_texts() == [f"{run['records']:,}" for run in runs]
    assert reader.faults() == []


def test_the_figures_of_a_run_are_those_of_the_api(reader: Reader, report: dict[str, Any]) -> None:
    main = reader.open(AT_RUN, RUN)
    [judged] = report["graders"]
    total = judged["total"]

    assert (report["records"], total["graded"], total["steps"]) == (GRADES + BROKEN, GRADES, STEPS)
    assert figure(main, "Graded") == "5,000"
    assert figure(main, "Mean reward") == shown(total["mean_reward"])
    assert figure(main, "At the greatest") == percent(total["at_max_share"])
    assert figure(main, "Without variance") == percent(total["zero_variance_share"])
    assert figure(main, "Unscored") == percent(total["unscored_share"])
    assert reader.faults() == []
    reader.picture("run")


def test_every_finding_is_shown_and_leads_to_its_grades(reader: Reader, report: dict[str, Any]) -> None:
    main = reader.open(AT_RUN, RUN)
    findings = report["graders"][0]["findings"]
    texts = main.locator(".findings li").all_inner_texts()

    assert len(texts) == len(findings) > 0
    assert all(found["detail"] in text for found, text in zip(findings, texts, strict=True))
    main.locator('[data-code="unscored"]').get_by_role("link", name="Show these grades").click()
    rows = main.get_by_role("region", name="Table of grades").locator("tbody tr")
    expect(rows).to_have_count(BROKEN)
    assert "code=invalid_item" in reader.tab.evaluate("location.hash")


def test_the_curves_have_the_api_s_numbers_and_are_read_with_the_keyboard(
    reader: Reader, report: dict[str, Any]
) -> None:
    main = reader.open(AT_RUN, RUN)
    steps = report["graders"][0]["steps"]
    curve = main.get_by_role("slider", name="Reward", exact=True)
    curve.focus()
    reader.tab.keyboard.press("Home")
    for _ in range(7):
        reader.tab.keyboard.press("ArrowRight")
    said = curve.get_attribute("aria-valuetext")

    assert said is not None
    assert said.startswith("step 7: ")
    assert f"mean {shown(steps[7]['reward']['mean'])}" in said
    assert f"5 to 95 % {shown(steps[7]['reward']['p5'])} to {shown(steps[7]['reward']['p95'])}" in said
    chart = main.locator("figure", has=reader.tab.get_by_role("slider", name="Reward", exact=True))
    chart.get_by_text("Numbers").click()
    means = chart.locator("tbody tr td:last-child").all_inner_texts()
    assert means == [shown(step["reward"]["mean"]) for step in steps]
    curve.focus()
    reader.tab.keyboard.press("Enter")
    expect(main.get_by_label("Step", exact=True)).to_have_value("7")
    rows = main.get_by_role("region", name="Table of grades").locator("tbody tr td:nth-child(2)")
    expect(rows.first).to_have_text("7")
    assert set(rows.all_inner_texts()) == {"7"}


def test_verdict_shares_are_those_of_the_api(reader: Reader, report: dict[str, Any]) -> None:
    main = reader.open(AT_RUN, RUN)
    last = report["graders"][0]["steps"][-1]
    legend = main.locator("figure", has=reader.tab.get_by_role("slider", name="Verdicts")).locator(".legend li")
    told = [text.rsplit(" ", 2) for text in legend.all_inner_texts()[1:]]
    shares = {name: f"{number} {unit}" for name, number, unit in told}

    wanted = {name.replace("_", " "): count / last["graded"] for name, count in last["verdicts"].items()}
    assert {name: share for name, share in shares.items() if share != "0 %"} == {
        name: percent(share) for name, share in wanted.items()
    }


def test_grades_are_filtered_paged_and_followed_down_to_one_with_all_that_led_to_it(
    reader: Reader, server: Server
) -> None:
    main = reader.open(AT_RUN, RUN)
    main.get_by_label("Verdict", exact=True).select_option("wrong_format")
    table = main.get_by_role("region", name="Table of grades")
    asked = {"run": RUN, "verdict": "wrong_format", "limit": "50"}
    page = server.client.get("/v1/grades", params=asked).json()
    expect(table.locator("tbody .verdict").first).to_have_text("wrong format")
    assert set(table.locator("tbody .verdict").all_inner_texts()) == {"wrong format"}
    main.get_by_role("button", name="Older grades").click()
    second = server.client.get("/v1/grades", params=asked | {"cursor": page["next"]}).json()["grades"]
    expect(table.locator("a").first).to_have_attribute("href", re.compile(rf"^#/grades/{second[0]['record']}\?"))

    reader.tab.keyboard.press("Escape")
    main.get_by_role("heading", name="Grades", exact=True).focus()
    reader.tab.keyboard.press("j")
    reader.tab.keyboard.press("Enter")
    main = reader.sees("Grade")
    record = server.client.get(f"/v1/grades/{second[0]['record']}").json()

    assert float(main.locator(".reward strong").inner_text()) == record["reward"] == 0.8
    assert main.locator(".reason").inner_text() == record["grade"]["reason"]
    assert main.locator("pre.sample").inner_text() == record["sample"]
    start, end = record["grade"]["answer_span"]
    assert main.locator("mark.answer").inner_text() == record["sample"][start:end]
    expect(main.get_by_role("region", name="The item as JSON")).to_contain_text(record["item"]["reference"])
    expect(main.locator(".provenance")).to_contain_text(record["record"])
    assert reader.faults() == []
    reader.picture("grade")
    reader.tab.keyboard.press("n")
    expect(main.locator(".provenance")).to_contain_text(second[1]["record"])
    main.get_by_role("link", name="Back to the grades: verdict wrong format").click()
    reader.sees(RUN)
    expect(main.get_by_label("Verdict", exact=True)).to_have_value("wrong_format")
    expect(main.get_by_role("heading", name="Grades", exact=True)).to_be_in_viewport()


def test_whoever_comes_back_from_a_grade_finds_the_filter_and_the_place(reader: Reader) -> None:
    main = reader.open(f"{AT_RUN}?verdict=wrong_format", RUN)
    row = main.get_by_role("region", name="Table of grades").locator("tbody a").nth(30)
    with reader.tab.expect_event("console", lambda message: message.text == "scrolled"):
        reader.tab.evaluate("addEventListener('scrollend', () => console.log('scrolled'))")
        row.focus()
    before = reader.tab.evaluate("scrollY")
    reader.tab.keyboard.press("Enter")
    reader.sees("Grade")
    assert reader.tab.evaluate("scrollY") == 0
    reader.tab.go_back()
    reader.sees(RUN)

    expect(main.get_by_label("Verdict", exact=True)).to_have_value("wrong_format")
    assert reader.tab.evaluate("scrollY") == before > 0


def test_a_conversation_is_shown_turn_by_turn_and_never_as_markup(reader: Reader, server: Server) -> None:
    call = {"type": "function", "function": {"name": "lookup", "arguments": '{"year": 2020}'}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "How much?"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "<img src=x onerror=alert(1)>"},
        {"role": "assistant", "content": "5"},
    ]
    body = {"item": {"reference": "5"}, "sample": {"output_text": "5", "messages": messages}}
    record = server.client.post("/v1/graders/finance_qa@v1/grade", json=body).json()["record"]
    main = reader.open(f"#/grades/{record}", "Grade")
    main.get_by_text("Conversation, 4 messages").click()
    turns = main.locator(".conversation li")

    assert turns.locator(".label").all_inner_texts() == ["user", "assistant", "tool", "assistant"]
    expect(turns.nth(1)).to_contain_text('calls lookup {"year": 2020}')
    expect(turns.nth(2)).to_contain_text("<img src=x onerror=alert(1)>")
    assert reader.faults() == []


def test_a_grade_can_be_tried_again_from_its_record(reader: Reader, server: Server) -> None:
    record = server.client.get("/v1/grades", params={"run": RUN, "verdict": "accurate", "limit": "1"}).json()["grades"][
        0
    ]
    main = reader.open(f"#/grades/{record['record']}", "Grade")
    main.get_by_role("link", name="Try this again").click()
    main = reader.sees("Try a grader")
    main.get_by_role("button", name="Grade").click()

    expect(main.locator(".verdict")).to_have_text("accurate")


def test_an_unscored_record_says_why_and_that_it_is_no_reward(reader: Reader, server: Server) -> None:
    row = server.client.get("/v1/grades", params={"run": RUN, "scored": "false", "limit": "1"}).json()["grades"][0]
    main = reader.open(f"#/grades/{row['record']}", "Grade")

    expect(main.locator(".problem")).to_contain_text("invalid item")
    expect(main.locator(".problem")).to_contain_text("no reward")
    assert reader.faults() == []


def test_new_grades_appear_without_a_reload(reader: Reader, server: Server) -> None:
    seed_run(server, "live", skill=0.5, steps=1)
    main = reader.open("#/runs/live", "live")
    assert figure(main, "Graded") == str(ITEMS * ROLLOUTS)
    server.client.post(
        "/v1/graders/finance_qa@v1/grade",
        json={"item": {"reference": "5"}, "sample": "5", "run": {"id": "live", "step": 1}},
    )
    server.client.get("/v1/runs/live/monitor")
    reader.look_again()

    expect(main.locator(".card", has_text="Graded").locator("strong")).to_have_text(str(ITEMS * ROLLOUTS + 1))


def test_numbers_that_differ_in_their_last_bits_alone_are_drawn_as_one(reader: Reader) -> None:
    """Quantiles of equal durations do; an axis between them had marks without end."""
    main = reader.open("#/runs", "Runs")
    axis = "async ([low, high]) => (await import('/page/chart.js')).padded(null, low, high)"

    assert main.page.evaluate(axis, [0.425, 0.42500000000000004]) == pytest.approx([0, 0.6375])
    assert main.page.evaluate(axis, [-0.5, -0.5]) == [-0.75, 1]
    assert main.page.evaluate(axis, [0.0, 0.0]) == [0, 1]
    assert main.page.evaluate(axis, [1.0, 2.0]) == pytest.approx([0.94, 2.06])


def test_two_marked_runs_are_compared_the_earlier_one_first(reader: Reader, server: Server) -> None:
    main = reader.open("#/runs", "Runs")
    for run in (OTHER_RUN, RUN):
        main.get_by_label(f"Compare {run}").check()
    main.get_by_role("button", name="Compare").click()
    main = reader.sees("finance_qa@v1")
    expect(main.get_by_text("Not all records are counted yet")).to_have_count(0)
    report = server.client.get("/v1/run-comparison", params={"a": RUN, "b": OTHER_RUN}).json()
    [judged] = report["graders"]

    assert float(main.locator(".difference strong").inner_text()) == round(judged["mean_reward"]["difference"], 3)
    totals = main.get_by_role("region", name="Totals").locator("tbody tr")
    assert totals.filter(has_text="Mean reward").locator("td").all_inner_texts() == [
        shown(judged[side]["total"]["mean_reward"]) for side in "ab"
    ]
    rows = main.get_by_role("region", name="Verdicts").locator("tbody tr")
    assert [[cell.inner_text() for cell in row.locator("td").all()] for row in rows.all()] == [
        [percent(one["a"]), percent(one["b"])] for one in judged["verdicts"]
    ]
    assert reader.faults() == []
    reader.picture("compare")
    main.get_by_role("button", name="Swap").click()
    expect(main.locator(".difference strong")).to_have_text(f"+{shown(-judged['mean_reward']['difference'])}")


def test_a_run_graded_again_by_another_grader_is_held_against_itself(reader: Reader, server: Server) -> None:
    for grader, run in (("finance_qa@v1", "once"), ("four_tier@v1", "again")):
        samples = [{"item": {"reference": "5"}, "sample": sample} for sample in ("5", "5.01", "70000")]
        grade = {"samples": samples, "run": {"id": run, "step": 1}}
        assert server.client.post(f"/v1/graders/{grader}/grade-batch", json=grade).status_code == 200

    main = reader.open("#/compare?a=once&b=again", "finance_qa@v1 and four_tier@v1")

    expect(main.get_by_text("finance_qa@v1 judged A and four_tier@v1 judged B")).to_be_visible()
    expect(main.locator(".difference")).to_contain_text("95 % interval")
    assert reader.faults() == []


def test_a_run_that_is_not_there_and_an_empty_comparison_say_what_to_do(reader: Reader) -> None:
    main = reader.open("#/runs/nothing?of=trainer", "There is no such run")
    expect(main).to_contain_text("trainer has no run nothing")
    expect(main.get_by_role("link", name="Runs", exact=True)).to_have_attribute("href", "#/runs?of=trainer")
    assert reader.faults() == []
    main = reader.open("#/compare", "Compare two runs")
    expect(main.locator(".empty")).to_contain_text("Choose two runs")
    assert reader.faults() == []
    reader.expects("status of 404")


def test_the_form_of_a_comparison_stays_when_the_service_refuses(reader: Reader) -> None:
    main = reader.open("#/compare?a=nothing&b=acme%2Fgrpo-7", "Compare two runs")
    expect(main.get_by_role("alert", name="Problem")).to_contain_text("unknown_run")
    main.get_by_label("A, before").fill(OTHER_RUN)
    main.get_by_role("button", name="Compare").click()

    reader.sees("finance_qa@v1")
    reader.expects("status of 404")


def test_runs_of_one_step_show_shares_as_a_bar_and_how_little_the_monitors_have(reader: Reader, server: Server) -> None:
    samples = ["5", "70000", "either 5 or 6", "5"]
    items = [{"reference": "5"}] * len(samples) + [{}] * 5
    rows = [
        {"item": item, "sample": sample, "run": {"id": "small", "step": 3, "item_id": f"q-{index}"}}
        for index, (item, sample) in enumerate(zip(items, [*samples, *["x"] * 5], strict=True))
    ]
    server.client.post("/v1/graders/finance_qa@v1/grade-batch", json={"samples": rows}).raise_for_status()
    main = reader.open("#/runs/small", "small")
    verdicts = main.locator("figure", has=reader.tab.get_by_role("slider", name="Verdicts"))
    canvas = verdicts.locator("canvas").element_handle()

    expect(main.locator(".legend", has_text="hedged")).to_contain_text("25 %")
    assert canvas is not None
    # Half of the bar, up to the middle of the plot, is the first verdict; beside the bar is nothing.
    below, above, beside = reader.tab.evaluate(COLOURS, [canvas, (0.57, 0.6), (0.57, 0.2), (0.25, 0.6)])
    assert below[3] > 0
    assert above[3] > 0
    assert below[:3] != above[:3]
    assert beside[3] == 0
    expect(main.locator(".empty")).to_have_text("Too little to go by: the monitors want 16 grades, and there are 4.")
    main.locator(".card", has_text="Unscored").get_by_role("link", name="invalid item 5").click()
    expect(main.get_by_role("region", name="Table of grades").locator("tbody tr")).to_have_count(5)
    assert reader.faults() == []


def test_a_run_of_which_nothing_is_counted_yet_says_so_until_something_is(reader: Reader, server: Server) -> None:
    row = {"item": {"reference": "5"}, "sample": "5", "run": {"id": "begun", "step": 0}}
    server.client.post("/v1/graders/finance_qa@v1/grade", json=row).raise_for_status()
    with closing(sqlite3.connect(server.data_dir / "rft.sqlite3", isolation_level=None)) as other:
        # Counts are kept once the lock is free; reports wait for them less long than a test takes to open the page.
        other.execute("BEGIN IMMEDIATE")
        main = reader.open("#/runs/begun", "begun")
        expect(main.get_by_role("status")).to_have_text("Records: 1, none of them counted so far. The figures follow.")
        reader.open(f"#/compare?a=begun&b={quote(RUN, safe='')}", "Compare two runs")
        expect(main.get_by_text("Not all records are counted yet")).to_be_visible()
        expect(main.get_by_text("No grader judged both runs")).to_have_count(0)
        assert reader.faults() == []
        reader.open("#/runs/begun", "begun")

    expect(main.locator(".card", has_text="Graded").locator("strong")).to_have_text("1")


def test_a_run_of_moderation_grades_has_its_f1(reader: Reader, server: Server) -> None:
    samples = [["hate"], ["hate", "violence"], [], ["violence"]]
    rows = [
        {
            "item": {"gold": ["hate"]},
            "sample": json.dumps({"labels": labels}),
            "run": {"id": "moderated", "step": 0, "item_id": f"q-{index}"},
        }
        for index, labels in enumerate(samples)
    ]
    body = {"samples": rows, "config": {"taxonomy": "openai-omni-2024", "reward": "set_f"}}
    server.client.post("/v1/graders/moderation_f1@v1/grade-batch", json=body).raise_for_status()
    main = reader.open("#/runs/moderated", "moderated")
    main.get_by_role("button", name="Compute F1 over its grades").click()
    table = main.get_by_role("region", name="F1 of the run")
    expect(table).to_be_visible()
    [told] = server.client.get("/v1/runs/moderated/moderation").json()["reports"]

    micro = table.locator("tr", has_text="Micro").locator("td").all_inner_texts()
    assert (told["micro"]["f"], micro[0]) == (0.5, "0.5")
    assert micro[1:] == [
        f"{shown(told['micro']['jackknife']['low'])} to {shown(told['micro']['jackknife']['high'])}",
        shown(told["micro"]["precision"]),
        shown(told["micro"]["recall"]),
    ]
    assert reader.faults() == []


def test_quantiles_that_would_hide_the_mean_are_numbers_alone(reader: Reader, report: dict[str, Any]) -> None:
    main = reader.open(AT_RUN, RUN)
    legend = main.locator("figure", has=reader.tab.get_by_role("slider", name="Reward", exact=True)).locator(
        ".legend li"
    )

    drawn = [one.inner_text() for one in legend.all() if one.locator(".swatch").count()]
    assert [text.rsplit(" ", 1)[0].rstrip("0123456789. to") for text in drawn] == ["mean", "mean, 95 % interval"]
    expect(legend.filter(has_text="25 to 75 %")).to_have_count(1)


def test_a_service_without_runs_says_how_one_begins(reader: Reader) -> None:
    main = reader.open("#/runs?of=somebody-else", "Runs")

    expect(main.locator(".empty")).to_contain_text("A run begins with the first grade that names it")
    assert reader.faults() == []


def test_every_view_of_a_run_passes_in_the_dark_and_in_a_narrow_window(reader: Reader, server: Server) -> None:
    record = server.client.get("/v1/grades", params={"run": RUN, "limit": "1"}).json()["grades"][0]["record"]
    reader.theme("dark")
    reader.tab.set_viewport_size({"width": 380, "height": 800})
    for address, title in (
        (AT_RUN, RUN),
        ("#/runs", "Runs"),
        (f"#/grades/{record}", "Grade"),
        ("#/compare?a=acme%2Fgrpo-7&b=acme%2Fgrpo-8", "finance_qa@v1"),
    ):
        reader.open(address, title)
        assert reader.faults() == [], address
        assert reader.tab.evaluate("document.documentElement.scrollWidth") <= 380, address
