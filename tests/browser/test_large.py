"""Samples and values of a size that no reader reads to its end: the page shows their beginning and goes on."""

from playwright.sync_api import expect

from tests.browser.reader import Reader
from tests.servers import Server


def test_large_values_are_written_and_shown_without_standing_still(reader: Reader) -> None:
    main = reader.open("#/runs", "Runs")
    deep = """async () => {
      const { pretty } = await import('/page/json.js');
      let value = 'x'.repeat(1_000_000);
      for (let level = 0; level < 60; level += 1) value = { level, value };
      const began = performance.now();
      return [JSON.stringify(JSON.parse(pretty(value))) === JSON.stringify(value), performance.now() - began];
    }"""
    marked = """async () => {
      const { withAnswer } = await import('/page/text.js');
      const { h } = await import('/page/dom.js');
      const place = h('p', {}, withAnswer('x' + '\\u200b\\u200c'.repeat(150_000), [1, 300_001]));
      return [place.querySelectorAll('.hidden-character').length, place.querySelector('mark .left-out')?.textContent];
    }"""

    is_same, took_ms = main.page.evaluate(deep)
    assert is_same
    assert took_ms < 1000
    assert main.page.evaluate(marked) == [200_000, " … 100,000 characters are not shown … "]


def test_a_sample_of_very_many_parts_is_shown(reader: Reader, server: Server) -> None:
    """More parts than a call of a function may have arguments."""
    sample = {"output_text": "\u200b" * 150_000, "usage": {"logprobs": [1] * 130_000}}
    body = {"item": {"reference": "5"}, "sample": sample}
    record = server.client.post("/v1/graders/finance_qa@v1/grade", json=body).json()["record"]
    main = reader.open(f"#/grades/{record}", "Grade")

    expect(main.locator("pre.sample")).to_have_text("U+200B × 150,000")
    expect(main.get_by_role("region", name="Other parts of the sample")).to_contain_text("the rest is in the API's")


def test_short_json_stands_on_one_line_and_long_json_does_not(reader: Reader) -> None:
    main = reader.open("#/runs", "Runs")
    pretty = "async (value) => (await import('/page/json.js')).pretty(value)"

    assert main.page.evaluate(pretty, {"a": [1, {}], "b": []}) == '{"a": [1, {}], "b": []}'
    assert main.page.evaluate(pretty, ["x" * 45, "y" * 47]) == f'["{"x" * 45}", "{"y" * 47}"]'
    assert main.page.evaluate(pretty, ["x" * 45, "y" * 48]) == f'[\n  "{"x" * 45}",\n  "{"y" * 48}"\n]'
