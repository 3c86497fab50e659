"""A picture whose shape a network refuses is found out by `check`, long before its second."""

from pathlib import Path

import pytest
from PIL import Image

from scheduler import publishers, rendering
from scheduler.errors import UserError
from scheduler.model import FileContent
from tests.world import World


@pytest.mark.parametrize(
    ("size", "platform", "fits"),
    [
        ((300, 400), "instagram", False),
        ((320, 400), "instagram", True),
        ((382, 200), "instagram", True),
        ((400, 200), "instagram", False),
        ((300, 400), "x", True),
    ],
)
def test_the_shape_of_a_picture(tmp_path: Path, size: tuple[int, int], platform: str, fits: bool) -> None:  # noqa: FBT001
    """Instagram takes 4:5 to 1.91:1, and the words say what to do; X takes any."""
    world = World(tmp_path)
    Image.new("RGB", size, "#345678").save(tmp_path / "p.png")
    image = FileContent(file="p.png", alt="A wall")
    limits = publishers.load(platform).limits
    if fits:
        rendering.check_image(image, limits, world.workspace)
        return
    with pytest.raises(UserError, match="crop it, or put it on a card"):
        rendering.check_image(image, limits, world.workspace)
