"""Templates run where no file can be opened: whatever they need is loaded before."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.chat_engine import ROOT

VECTORS = ROOT / "tests" / "vectors" / "prompts"

USED = (
    "{{ 'a\\tb' | wordwrap(2) }}",
    "{{ messages | pprint }}",
    "{{ '<b>&amp;</b>' | striptags }}",
    "{{ strftime_now('%A %d %B %Y') }}",
    "{{ messages | tojson(indent=2) }}",
    "{{ '%s' | format('x') }}{{ 'x{}'.format(1) }}",
    "{% for a in messages | groupby('role') %}{{ a.grouper | title }}{% endfor %}",
)
FAILING = ("{% if %}", "{{ 1 // 0 }}", "{{ nothing.of.this }}")

# Nothing can be imported any more, as behind the host's guards; codecs are imported, too.
RENDER = f"""
import json, sys
sys.path.insert(0, {os.fspath(ROOT)!r})
import appliance.engine.chat.assembling
from appliance.clock import now
from appliance.engine.prompts.sandbox import Program, TemplateUnusable
sources = json.load(sys.stdin)
sys.meta_path.clear()
messages = [{{"role": "user", "content": "Why?"}}]
for source in sources:
    try:
        program = Program(source)
        said = program.render({{"messages": messages, "add_generation_prompt": True}}, now)
        print(json.dumps(said))
    except TemplateUnusable as error:
        print(json.dumps("refused: " + error.sentence))
"""


def rendered(*templates: str) -> list[str]:
    """Each in turn in one process, so that what the first of them needs comes first."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", RENDER],
        input=json.dumps(templates), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said: list[str] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(templates)
    return said


def test_every_published_template_renders() -> None:
    published = [path.read_text("utf-8") for path in sorted(VECTORS.glob("*.jinja"))]
    said = rendered(*published)
    assert len(said) > 5
    assert all("Why?" in text and not text.startswith("refused") for text in said)


def test_what_templates_use_is_there() -> None:
    assert not [text for text in rendered(*USED) if text.startswith("refused") or not text.strip()]


def test_one_that_fails_is_refused_in_words() -> None:
    assert all(text.startswith("refused: The model's chat template") for text in rendered(*FAILING))
