"""Trying a grader: what the page shows is what the API answers."""

import re
import subprocess
from pathlib import Path

from playwright.sync_api import Route, expect

from tests.browser.reader import Reader
from tests.servers import Server

FINANCE = "#/try/finance_qa%40v1"


def grade(reader: Reader) -> None:
    reader.tab.get_by_role("button", name="Grade").click()
    expect(reader.tab.locator(".reward strong")).to_be_visible()


def test_an_example_is_graded_and_shows_reward_verdict_reason_and_the_answer_in_the_sample(
    reader: Reader, server: Server
) -> None:
    main = reader.open(FINANCE, "Try a grader")
    grade(reader)
    record = main.get_by_role("link", name="Record").get_attribute("href")
    assert record is not None

    stored = server.client.get(f"/v1/grades/{record.rsplit('/', 1)[1]}").json()
    text, (start, end) = stored["sample"], stored["grade"]["answer_span"]

    assert float(main.locator(".reward strong").inner_text()) == stored["reward"] == 1.0
    assert main.locator(".verdict").inner_text() == stored["verdict"] == "accurate"
    assert main.locator(".reason").inner_text() == stored["grade"]["reason"]
    assert main.locator("mark.answer").inner_text() == text[start:end]
    assert main.locator("pre.sample").inner_text() == text
    expect(main.get_by_text("This is what the example shows")).to_be_visible()
    assert reader.faults() == []
    reader.picture("try")


def test_every_grader_and_recipe_can_be_chosen_and_its_first_example_is_judged(reader: Reader, server: Server) -> None:
    main = reader.open("#/try", "Try a grader")
    known = [grader["id"] for grader in server.client.get("/v1/graders").json()["graders"]]

    assert main.get_by_label("Grader", exact=True).locator("option").all_inner_texts() == known
    expect(main.get_by_label("Grader", exact=True)).to_have_value("finance_qa@v1")
    for id in ("moderation_f1@v1", "code_tests@v1", "openai_omni@v1"):
        main.get_by_label("Grader", exact=True).select_option(id)
        expect(reader.tab).to_have_title(f"Try {id} · RFT Graders")
        grade(reader)
        expect(main.locator(".not-expected")).to_have_count(0)


def test_the_grader_may_stand_in_the_query_and_without_its_version(reader: Reader) -> None:
    main = reader.open("#/try?grader=moderation_f1", "Try a grader")

    expect(main.get_by_label("Grader", exact=True)).to_have_value("moderation_f1@v1")
    assert reader.tab.evaluate("location.hash") == "#/try/moderation_f1%40v1"


def test_an_example_that_shows_an_error_shows_it_with_where_and_what_to_do(reader: Reader, server: Server) -> None:
    cases = server.client.get("/v1/graders/finance_qa@v1").json()["cases"]
    broken = next(case for case in cases if case["error"])
    main = reader.open(f"{FINANCE}?case={broken['name']}", "Try a grader")
    reader.tab.get_by_role("button", name="Grade").click()
    problem = main.get_by_role("alert", name="Problem")
    expect(problem).to_contain_text(broken["error"])

    expect(problem).to_contain_text("asking again gives the same answer")
    expect(main.get_by_text("This is what the example shows")).to_be_visible()
    # The browser reports every answer of 400 and above, whoever expected it.
    reader.expects("status of 422")


def test_answers_are_marked_by_code_points_and_hidden_characters_are_seen(reader: Reader) -> None:
    main = reader.open(FINANCE, "Try a grader")
    main.get_by_role("textbox", name="Item").fill('{"reference": "65.4%"}')
    main.get_by_role("textbox", name="Sample").fill("😀👩‍🚀 The margin\u202e was 65.4%")
    grade(reader)

    assert main.locator("mark.answer").inner_text() == "65.4%"
    assert main.locator(".hidden-character").all_inner_texts() == ["U+202E"]


