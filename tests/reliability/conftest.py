"""Every test here runs on each database, but those of a module that names its own in `DATABASES`."""

from tests.databases import database, pytest_generate_tests

__all__ = ["database", "pytest_generate_tests"]
