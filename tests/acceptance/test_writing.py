"""Before anything goes out: init, check, plan, queue, preview, reply, schema."""

import json
from pathlib import Path

import jsonschema
from PIL import Image
from ruamel.yaml import YAML

from tests.acceptance.command import Campaign, ago, ahead, run

CHANGE = {"id", "action", "post", "account", "due_at"}
DELIVERY = {
    "id": str,
    "post": str,
    "action": str,
    "account": str,
    "platform": str,
    "status": str,
    "due_at": str,
    "published_at": str | None,
    "remote_id": str | None,
    "url": str | None,
    "attempts": int,
    "reason": str | None,
}


def test_a_new_workspace_passes_check_and_its_schemas(tmp_path: Path):
    """`init` writes a commented workspace without problems, valid by the schemas, and never over another one."""
    here = tmp_path / "my campaign"
    ran = run("init", here, home=tmp_path)
    assert f"cd '{here}'" in ran.out
    assert {"config.yaml", "posts", ".env.example", ".gitignore"} <= {path.name for path in here.iterdir()}
    assert "#" in (here / "config.yaml").read_text("utf-8")
    checked = run("-C", here, "check", "--json", home=tmp_path).json
    assert checked["problems"] == []
    assert checked["deliveries"] > checked["posts"] > 0
    yaml = YAML(typ="safe")
    for kind, file in (("config", here / "config.yaml"), ("post", next((here / "posts").glob("*.yaml")))):
        schema = run("schema", kind, home=tmp_path).json
        jsonschema.Draft202012Validator.check_schema(schema)
        value = json.loads(json.dumps(yaml.load(file), default=str))
        jsonschema.Draft202012Validator(schema).validate(value)
    before = (here / "config.yaml").read_bytes()
    assert "is there already" in run("init", here, code=2, home=tmp_path).err
    assert (here / "config.yaml").read_bytes() == before


def test_the_posts_that_init_leaves_out_are_good_too(tmp_path: Path):
    """With the # taken off, the example of what volunteers send, and where they write to, pass the check as well."""
    here = tmp_path / "campaign"
    run("init", here, home=tmp_path)
    (file,) = (here / "posts").glob("*.yaml")
    lines = file.read_text("utf-8").split("  # - id: voices\n")
    assert len(lines) == 2
    voices = "\n".join(line.replace("  # ", "  ", 1) for line in lines[1].splitlines())
    file.write_text(f"{lines[0]}  - id: voices\n{voices}\n", "utf-8")
    config = (here / "config.yaml").read_text("utf-8")
    (here / "config.yaml").write_text(config.replace("# contact:", "contact:"), "utf-8")
    checked = run("-C", here, "check", "--json", home=tmp_path).json
    assert (checked["problems"], checked["posts"]) == ([], 3)


def test_check_says_all_that_is_wrong_with_its_place(campaign: Campaign):
    """Every problem is FILE:LINE:COLUMN with its rule, in both forms; `check` opens no database."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: Hello")
    campaign.write(f"id: b, at: {ahead(days=1)}, txt: Hello", action="broken")
    ran = campaign("check", "--json", code=1)
    assert set(ran.json) == {"posts", "deliveries", "problems"}
    for problem in ran.json["problems"]:
        types = {name: type(value) for name, value in problem.items() if name != "post"}
        assert types == {"file": str, "line": int, "column": int, "level": str, "rule": str, "message": str}
    unknown = next(one for one in ran.json["problems"] if one["rule"] == "unknown-key")
    assert (unknown["file"], unknown["line"], unknown["level"]) == ("posts/broken.yaml", 4, "error")
    words = campaign("check", code=1).out.splitlines()
    place = f"posts/broken.yaml:4:{unknown['column']}: error: {unknown['message']} [unknown-key]"
    assert place in words
    assert words[-1].endswith(" 1 delivery: 2 errors, no warnings")
    assert campaign("check", "posts/act.yaml").out == "1 post, 1 delivery: no errors, no warnings\n"
    assert not (campaign.folder / "var").exists()


def test_queue_follows_the_files_and_says_what_it_does(campaign: Campaign):
    """Added, unchanged, changed, cancelled and back again: `plan` says it, `queue` does it, twice is once."""
    one, two = f"id: one, at: {ahead(days=1)}, text: First", f"id: two, at: {ahead(days=2)}, text: Second"
    campaign.write(one, two)
    planned = campaign("plan", "--json").json
    assert {"add", "change", "cancel", "unchanged"} <= set(planned)
    assert [entry["id"] for entry in planned["add"]] == ["act/one@local", "act/two@local"]
    assert set(planned["add"][0]) >= CHANGE
    assert campaign("queue", "--json").json["add"] == planned["add"]
    assert campaign("queue").out == "0 added, 0 changed, 0 cancelled, 2 unchanged\n"
    campaign.write(one.replace("First", "Better"), action="act")
    said = campaign("plan").out
    assert "1 to change, 1 to cancel" in said
    assert "act/two@local" in said
    done = campaign("queue", "--json").json
    assert [entry["id"] for entry in done["change"] + done["cancel"]] == ["act/one@local", "act/two@local"]
    standing = campaign("status", "--json").json
    assert standing["counts"] == {"queued": 1, "cancelled": 1}
    first, second = standing["deliveries"]
    assert first["text"] == "Better"
    assert second["reason"] == "taken out of its file"
    for name, kind in DELIVERY.items():
        assert isinstance(first[name], kind), name
    campaign.write(one, two)
    assert campaign("queue").out.splitlines()[-1] == "0 added, 2 changed, 0 cancelled, 0 unchanged"
    assert campaign.statuses() == {"act/one": "queued", "act/two": "queued"}


def test_one_broken_file_leaves_the_others_alone_and_its_own_posts_as_they_were(campaign: Campaign):
    """The last good version of a file that can't be read stays queued; the error is said and the exit code is 1."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: Good", action="torn")
    campaign("queue")
    (campaign.folder / "posts/torn.yaml").write_text("title: [", "utf-8")
    campaign.write(f"id: b, at: {ahead(days=1)}, text: Fresh", action="fine")
    ran = campaign("queue", "--json", code=1)
    assert "posts/torn.yaml:" in ran.err
    assert [entry["id"] for entry in ran.json["add"]] == ["fine/b@local"]
    assert ran.json["cancel"] == []
    once = campaign("run", "--once", code=1)
    assert "posts/torn.yaml:" in once.err
    assert campaign.delivery("torn/a@local")["text"] == "Good"
    assert campaign.statuses() == {"torn/a": "queued", "fine/b": "queued"}


