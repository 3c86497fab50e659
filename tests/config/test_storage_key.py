"""What config.yaml says of a storage."""

from pathlib import Path

from scheduler import app as parts
from scheduler.model import Storage


def test_config_names_it(tmp_path: Path) -> None:
    """What config.yaml says of it is read, with its defaults; what is no place in a storage is an error."""
    head = "name: N\ntimezone: UTC\nlanguages: [en]\naccounts: {local: {platform: outbox}}\n"
    for said, expected in (
        (
            "{bucket: 's3://ours', keys: LENT}",
            Storage(bucket="s3://ours", endpoint="", region="us-east-1", keys="LENT"),
        ),
        (
            "{bucket: 's3://ours/a/b/', keys: LENT, endpoint: 'https://s3.example.org/', region: eu-1}",
            Storage(bucket="s3://ours/a/b", endpoint="https://s3.example.org", region="eu-1", keys="LENT"),
        ),
        (
            "{bucket: 's3://ours/lent', keys: LENT, private: 's3://ours/private/', encryption: AES256}",
            Storage(
                bucket="s3://ours/lent",
                endpoint="",
                region="us-east-1",
                keys="LENT",
                private="s3://ours/private",
                encryption="AES256",
            ),
        ),
    ):
        (tmp_path / "config.yaml").write_text(f"{head}storage: {said}\n")
        workspace, problems = parts.workspace(tmp_path)
        assert (workspace.storage, problems) == (expected, [])
    for said, rule in (
        ("{bucket: ours, keys: LENT}", "bad-value"),
        ("{bucket: 's3://OURS', keys: LENT}", "bad-value"),
        ("{bucket: 's3://ours'}", "missing-key"),
        ("{keys: LENT}", "missing-key"),
        ("{bucket: 's3://ours', keys: LENT, endpoint: 'http://s3.example.org'}", "bad-url"),
        ("{bucket: 's3://ours', keys: LENT, secret_access_key: hunter2}", "literal-secret"),
        ("{bucket: 's3://ours/lent', keys: LENT, private: 's3://ours/lent'}", "bad-value"),
        ("{bucket: 's3://ours/lent', keys: LENT, private: 's3://ours'}", "bad-value"),
        ("{bucket: 's3://ours', keys: LENT, private: 's3://ours/private'}", "bad-value"),
        ("{bucket: 's3://ours', keys: LENT, private: ours}", "bad-value"),
        ("{bucket: 's3://ours', keys: LENT, encryption: rot13}", "bad-value"),
    ):
        (tmp_path / "config.yaml").write_text(f"{head}storage: {said}\n")
        workspace, problems = parts.workspace(tmp_path)
        assert [one.rule for one in problems] == [rule], said
        assert workspace.storage is None or not workspace.storage.private
