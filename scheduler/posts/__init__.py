"""Reads `posts/*.yaml`: each file is an action of the campaign with its posts. Never stops at the first problem.

A file goes `keys` (what each key takes) -> `action` and `post` (keys against each other) -> `moments`,
`recurrence` (times) -> `duplicates` (posts against each other).
"""

from scheduler.posts.load import Loaded, load, schema

__all__ = ["Loaded", "load", "schema"]
