"""Rules that hold for every template and front-end file anyone adds."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ICONS = json.loads((ROOT / "static" / "icons.json").read_text())
KNOWN_ICONS = {*ICONS["outline"], *ICONS["own"]}


def committed(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


TEMPLATES = [path for path in committed("*.html") if "/tests/" not in path.as_posix()]


def name(path):
    return path.relative_to(ROOT).as_posix()


def test_there_are_templates_to_look_at():
    assert ROOT / "templates" / "base.html" in TEMPLATES


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_keeps_to_the_content_security_policy(path):
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "use a class of abe.css"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "use a module of static/js"
    assert "<style" not in text
    for opening in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in opening or 'type="application/json"' in opening
    assert not re.search(r"hx-on|hx-vals=.js:|hx-trigger=\"[^\"]*\[", text), "htmx evaluates nothing here"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_loads_nothing_from_elsewhere(path):
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_templates_icons_are_in_the_sprite(path):
    used = set(re.findall(r"{%\s*icon\s+[\"']([^\"']+)", path.read_text()))
    used |= set(re.findall(r"\sicon=[\"']([a-z0-9-]+)[\"']", path.read_text()))
    assert used <= KNOWN_ICONS, "add the name to static/icons.json"


def test_icons_named_in_code_are_in_the_sprite():
    python = "\n".join(path.read_text() for path in committed("*.py") if "tests" not in path.parts)
    scripts = "\n".join(path.read_text() for path in committed("static/js/*.js"))
    used = set(re.findall(r"\bicon=[\"']([a-z0-9-]+)[\"']", python)) | set(
        re.findall(r"\bicon\(\"([a-z0-9-]+)\"", scripts)
    )
    assert "x" in used
    assert used <= KNOWN_ICONS


def test_the_lock_file_names_no_address_of_a_package():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert lock["packages"]
    assert not [key for key, entry in lock["packages"].items() if "resolved" in entry]
    missing = [key for key, entry in lock["packages"].items() if key and "integrity" not in entry]
    assert not missing


def test_own_scripts_evaluate_no_text():
    for path in committed("static/js/*.js"):
        text = path.read_text()
        assert not re.search(
            r"\beval\(|new Function|innerHTML|insertAdjacentHTML|setAttribute\(\"style\"", text
        ), path


def test_colours_stand_in_the_tokens_only():
    """A literal colour outside the tokens would be right in one theme alone."""
    css = (ROOT / "static" / "css" / "abe.css").read_text()
    rules = css.partition("/* ── Base")[2]
    stray = [
        line
        for line in rules.splitlines()
        if re.search(r"#[0-9a-f]{3,8}\b", line) and "light-dark" not in line
    ]
    allowed = ("--abe-on-accent", ".abe-mark-", ".abe-qr")
    assert [line for line in stray if not line.strip().startswith(allowed)] == []
