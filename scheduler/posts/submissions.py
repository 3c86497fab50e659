"""A post `from: submissions`: what makes no sense beside it, and captions that would be left half said."""

from scheduler import captions
from scheduler.model import Account, Post
from scheduler.reading.report import Report
from scheduler.reading.shapes import Fields

_NOT_BESIDE = {
    "images": "the picture is the volunteer's; take 'images' out, or put them into a post of their own",
    "video": "the film is the volunteer's; take 'video' out, or put it into a post of its own",
    "thread": "a caption is one text; take 'thread' out",
    "approve": "every submission is approved by the moderators anyway; take 'approve' out",
}
_NOT_ON_CARD = {
    "photo": "the photo is the volunteer's; take 'photo' out of the card",
    "message": "the message is the volunteer's; take 'message' out of the card, the caption is 'text'",
    "lang": "the card is in the language of the volunteer's message; take 'lang' out of the card",
}


def check(post: Post, fields: Fields, accounts: list[Account], report: Report) -> None:
    """Note what a post from submissions can't have, into `report`; `accounts`: where it goes."""
    for name, message in _NOT_BESIDE.items():
        if name in fields.written:
            report.error(fields.at(name), "not-with-submissions", message)
    card = fields.get("card")
    for name, message in _NOT_ON_CARD.items() if isinstance(card, Fields) else ():
        if name in card.written:
            report.error(card.at(name), "not-with-submissions", message)
    if not accounts:
        message = (
            "there is no account that a submission could go to; name one under 'accounts', or add one to config.yaml"
        )
        report.warn(fields.at("from"), "no-accounts", message)
    _check_bare(post, fields, report)


def _check_bare(post: Post, fields: Fields, report: Report) -> None:
    """Note a caption of which nothing is left when the volunteer isn't named."""
    for key, said in [("text", post.text), *(("text_for", said) for said in post.text_for.values())]:
        for text in said.by_language.values():
            if captions.bare(text) and not captions.caption(text, {"message": "x"}).body:
                message = "nothing is left of the caption when nobody is named; write {name|words to stand there}"
                report.warn(fields.at(key), "caption-may-be-empty", message)
