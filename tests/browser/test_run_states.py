"""The view of a run in states that come by the way: several graders, credits below 0, steps that come late, filters
that overtake each other."""

import json
from typing import Any

from playwright.sync_api import Route, expect

from tests.browser.reader import Reader
from tests.browser.seeding import RUN
from tests.servers import Server

AT_RUN = "#/runs/acme%2Fgrpo-7"


def grade(server: Server, run: str, grader: str = "finance_qa@v1", **where: Any) -> None:
    body = {"item": {"reference": "5"}, "sample": "5", "run": {"id": run, **where}}
    server.client.post(f"/v1/graders/{grader}/grade", json=body).raise_for_status()


def counted(server: Server, run: str) -> dict[str, Any]:
    while True:
        report: dict[str, Any] = server.client.get(f"/v1/runs/{run}/monitor").json()
        if report["complete"]:
            return report


def test_credits_below_0_are_drawn_and_told_as_they_are(reader: Reader, server: Server) -> None:
    answers = [("q1", 0, ["hate"]), ("q1", 1, ["hate"]), ("q2", 0, ["violence", "illicit"]), ("q2", 1, ["violence"])]
    samples = [
        {
            "item": {"gold": ["hate"] if item == "q1" else []},
            "sample": json.dumps({"labels": labels}),
            "run": {"item_id": item, "rollout": rollout},
        }
        for item, rollout, labels in answers
    ]
    config = {"taxonomy": "openai-omni-2024", "reward": "set_f"}
    body = {"config": config, "credit": {"kind": "marginal"}, "run": {"id": "credited", "step": 0}, "samples": samples}
    server.client.post("/v1/graders/moderation_f1@v1/grade-group", json=body).raise_for_status()
    reward = counted(server, "credited")["graders"][0]["steps"][0]["reward"]
    main = reader.open("#/runs/credited", "credited")
    low = reward["mean"] - 1.96 * reward["sd"] / 2

    assert low < 0
    expect(main.locator(".legend li", has_text="mean, 95 % interval")).to_contain_text(f"{low:.2f} to")


def test_the_greatest_reward_is_that_of_the_grader_not_of_the_run(reader: Reader, server: Server) -> None:
    body = {"item": {"reference": "5"}, "sample": "6", "run": {"id": "never-right", "step": 0}}
    server.client.post("/v1/graders/finance_qa@v1/grade", json=body).raise_for_status()
    counted(server, "never-right")
    main = reader.open("#/runs/never-right", "never-right")

    card = main.locator(".card", has=reader.tab.get_by_text("At the greatest", exact=True))
    assert card.locator("dd").inner_text().split("\n") == ["0 %", "greatest 1"]


def test_what_is_neither_nothing_nor_all_is_not_rounded_to_it(reader: Reader) -> None:
    reader.open("#/runs", "Runs")
    shares = {
        0: "0 %",
        0.0004: "< 0.1 %",
        0.0996: "10 %",
        0.42: "42 %",
        0.9949: "99.5 %",
        0.9996: "> 99.9 %",
        1: "100 %",
    }
    rewards = {0: "0", 0.6: "0.6", -0.25: "-0.25", 0.0004: "0.0004", -0.00021: "-0.00021", 0.0314159: "0.031",
               0.9996: "0.9996", 1: "1", 1 - 1e-12: "1", 1e-17: "0", 100: "100", 2e30: "2e+30"}  # fmt: skip

    shown = reader.tab.evaluate(
        "async ([shares, rewards]) => { const { percent, reward } = await import('/page/format.js');"
        "return [shares.map(percent), rewards.map(reward)]; }",
        [list(shares), list(rewards)],
    )

    assert shown == [list(shares.values()), list(rewards.values())]


def test_a_run_of_several_graders_says_whose_each_grade_is(reader: Reader, server: Server) -> None:
    grade(server, "two-judges", step=0)
    counted(server, "two-judges")
    main = reader.open("#/runs/two-judges", "two-judges")
    table = main.get_by_role("region", name="Table of grades")
    expect(table.get_by_role("columnheader", name="Grader")).to_have_count(0)
    grade(server, "two-judges", "four_tier@v1", step=0)
    counted(server, "two-judges")
    reader.look_again()

    graders = main.get_by_role("navigation", name="Graders of this run").get_by_role("link")
    expect(graders).to_have_count(2)
    expect(table.locator("tbody td:nth-child(2)").first).to_contain_text("four_tier@v1")
    expect(table.locator("tbody td:nth-child(2)").last).to_contain_text("finance_qa@v1")
    assert reader.faults() == []


def test_steps_of_few_grades_are_too_little_for_the_monitors_however_many_there_are(
    reader: Reader, server: Server
) -> None:
    for step in range(20):
        grade(server, "thin", step=step)
    counted(server, "thin")
    main = reader.open("#/runs/thin", "thin")

    expect(main.locator(".empty")).to_have_text(
        "Too little to go by: the monitors want 16 grades, and there are 5 in the last steps."
    )


def test_curves_come_once_a_grade_names_its_step(reader: Reader, server: Server) -> None:
    grade(server, "late-steps")
    counted(server, "late-steps")
    main = reader.open("#/runs/late-steps", "late-steps")
    without = main.get_by_text("No grade names its step")
    expect(without).to_be_visible()
    broken = {"item": {}, "sample": "5", "run": {"id": "late-steps", "step": 1}}
    server.client.post("/v1/graders/finance_qa@v1/grade", json=broken)
    counted(server, "late-steps")
    reader.look_again()
    expect(main.get_by_role("slider")).to_have_count(1)
    expect(without).to_have_count(0)
    grade(server, "late-steps", step=2)
    counted(server, "late-steps")
    reader.look_again()
    expect(main.get_by_role("slider", name="Reward", exact=True)).to_have_count(1)
    grown = main.locator("figure h3").all_inner_texts()
    reader.open("#/runs/late-steps", "late-steps")

    assert grown == main.locator("figure h3").all_inner_texts()


def test_the_answer_to_a_filter_that_was_left_does_not_replace_that_of_the_next(reader: Reader) -> None:
    main = reader.open(AT_RUN, RUN)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    reader.tab.route("**/v1/grades?*verdict=wrong_format*", hold)
    verdict = main.get_by_label("Verdict", exact=True)
    verdict.select_option("wrong_format")
    verdict.select_option("hedged")
    shown = main.get_by_role("region", name="Table of grades").locator("tbody .verdict")
    expect(shown.first).to_have_text("hedged")
    with reader.tab.expect_response("**/v1/grades?*verdict=wrong_format*") as late:
        held[0].continue_()
    late.value.finished()
    reader.tab.evaluate("new Promise((done) => setTimeout(done))")

    assert set(shown.all_inner_texts()) == {"hedged"}


def test_a_filter_that_is_no_number_is_not_asked_for(reader: Reader) -> None:
    main = reader.open(AT_RUN, RUN)
    main.get_by_label("Step", exact=True).fill("seven")
    reader.tab.keyboard.press("Tab")
    expect(main.get_by_role("alert", name="Problem")).to_have_count(0)
    assert "step" not in reader.tab.evaluate("location.hash")
    main.get_by_label("Step", exact=True).fill("7")
    main.get_by_label("Greatest reward").fill("1e-7")
    reader.tab.keyboard.press("Tab")

    expect(main.get_by_role("region", name="Table of grades").locator("tbody td:nth-child(2)").first).to_have_text("7")
    assert "max_reward=1e-7" in reader.tab.evaluate("location.hash")
