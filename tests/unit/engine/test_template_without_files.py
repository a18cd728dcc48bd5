"""Templates run where no file can be opened: whatever they need is loaded before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.chat_engine import ROOT

VECTORS = ROOT / "tests" / "vectors" / "prompts"

# Nothing can be imported any more, as behind the host's guards; codecs are imported, too.
BEGIN = f"""
import sys
sys.path.insert(0, {os.fspath(ROOT)!r})
import appliance.engine.chat.assembling
from appliance.clock import now
from appliance.engine.prompts.sandbox import Program, TemplateUnusable
source = sys.stdin.read()
sys.meta_path.clear()
messages = [{{"role": "user", "content": "Why?"}}]
"""
RENDER = """
print(Program(source).render({"messages": messages, "add_generation_prompt": True}, now))
"""
REFUSE = """
try:
    Program(source).render({}, now)
except TemplateUnusable as error:
    print(error.sentence)
"""


def run(script: str, template: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", BEGIN + script],
        input=template, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_published_template_renders() -> None:
    for path in sorted(VECTORS.glob("*.jinja")):
        assert "Why?" in run(RENDER, path.read_text("utf-8")), path.name


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a\\tb' | wordwrap(2) }}",
        "{{ messages | pprint }}",
        "{{ '<b>&amp;</b>' | striptags }}",
        "{{ strftime_now('%A %d %B %Y') }}",
        "{{ messages | tojson(indent=2) }}",
        "{{ '%s' | format('x') }}{{ 'x{}'.format(1) }}",
        "{% for a in messages | groupby('role') %}{{ a.grouper | title }}{% endfor %}",
    ],
)
def test_what_templates_use_is_there(template: str) -> None:
    assert run(RENDER, template).strip()


@pytest.mark.parametrize("template", ["{% if %}", "{{ 1 // 0 }}", "{{ nothing.of.this }}"])
def test_one_that_fails_is_refused_in_words(template: str) -> None:
    assert "template" in run(REFUSE, template)
