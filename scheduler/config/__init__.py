"""Reads `config.yaml` and, for the secrets it names, the environment: nothing else in the program does.

`config.yaml` -> Workspace, with every problem and its place. The keys are said once, in `keys`.
"""

from scheduler.config.secrets import example_keys, put, secrets
from scheduler.config.workspace import FILE, load, schema

__all__ = ["FILE", "example_keys", "load", "put", "schema", "secrets"]
