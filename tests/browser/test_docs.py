"""The OpenAPI page: the service's own files alone, and its examples can be sent from it."""

from playwright.sync_api import expect

from tests.browser.reader import Reader


def test_an_example_can_be_sent_from_the_openapi_page(reader: Reader) -> None:
    main = reader.open("docs")
    route = main.locator(".opblock", has=reader.tab.locator('[data-path="/v1/graders/{id}/grade"]'))
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Try it out").click()
    examples = route.locator(".examples-select-element")
    expect(examples.nth(0).locator("option").first).to_have_text("code_tests@v1")
    expect(examples.nth(1).locator("option").first).to_have_text("code_tests@v1: Right")
    examples.nth(0).select_option(label="finance_qa@v1")
    examples.nth(1).select_option(label="finance_qa@v1: Right, in the scale asked for")
    route.get_by_role("button", name="Execute").click()

    expect(route.locator(".live-responses-table .response .response-col_status").first).to_have_text("200")
    expect(route.locator(".live-responses-table")).to_contain_text('"verdict"')