def test_numbers_are_sent_as_they_are_written(reader: Reader) -> None:
    """1.0 and 1 are different values to a program's tests, and 2 ** 64 + 1 is no double."""
    main = reader.open("#/try/code_tests%40v1", "Try a grader")
    main.get_by_role("textbox", name="Item").fill(
        '{"entry_point": "f", "cases": [{"args": [1.0], "expected": "1.0 18446744073709551617"}]}'
    )
    main.get_by_role("textbox", name="Sample").fill("```python\ndef f(x):\n    return f'{x} {2 ** 64 + 1}'\n```")
    main.get_by_role("button", name="Grade").click()
    expect(main.locator(".verdict")).to_have_text("passed")

    link = reader.tab.evaluate("location.hash")
    main = reader.open(link, "Try a grader")
    expect(main.get_by_role("textbox", name="Item")).to_have_value(re.compile(r"\[1\.0\]"))


def test_what_was_edited_is_in_the_link_and_comes_back_from_it(reader: Reader) -> None:
    main = reader.open(FINANCE, "Try a grader")
    main.get_by_role("textbox", name="Sample").fill("It was 12 % & more # than that")
    main.get_by_role("button", name="Copy link").click()
    link = reader.tab.evaluate("navigator.clipboard.readText()")
    reader.tab.goto("about:blank")
    reader.tab.goto(link)
    main = reader.sees("Try a grader")

    expect(main.get_by_role("textbox", name="Sample")).to_have_value("It was 12 % & more # than that")
    main.get_by_role("button", name="Back to the example").click()
    expect(main.locator(".about-case")).to_contain_text("Shows 1 accurate")


def test_what_is_no_json_is_said_before_it_is_sent(reader: Reader) -> None:
    main = reader.open(FINANCE, "Try a grader")
    main.get_by_role("textbox", name="Item").fill('{"reference": 1,}')

    expect(main.locator("#item-fault")).to_contain_text("This is not JSON")
    main.get_by_role("button", name="Grade").click()
    expect(main.get_by_role("textbox", name="Item")).to_be_focused()
    expect(main.locator(".reward")).to_have_count(0)
    assert reader.faults() == []


def test_a_grade_needs_no_mouse(reader: Reader) -> None:
    reader.open("", "Overview")
    reader.tab.keyboard.press("g")
    reader.tab.keyboard.press("t")
    main = reader.sees("Try a grader")
    main.get_by_role("textbox", name="Item").focus()
    reader.tab.keyboard.press("Control+Enter")

    expect(main.locator(".reward strong")).to_have_text("1")


def test_the_copied_curl_command_gives_the_same_grade(reader: Reader, tmp_path: Path) -> None:
    main = reader.open(FINANCE, "Try a grader")
    main.get_by_role("textbox", name="Sample").fill("It's $1,577 million; isn't it?")
    main.get_by_role("button", name="Copy as curl").click()
    expect(main.get_by_role("button", name="Copied")).to_be_visible()
    command = reader.tab.evaluate("navigator.clipboard.readText()")
    (tmp_path / "ask.sh").write_text(command)

    answer = subprocess.run(["sh", tmp_path / "ask.sh"], capture_output=True, text=True, check=True).stdout
    assert '"reward":1.0' in answer


def test_what_was_judged_is_shown_and_not_what_was_edited_in_the_meantime(reader: Reader) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    main = reader.open(FINANCE, "Try a grader")
    main.get_by_label("Sample", exact=True).fill("<answer>7</answer>")
    reader.tab.route("**/grade", hold)
    main.get_by_role("button", name="Grade").click()
    main.get_by_label("Sample", exact=True).fill("something else, and longer")
    held.pop().continue_()
    expect(main.get_by_role("region", name="Sample", exact=True)).to_have_text("<answer>7</answer>")

    main.get_by_role("button", name="Grade").click()
    main.get_by_label("Example").select_option(index=2)
    with reader.tab.expect_response("**/grade") as late:
        held.pop().continue_()
    late.value.finished()
    expect(main.get_by_role("button", name="Grade")).to_be_enabled()
    expect(main.locator(".result")).to_contain_text("The reward, its reason and the answer that was read will stand")


def test_a_button_that_copies_is_called_as_before_whenever_it_was_pressed(reader: Reader) -> None:
    reader.tab.clock.install()
    main = reader.open(FINANCE, "Try a grader")
    button = main.get_by_role("button", name="Copy link")
    place = main.locator(".actions button").nth(1)
    button.click()
    expect(place).to_have_text("Copied")
    place.click()
    reader.tab.clock.run_for(5000)

    expect(place).to_have_text("Copy link")
