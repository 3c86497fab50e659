"""What volunteers are told when something can't be taken: fixed words, in their language."""

from scheduler.errors import UserError
from scheduler.files import MachineError
from scheduler.operations.intake import RefusedError, Why
from scheduler.store.uploads import TooManyBytesError
from scheduler.web.ask import Ask


def why(ask: Ask, error: UserError) -> str:
    """Return why something isn't taken."""
    if isinstance(error, TooManyBytesError):
        return problem(ask, "TooLarge")
    if isinstance(error, MachineError) or not isinstance(error, RefusedError):
        return ask._("We can't open it just now. That isn't your fault. Please try again a little later.")
    return {
        Why.taken_back: ask._("This picture was taken back once. It can't come in again."),
        Why.in_use: ask._("We have this picture already. You don't need to send it again."),
        Why.sent: ask._("You have handed this in already. You don't need to send it again."),
        Why.gone: ask._("What you began is no longer here. It was handed in, or too much time has passed."),
        Why.full: ask._("Very many pictures are coming in at this moment. Please try again in an hour."),
        Why.changed: ask._("The text has changed since you saw it. Please read it once more."),
        Why.covered: ask._("Other places were covered meanwhile. Please look at the picture once more."),
        Why.empty: ask._("Choose a photo or a video first."),
        Why.no_message: ask._("Write a message of at most 120 characters."),
        Why.too_long: ask._("That is too long. Please shorten it."),
        Why.no_networks: ask._("Tick at least one place."),
        Why.not_agreed: ask._("We can take it only when everybody has agreed."),
        Why.faces_lost: ask._(
            "We can't follow a face through the whole video. Cover its place by hand, or choose another video."
        ),
    }[error.why]


def problem(ask: Ask, kind: str) -> str:
    """Return what is the matter with a file, by the kind of the refusal."""
    known = {
        "NotAPicture": ask._("We can't read this kind of file. Send a photo (JPEG, PNG, HEIC) or a video (MP4, MOV)."),
        "NotAVideo": ask._("We can't read this kind of video. Save it as MP4, then try again."),
        "Damaged": ask._("The photo is damaged. Take it again, or save it again, then send it."),
        "DamagedVideo": ask._("The video is damaged or cut off. Save it again, then send it."),
        "TooLarge": ask._("The file is too large. A photo may have 30 MB, a video 300 MB."),
        "VideoTooLarge": ask._("The video is too large. Save it smaller: at most 1920 pixels wide."),
        "VideoTooLong": ask._("The video is too long. It may last ten minutes; we show the first 140 seconds."),
        "BadPicture": ask._("The photo is too small, too narrow or saved in an unusual way. Choose another one."),
    }
    return known.get(
        kind, ask._("We can't open this file safely. Save it again in another app, or choose another one.")
    )
