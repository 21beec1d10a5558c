"""Judges instances by schemas: on the first line an object of schemas by name, on each other line [NAME, INSTANCE].
Answers each with one line: `ok`, or why not."""
import json
import sys

from jsonschema import Draft202012Validator

validators = {}
for name, schema in json.loads(sys.stdin.readline()).items():
    Draft202012Validator.check_schema(schema)
    validators[name] = Draft202012Validator(schema)
for line in sys.stdin:
    name, instance = json.loads(line)
    error = next(validators[name].iter_errors(instance), None)
    print("ok" if error is None else json.dumps(f"{error.json_path}: {error.message}"[:500]), flush=True)
