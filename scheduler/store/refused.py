"""Files that were taken back once, by keyed hashes: the same one can't come in again. Steps inside a transaction."""

from datetime import date

from sqlalchemy import Connection, insert, select

from scheduler.store.tables import refused_files


def refuse(c: Connection, file_hash: str, *, day: date) -> None:
    """Let the same file never come in again."""
    if file_hash and not holds(c, file_hash):
        c.execute(insert(refused_files).values(file_hash=file_hash, day=day.isoformat()))


def holds(c: Connection, file_hash: str) -> bool:
    """Tell whether a file was taken back once."""
    return c.execute(select(refused_files.c.day).where(refused_files.c.file_hash == file_hash)).first() is not None
