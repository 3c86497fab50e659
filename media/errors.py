"""What can go wrong while a card is made: each error says which part is wrong and what to do instead.

```
MediaError
├─ UnknownTheme      no file of that name in media/themes
├─ BadTheme          a theme's file has a key or value nobody understands
│  └─ LowContrast    two colours of a theme are too close to be read
├─ NoMessage         a card without words
├─ MissingGlyphs     no font at hand can set a character
├─ TextTooLong       a text doesn't fit at the smallest legible size
├─ BadPicture        a logo or photo that can't be read, or is too large to open safely
└─ TooManyBytes      the picture can't be made as small as the network demands
```
The docstring of an exception is its default message.
"""

import inspect


class MediaError(Exception):
    """The picture could not be made."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or inspect.getdoc(type(self)) or "")


class UnknownTheme(MediaError):  # noqa: N818  # named for what is wrong, like its siblings
    """There is no theme of that name."""


class BadTheme(MediaError):  # noqa: N818
    """The theme's file can't be understood."""


class LowContrast(BadTheme):
    """Two colours of the theme are too close to be read."""


class NoMessage(MediaError):  # noqa: N818
    """The card has no message: give it some words."""


class MissingGlyphs(MediaError):  # noqa: N818
    """No font at hand can set a character of the text."""


class TextTooLong(MediaError):  # noqa: N818
    """The text doesn't fit on the card at a size people can read: shorten it."""


class BadPicture(MediaError):  # noqa: N818
    """The picture can't be read: save it again as a JPEG or PNG."""


class TooManyBytes(MediaError):  # noqa: N818
    """The picture can't be made as small as asked without spoiling it."""
