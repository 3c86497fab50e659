"""Staff and the audit, on the command line."""

from tests.acceptance.command import Campaign


def test_the_first_admin_is_invited_and_stays(campaign: Campaign):
    """An address whose secret stands behind the #, the code for browsers without scripts; the last admin stays."""
    assert "user add NAME --role admin" in campaign("user", "list").out
    said = campaign("user", "add", "Ada", "--role", "admin").out
    address = next(line for line in said.splitlines() if line.startswith("http://localhost:8080/staff/welcome#"))
    code = address.partition("#")[2]
    assert said.count(code) == 2
    assert "last admin" in campaign("user", "remove", "ada", code=1).err
    assert "last admin" in campaign("user", "role", "ada", "--role", "editor", code=1).err
    made = campaign("user", "invite", "ADA", "--json").json
    assert made["invitation"].endswith(f"#{made['code']}")
    assert made["code"] != code
    assert [(one["name"], one["role"]) for one in campaign("user", "list", "--json").json] == [("Ada", "admin")]


def test_a_moderator_first_is_told_that_an_admin_is_missing(campaign: Campaign):
    """The hint names the command; a second person of the name is refused."""
    assert "no admin yet" in campaign("user", "add", "Bea", "--role", "moderator").err
    assert "already" in campaign("user", "add", "bea", "--role", "editor", code=1).err
    campaign("user", "remove", "Bea")
    assert campaign("user", "list", "--json").json == []


def test_words_that_dont_fit_are_wrong_usage(campaign: Campaign):
    """A missing name or role, or one too many, changes nothing."""
    for line in (
        ("add",),
        ("add", "Ada"),
        ("list", "Ada"),
        ("remove", "Ada", "--role", "editor"),
        ("add", "Ada", "--role", "emperor"),
        ("promote", "Ada"),
        (),
    ):
        campaign("user", *line, code=2)
    assert campaign("user", "list", "--json").json == []


def test_a_broken_audit_is_exit_code_1(campaign: Campaign):
    """Whole: 0 and its head. An entry cut out of the state: 1, and where."""
    import sqlite3

    for name in ("Ada", "Bea", "Cem"):
        campaign("user", "add", name, "--role", "admin")
    whole = campaign("audit", "verify", "--json").json
    assert (whole["ok"], whole["entries"], whole["broken_at"]) == (True, 3, None)
    assert whole["head"] in campaign("audit", "verify").out
    with sqlite3.connect(campaign.folder / "var/state.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM audit WHERE id = 2")
    assert campaign("audit", "verify", "--json", code=1).json["broken_at"] == 3
    assert "broken at entry 3" in campaign("audit", "verify", code=1).out
