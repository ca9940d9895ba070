"""Holds what our programs write against schemas/*.schema.json (installed as share/carbonedge/schemas).

check(text) returns the problems of a text that begins with a schema of ours, [] for any other.
"""

import json
import pathlib
import re

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
CLAIM = re.compile(r'(?:\{\s*"schema"\s*:\s*|# schema: )"carbonedge\.([a-z-]+)/\d+"')
LINES = {"run", "samples", "history"}  # each line is one object


def has_validator():
    try:
        import jsonschema  # noqa: F401
    except ImportError:
        return False
    return True


def validator(name):
    import jsonschema

    path = SCHEMAS / f"{name}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    # One schema refers to another by its file's name.
    return jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver(path.as_uri(), schema))


def documents(name, text):
    """What is described: the whole, each line, or the header lines as one object."""
    if text.startswith("#"):
        header = {}
        for line in text.splitlines():
            if not line.startswith("# "):
                break
            key, value = line[2:].split(": ", 1)
            header[key] = json.loads(value)
        return [header]
    if name in LINES:
        return [json.loads(line) for line in text.splitlines() if line]
    return [json.loads(text)]


def claimed(text):
    found = CLAIM.match(text)
    return found.group(1) if found else None


def check(text):
    name = claimed(text)
    if name is None:
        return []
    if not (SCHEMAS / f"{name}.schema.json").exists():
        return [f"there is no schemas/{name}.schema.json"]
    found = validator(name)
    problems = []
    for position, document in enumerate(documents(name, text), start=1):
        for error in found.iter_errors(document):
            where = "/".join(map(str, error.absolute_path))
            problems.append(f"schemas/{name}.schema.json, object {position}, at '{where}': {error.message[:300]}")
    return problems
