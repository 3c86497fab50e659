"""The state: every delivery, attempt, receipt, pause and release, in one database."""
