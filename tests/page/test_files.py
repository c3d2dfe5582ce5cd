"""The page's files, as they are served and as they are kept."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.monitors import rates, rewards, shapes, windows
from app.page.routes import FOLDER, page_router

PROJECT = Path(__file__).parent.parent.parent
OWN = sorted(
    file for file in FOLDER.rglob("*") if file.suffix in {".js", ".css", ".html"} and "vendor" not in file.parts
)
SCRIPTS = [file for file in OWN if file.suffix == ".js"]
VENDORED = [PROJECT / "app/page/static/vendor", PROJECT / "tests/browser/vendor"]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI(docs_url=None)
    app.include_router(page_router())
    with TestClient(app) as client:
        yield client


def test_the_policy_lets_no_script_in_but_the_page_s_own_files(client: TestClient) -> None:
    answer = client.get("/")
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_openapi_page_has_scripts_of_this_service_alone(client: TestClient) -> None:
    answer = client.get("/docs")
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


def test_a_file_that_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/page/main.js")
    again = client.get("/page/main.js", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/page/main.js", headers={"If-None-Match": '"other"'}).status_code == 200


def test_nothing_beside_the_page_s_files_is_served(client: TestClient) -> None:
    for path in ("/page/", "/page/../routes.py", "/page/%2e%2e/routes.py", "/page/vendor/uPlot.LICENSE"):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_every_file_that_is_named_is_served(file: Path, client: TestClient) -> None:
    text = file.read_text("utf-8")
    named = re.findall(r'(?:from|import\() ?"(\./[^"]+)"', text) + re.findall(r'(?:src|href)="(page/[^"]+)"', text)

    assert named or file.suffix == ".css" or "import" not in text
    for name in named:
        assert client.get("/page/" + name.removeprefix("./").removeprefix("page/")).status_code == 200, name


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.name)
def test_no_other_host_is_named_and_nothing_is_inline(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")

    assert not re.findall(r"(?:https?:)?//[a-z]+\.[a-z]", text)
    assert not re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=\"", text)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_text_is_ever_read_as_markup_or_script(file: Path) -> None:
    text = file.read_text("utf-8")

    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function", text
    )
    assert text.count("\n") <= 300


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: folder.parent.name)
def test_vendored_files_are_those_of_the_named_release_with_their_licence(folder: Path) -> None:
    packages = tomllib.loads((folder / "vendored.toml").read_text("utf-8"))
    listed = {name for package in packages.values() for name in (*package["files"], *package["licence_files"])}

    assert {file.name for file in folder.iterdir()} == listed | {"vendored.toml"}
    for package in packages.values():
        for name, digest in package["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_every_file_of_the_page_is_small() -> None:
    assert all(file.stat().st_size < 16_384 for file in OWN)


def test_the_page_says_the_least_numbers_that_the_monitors_have() -> None:
    text = (FOLDER / "findings.js").read_text("utf-8")
    told = re.search(r"const \[WINDOW_STEPS, GRADES_MIN, GROUPS_MIN, UNSCORED_MIN\] = \[(.+)\];", text)

    assert told is not None
    assert [float(number) for number in told[1].split(", ")] == [
        windows.WINDOW_STEPS,
        windows.GRADES_MIN,
        rewards.GROUPS_MIN,
        rates.UNSCORED_NOTICE,
    ]
    assert shapes.GROUPS_MIN == rewards.GROUPS_MIN
