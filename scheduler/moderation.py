"""Who may say yes to a submission, and how many must. Pure: everything it looks at is handed in.

The reasons are plain English sentences, whole, so that a page can say them in its own language.
"""

from collections.abc import Sequence
from datetime import date

from scheduler.model import Action, Moderation, Risk
from scheduler.submission import Approval, Consent, May, NameMode, Stage, Submission, User

NO_MODERATOR = "Only moderators decide on what volunteers hand in."
DECIDED = "It was decided already."
TAKEN_BACK = "It was taken back."
ENDED = "It has expired."
NO_ACTION = "The file of its action can't be read now."
NO_CONSENT = "Nobody has agreed to it."
RAN_OUT = "The consent to it has run out."
UNREADY = "Its picture isn't ready."
OWN = "You handed it in yourself: somebody else has to decide."
SAID_YES = "You have said yes to it: now somebody else has to."
NO_PASSKEY = "It is of high risk: sign in with your passkey to say yes."
NAMED = "It is of high risk and bears a name: set its risk to high, which takes the name off."
REASONS = (
    *(NO_MODERATOR, DECIDED, TAKEN_BACK, ENDED, NO_ACTION, NO_CONSENT, RAN_OUT),
    *(UNREADY, OWN, SAID_YES, NO_PASSKEY, NAMED),
)
"""Every reason why somebody may not say yes."""

_ENDED = {Stage.approved: DECIDED, Stage.rejected: DECIDED, Stage.withdrawn: TAKEN_BACK, Stage.expired: ENDED}
_ORDER = tuple(Risk)


def higher(one: Risk, other: Risk) -> Risk:
    """Return the higher of two risks."""
    return max(one, other, key=_ORDER.index)


def risk(submission: Submission, action: Action | None) -> Risk:
    """Return how dangerous being seen with it can be: its own risk or its action's, whichever is higher."""
    return submission.risk if action is None else higher(submission.risk, action.risk)


def needs(submission: Submission, action: Action | None) -> int:
    """Return how many different people have to say yes."""
    return 2 if submission.second_look or risk(submission, action) is Risk.high else 1


def why_not(
    submission: Submission,
    consent: Consent | None,
    approvals: Sequence[Approval],
    *,
    action: Action | None,
    user: User,
    passkey: bool,
    moderation: Moderation,
    today: date,
) -> str:
    """Return why `user` may not say yes to a submission; empty when nothing is in the way."""
    high = risk(submission, action) is Risk.high
    reasons = (
        (not user.may(May.moderate), NO_MODERATOR),
        (submission.stage is not Stage.pending, _ENDED.get(submission.stage, NO_CONSENT)),
        (action is None, NO_ACTION),
        (consent is None or consent.withdrawn_on is not None, NO_CONSENT),
        (consent is not None and has_run_out(consent, today), RAN_OUT),
        (not submission.file or not submission.sha256, UNREADY),
        (submission.uploaded_by == user.id, OWN),
        (any(one.user == user.id for one in approvals), SAID_YES),
        (high and moderation.passkeys and not passkey, NO_PASSKEY),
        (high and (submission.name != "" or submission.name_mode is not NameMode.none), NAMED),
    )
    return next((reason for is_so, reason in reasons if is_so), "")


def has_run_out(consent: Consent, today: date) -> bool:
    """Tell whether a consent holds no more by its own date; the date itself is its last day."""
    return consent.expires_on is not None and consent.expires_on < today
