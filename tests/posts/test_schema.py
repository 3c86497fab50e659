"""The JSON Schema that editors use says the same as the check."""

import jsonschema
import pytest

from scheduler import config, posts
from scheduler.model import Place
from scheduler.reading import parse
from scheduler.reading.nodes import plain
from scheduler.reading.report import Report
from tests.posts import campaign


def values(text):
    """Return a YAML text as plain values."""
    return plain(parse.nodes(text, "f", Report()))


@pytest.mark.parametrize("schema", [posts.schema(), config.schema()], ids=["posts", "config"])
def test_schema_is_one(schema):
    """The schema is valid by its own rules and describes every key."""
    jsonschema.Draft202012Validator.check_schema(schema)
    described = [schema["properties"], schema["properties"].get("posts", {}).get("items", {}).get("properties", {})]
    assert all(key["description"] for keys in described for key in keys.values())


def test_good_file_is_valid():
    """The example with every key is valid; its keys are those of the schema."""
    schema = posts.schema()
    jsonschema.validate(values(campaign.ACTION), schema)
    assert set(values(campaign.ACTION)) == set(schema["properties"])
    post = schema["properties"]["posts"]["items"]["properties"]
    assert set(values(campaign.ACTION)["posts"][0]) | {"every", "from"} == set(post)


@pytest.mark.parametrize(
    "text",
    [
        campaign.ACTION.replace("hashtags:", "hashtag:"),
        campaign.ACTION.replace("phase: ongoing", "phase: soon"),
        campaign.ACTION.replace("approve: true", "approve: yes"),
        campaign.ACTION.replace("    text: Again\n", ""),
    ],
)
def test_bad_file_is_invalid(text):
    """Unknown keys, unknown choices, wrong types and missing keys are red in an editor too."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values(text), posts.schema())


def test_config_is_valid():
    """A good config.yaml is valid by the schema of config."""
    validator = jsonschema.Draft202012Validator(config.schema())
    assert list(validator.iter_errors(values(campaign.CONFIG))) == []


def test_places_of_values():
    """A value's place is where it stands, an empty one's that of its key."""
    root = parse.nodes("a:\n  b: [1,\n   2]\nc:\nd: 1\n", "f", Report())
    assert root.get("a").get("b").items[1].place == Place(file="f", line=3, column=4)
    assert root.get("c").place == Place(file="f", line=4, column=1)


@pytest.mark.parametrize(
    ("written", "value"),
    [("NO", "NO"), ("12:30", "12:30"), ("010", 10), ("0o10", 8), ("0x1F", 31), ("1.5", 1.5), ("~", None), ('"1"', "1"),
     ("True", True), ("yes", "yes"), ("2021-09-08", "2021-09-08"), ("9" * 5000, "9" * 5000)],
)  # fmt: skip
def test_plain_words(written, value):
    """Plain words mean what YAML 1.2 says, whatever 1.1 thought."""
    assert values(f"a: {written}") == {"a": value}
