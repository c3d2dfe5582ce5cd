"""A batch answers in input order, per sample, and one bad sample fails no other."""

import json

import httpx2

PATH = "/v1/graders/moody@v1/grade-batch"


def samples(*texts: object) -> list[dict[str, object]]:
    return [{"item": {"n": n}, "sample": text} for n, text in enumerate(texts)]


def test_results_come_in_input_order(client: httpx2.Client) -> None:
    results = client.post(PATH, json={"samples": samples(*"abcdefgh")}).json()["results"]

    assert [result["answer"] for result in results] == list("abcdefgh")
    assert len({result["record"] for result in results}) == 8


def test_one_bad_element_never_fails_its_neighbours(client: httpx2.Client) -> None:
    bad = [
        {"item": {"n": 1}},
        {"item": {"n": "x"}, "sample": "a"},
        {"item": {"n": -1}, "sample": "a"},
        {"item": {"n": 1}, "sample": 3},
        {"item": {"n": 1}, "sample": "die"},
        {"item": {"n": 1}, "sample": "a", "sampel": 1},
        "no object",
        {"item": {"n": 1, "x": 1}, "sample": "raise"},
    ]
    body = {"samples": [element for one in bad for element in (one, *samples("good"))]}

    results = client.post(PATH, json=body).json()["results"]

    assert [result.get("reward") for result in results[1::2]] == [1.0] * len(bad)
    errors = [result["error"] for result in results[0::2]]
    assert [error["code"] for error in errors] == [
        "invalid_request", "invalid_item", "invalid_item", "invalid_request", "grader_crashed", "invalid_request",
        "invalid_request", "grader_crashed",
    ]  # fmt: skip
    assert errors[0]["errors"][0]["pointer"] == "/samples/0/sample"
    assert errors[1]["errors"][0]["pointer"] == "/samples/2/item/n"
    assert errors[2]["errors"][0]["pointer"] == "/samples/4/item/n"


def test_an_infinite_number_fails_only_its_own_sample(client: httpx2.Client) -> None:
    body = b'{"samples": [{"item": {"n": 1, "x": 1e999}, "sample": "a"}, {"item": {"n": 2}, "sample": "a"}]}'

    results = client.post(PATH, content=body, headers={"Content-Type": "application/json"}).json()["results"]

    assert results[0]["error"]["errors"][0]["pointer"] == "/samples/0/item/x"
    assert results[1]["reward"] == 1.0


def test_what_is_nested_too_deep_to_be_read_fails_only_its_own_sample(client: httpx2.Client) -> None:
    deep = b"[" * 5000 + b"]" * 5000
    elements = [
        b'{"item": {"n": 0, "x": %b}, "sample": "a"}' % deep,
        b'{"item": {"n": 1}, "sample": {"output_text": "]] \\" [[", "output_json": {"a": [1, %b, "]"]}}}' % deep,
        b'{"item": {"n": 2}, "sample": "]"}',
        b'{"item": {"n": 3}, "sample": "a", "run": {"id": %b}}' % deep,
        b"[%b]" % deep,
        b'{"item": {"n": 5}, "sample": "[\\"["}',
    ]
    body = b'{"samples": [%b]}' % b", ".join(elements)

    results = client.post(PATH, content=body, headers={"Content-Type": "application/json"}).json()["results"]

    assert [result.get("answer") for result in results] == [None, None, "]", None, None, '["[']
    errors = [result["error"]["errors"][0] for result in results if "error" in result]
    assert [error["pointer"] for error in errors] == [
        "/samples/0/item",
        "/samples/1/sample",
        "/samples/3/run/id",
        "/samples/4",
    ]
    assert {error["detail"] for error in errors[:2]} == {"This is nested deeper than 150 levels."}


