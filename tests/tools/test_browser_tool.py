"""Which browser the tests of the page take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import browser


def program(folder: Path, name: str, code: int = 0) -> Path:
    """A program that ends with a code."""
    path = folder / name
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_the_named_browser_comes_first(tmp_path: Path) -> None:
    named = program(tmp_path, "mine")
    program(tmp_path, "chromium")

    assert browser.find({"PATH": str(tmp_path), "FERRY_BROWSER": str(named)}) == named


@pytest.mark.parametrize("name", browser.NAMES)
def test_a_browser_on_path_is_found_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    assert browser.find({"PATH": str(tmp_path)}) != tmp_path / name
    found = program(tmp_path, name)

    assert browser.find({"PATH": str(tmp_path)}) == found


def test_one_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "chromium", code=1)
    works = program(tmp_path, "google-chrome")

    assert browser.find({"PATH": str(tmp_path)}) == works


@pytest.mark.parametrize("named", ["nowhere", "broken"])
def test_a_named_one_that_does_not_run_is_an_error_that_says_what_to_do(tmp_path: Path, named: str) -> None:
    program(tmp_path, "broken", code=1)
    program(tmp_path, "chromium")

    with pytest.raises(browser.BrowserError, match=r"FERRY_BROWSER is .* Install Chrome or Chromium"):
        browser.find({"PATH": str(tmp_path), "FERRY_BROWSER": str(tmp_path / named)})


def test_a_downloaded_one_is_found_in_the_virtual_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "APPLICATIONS", ())
    monkeypatch.setattr(browser, "FOLDER", tmp_path)
    assert browser.find({"PATH": ""}) is None
    (tmp_path / "chromium_headless_shell-1").mkdir()
    found = program(tmp_path / "chromium_headless_shell-1", "headless_shell")

    assert browser.find({"PATH": ""}) == found
