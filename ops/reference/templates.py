"""Writes what Jinja, set up as Hugging Face's library does, makes of a test template with tools.

    python3 ops/reference/templates.py runners/src/test/resources/templates

Renders tools.jinja for the conversation in tools.json into tools.txt; ChatTemplateTest compares.
Needs transformers.
"""

import datetime
import json
import sys
from pathlib import Path

from transformers.utils import chat_template_utils


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 2, 3, 4, 5)


chat_template_utils.datetime = Fixed
folder = Path(sys.argv[1])
case = json.loads((folder / "tools.json").read_text())
rendered, _ = chat_template_utils.render_jinja_template(
    [case["messages"]],
    tools=case["tools"],
    chat_template=(folder / "tools.jinja").read_text(),
    add_generation_prompt=True,
    bos_token="<s>",
    eos_token="</s>",
    **case["flags"],
)
(folder / "tools.txt").write_text(rendered[0])