def test_a_retried_batch_grades_only_what_has_no_grade_yet(client: httpx2.Client) -> None:
    first = client.post(
        PATH, json={"samples": [*samples("a"), {"item": {"n": "x"}, "sample": "b"}]}, headers={"Idempotency-Key": "b1"}
    )
    again = client.post(PATH, json={"samples": samples("a", "b")}, headers={"Idempotency-Key": "b1"})
    other = client.post(PATH, json={"samples": samples("a", "c")}, headers={"Idempotency-Key": "b1"})

    before, after, conflict = (answer.json()["results"] for answer in (first, again, other))
    assert after[0] == {**before[0], "replayed": True}
    assert (after[1]["answer"], after[1]["replayed"]) == ("b", False)
    assert conflict[0]["replayed"]
    assert conflict[1]["error"]["code"] == "idempotency_conflict"
    assert conflict[1]["error"]["errors"][0]["pointer"] == "/samples/1"


def test_a_neighbour_s_fault_makes_no_other_body_of_a_sample(client: httpx2.Client) -> None:
    good = {"item": {"n": 1}, "sample": "a"}
    batches = [[good, good], [good, {**good, "sample": None}], [good, good, {**good, "sample": "\ud800"}]]

    # As most clients write it: with blanks, which a batch that is read the careful way does not keep.
    bodies = [json.dumps({"samples": batch}) for batch in batches]
    headers = {"Idempotency-Key": "blanks", "Content-Type": "application/json"}
    answers = [client.post(PATH, content=body, headers=headers).json()["results"] for body in bodies]

    assert answers[1][0] == {**answers[0][0], "replayed": True}
    assert answers[1][1]["error"]["code"] == "invalid_request"
    assert [one.get("replayed") for one in answers[2]] == [True, True, False]


def test_a_batch_s_key_never_meets_a_single_one_s(client: httpx2.Client) -> None:
    key = {"Idempotency-Key": "shared"}
    single = client.post("/v1/graders/moody@v1/grade", json=samples("a")[0], headers={"Idempotency-Key": "shared#0"})
    batch = client.post(PATH, json={"samples": samples("a")}, headers=key)

    assert single.json()["record"] != batch.json()["results"][0]["record"]


def test_coordinates_of_the_batch_and_of_the_sample_are_joined(client: httpx2.Client) -> None:
    body = {
        "samples": [{"item": {"n": 1}, "sample": "a", "run": {"item_id": "q1", "rollout": 2, "group": "g"}}],
        "run": {"id": "joined", "step": 7},
    }
    client.post(PATH, json=body)

    [row] = client.get("/v1/grades", params={"run": "joined"}).json()["grades"]

    assert [row[name] for name in ("run", "step", "item_id", "rollout", "group")] == ["joined", 7, "q1", 2, "g"]


def test_coordinates_never_reject_a_grade(client: httpx2.Client) -> None:
    """Datasets number their rows, and trainers send more than is read."""
    run = {"id": 7, "item_id": 42, "group": 3, "step": 1, "lr": 1e-6}
    answer = client.post(PATH, json={"samples": [{**samples("a")[0], "run": run}]})

    assert "reward" in answer.json()["results"][0]
    [row] = client.get("/v1/grades", params={"run": "7"}).json()["grades"]
    assert (row["item_id"], row["group"], row["step"]) == ("42", "3", 1)
    without = client.post(PATH, json={"samples": [{**samples("a")[0], "run": None}], "run": None})
    assert "reward" in without.json()["results"][0]


def test_a_thousand_samples_pass_and_one_more_does_not(client: httpx2.Client) -> None:
    full = client.post(PATH, json={"samples": samples(*["a"] * 1000)})
    over = client.post(PATH, json={"samples": samples(*["a"] * 1001)})

    assert len(full.json()["results"]) == 1000
    assert (over.status_code, over.json()["errors"][0]["pointer"]) == (422, "/samples")


def test_an_empty_batch_has_no_results(client: httpx2.Client) -> None:
    assert client.post(PATH, json={"samples": []}).json() == {"results": []}
