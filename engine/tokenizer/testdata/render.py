"""Renders chat templates with Jinja2 as transformers does: a JSON object a line in, {"text"} or {"error"} a line out."""
import datetime
import functools
import json
import sys

from jinja2.exceptions import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


def refuse(message):
    raise TemplateError(message)


@functools.cache
def compiled(source, now):
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = datetime.datetime.fromisoformat(now).strftime
    return env.from_string(source)


for line in sys.stdin:
    job = json.loads(line)
    try:
        text = compiled(job["source"], job["now"]).render(
            messages=job["messages"], tools=None, documents=None, **job["variables"]
        )
        print(json.dumps({"text": text}))
    except Exception as error:
        print(json.dumps({"error": str(error)}))
