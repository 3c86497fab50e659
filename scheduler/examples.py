"""Made-up submissions: how a caption looks before anybody has handed anything in. Pure."""

from dataclasses import dataclass
from datetime import date

from scheduler import occurrences, plan
from scheduler.model import Action, Post, Risk, Workspace
from scheduler.submission import Consent, Contribution, NameMode, Placing, Stage, Submission


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a made-up volunteer said."""

    message: str
    name: str = ""


SHORT = Said(message="…")
LONG = Said(
    message="Wherever you are, we see you, and we have not forgotten you. Your rights are not negotiable. Hold on.",
    name="Marie-Claire Tremblay",
)
"""About as long as a message may be: 120 characters fit on a card."""


def contribution(action: Action, post: Post, said: Said, workspace: Workspace) -> Contribution:
    """Return a made-up photo, approved for every network, in the first slot of a post that its action is open for."""
    walls = [wall for _, wall in occurrences.walls(post)]
    inside = [wall for wall in walls if plan.is_open(action, occurrences.to_utc(wall, workspace.timezone))]
    occurrence = plan.occurrence(inside[0]) if inside else ""
    return Contribution(
        submission=_submission(action, post, said, occurrence, language=workspace.language),
        consent=_consent(frozenset(one.platform for one in workspace.accounts.values()), workspace.language),
    )


def _submission(action: Action, post: Post, said: Said, occurrence: str, *, language: str) -> Submission:
    return Submission(
        id=0,
        ref="example",
        stage=Stage.approved,
        action=action.key,
        version=0,
        language=language,
        message=said.message,
        alt="",
        name=said.name,
        name_mode=NameMode.first if said.name else NameMode.none,
        group=False,
        risk=Risk.low,
        file="example.jpg",
        mime="image/jpeg",
        width=0,
        height=0,
        size=0,
        sha256="",
        poster="",
        preview="",
        seconds=0,
        faces=(),
        covers=(),
        source="",
        problem="",
        file_hash="",
        content_hash="",
        day=None,
        decided_at=None,
        not_before=None,
        reason="",
        second_look=False,
        placing=Placing.next,
        post=post.id,
        occurrence=occurrence,
        due_at=None,
        uploaded_by=None,
        contact="",
        touched_at=None,
    )


def _consent(networks: frozenset[str], language: str) -> Consent:
    return Consent(
        text_sha256="",
        text_version="",
        language=language,
        networks=tuple(sorted(networks)),
        name_mode=NameMode.first,
        guardian=False,
        adult=True,
        people=1,
        all_agreed=True,
        faces="shown",
        voice="none",
        place="none",
        risk=Risk.low,
        day=date.min,
    )