def test_a_posts_folder_that_is_gone_cancels_nothing(campaign: Campaign):
    """A folder that was moved or not mounted isn't a wish to take everything out."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: Hello")
    campaign("queue")
    (campaign.folder / "posts").rename(campaign.folder / "elsewhere")
    for command in (["queue"], ["plan"], ["run", "--once"]):
        assert "the queue stays as it is" in campaign(*command, code=2).err
    assert campaign.statuses() == {"act/a": "queued"}


def test_what_is_long_past_is_named_and_never_goes(campaign: Campaign):
    """A post more than a day old when it is first queued is missed, whatever its rule; `plan` names it."""
    campaign.write(f"id: old, at: {ago(days=2)}, text: Old, late: {{after: 1 minute, then: publish}}")
    assert "past due" in campaign("plan").out
    assert campaign("plan", "--json").json["add"][0]["past_due"] is True
    campaign("queue")
    assert campaign("run", "--once").out == "nothing went out\n"
    assert campaign.statuses() == {"act/old": "missed"}
    assert campaign.outbox() == []


def test_preview_shows_the_exact_text_and_pictures(campaign: Campaign):
    """Text, length, limit and media of every account; a picture that isn't there, or no such post, is said."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: Hello, card: {{message: Stand up}}", head="hashtags: [Now]")
    (one,) = campaign("preview", "act/a", "--json").json
    assert (one["account"], one["platform"]) == ("local", "outbox")
    (part,) = one["parts"]
    assert part == {"text": "Hello\n\n#Now", "length": 11, "limit": part["limit"]}
    (medium,) = one["media"]
    assert set(medium) == {"path", "mime", "width", "height", "bytes", "alt"}
    with Image.open(medium["path"]) as picture:
        assert (picture.width, picture.height) == (medium["width"], medium["height"])
    assert Path(medium["path"]).stat().st_size == medium["bytes"]
    said = campaign("preview", "act/a@local").out
    assert "Hello\n\n#Now" in said
    assert " UTC, " in said
    assert "nosuch" in campaign("preview", "nosuch", code=2).err
    assert "nosuch" in campaign("preview", "act/a", "--account", "nosuch", code=2).err


def test_replies_are_ready_to_copy(campaign: Campaign):
    """`reply` gives an action's answers in the language asked for."""
    reply = "{title: {en: Help, fr: Aide}, text: {en: Ask us, fr: Demandez}, links: [https://example.org/a]}"
    campaign.write(f"id: a, at: {ahead(days=1)}, text: Hello", head=f"replies: [{reply}]")
    campaign.config((campaign.folder / "config.yaml").read_text("utf-8").replace("[en]", "[en, fr]"))
    french = {"title": "Aide", "lang": "fr", "text": "Demandez", "links": ["https://example.org/a"]}
    assert campaign("reply", "act", "--lang", "fr", "--json").json == [french]
    assert campaign("reply", "act").out == "── Help\nAsk us\nhttps://example.org/a\n\n"
    assert "act" in campaign("reply", "nosuch", code=2).err
