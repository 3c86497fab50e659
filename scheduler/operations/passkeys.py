"""Passkeys of staff: a challenge for a browser, and what its answer proves. User verification is always asked for."""

from dataclasses import dataclass
from typing import Any

from scheduler.app import App
from scheduler.errors import UserError
from scheduler.store import controls, staff
from scheduler.submission import User

_LONGEST = 20_000  # characters of an answer


class PasskeyError(UserError):
    """That passkey can't be used here: begin again, and confirm with your finger, face or PIN."""


@dataclass(frozen=True, kw_only=True)
class Party:
    """The site that passkeys belong to."""

    id: str  # its host
    name: str
    origin: str  # scheme, host and port of its pages


def to_sign_in(party: Party) -> tuple[dict[str, Any], str]:
    """Return what a browser is asked for when somebody signs in, and the challenge in it."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url, options_to_json_dict
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=party.id, user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json_dict(options), bytes_to_base64url(options.challenge)


def check(app: App, answer: str, *, challenge: str, party: Party) -> User | None:
    """Return whose passkey answered the challenge; None where it is none of ours, or doesn't prove it."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    if not challenge or len(answer) > _LONGEST:
        return None
    try:
        credential = parse_authentication_credential_json(answer)
        with app.store.read() as c:
            kept = staff.passkey(c, _plain(credential.id))
        if kept is None:
            return None
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(kept.public_key),
            credential_current_sign_count=kept.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    with app.store.write() as c:
        # Two answers at once: only one of them has seen the counter as it is.
        if not staff.used_passkey(c, kept.id, before=kept.sign_count, after=verified.new_sign_count):
            return None
        return staff.user_by_id(c, kept.user)


def to_add(app: App, user: User, party: Party) -> tuple[dict[str, Any], str]:
    """Return what a browser is asked for when somebody adds a passkey, and the challenge in it."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    with app.store.read() as c:
        has = [base64url_to_bytes(one.credential) for one in staff.passkeys_of(c, user.id)]
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name or party.id,
        user_name=user.name,
        user_id=bytes.fromhex(app.vault.keyed("passkey", str(user.id))),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in has],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    return options_to_json_dict(options), bytes_to_base64url(options.challenge)


def add(app: App, user: User, answer: str, *, challenge: str, party: Party, label: str, invitation: str = "") -> None:
    """Keep the passkey that a browser made; an `invitation` is used up by it.

    Raises:
        PasskeyError: the answer proves nothing, or the passkey is known already, or the invitation was used.
    """
    made = _verified(answer, challenge, party)
    now = app.clock.now()
    with app.store.write() as c:
        if staff.passkey(c, made["credential"]) or not staff.user_by_id(c, user.id):
            raise PasskeyError
        if invitation and not staff.use_invitation(c, invitation):
            raise PasskeyError
        if invitation:
            staff.close_sessions(c, user.id)
        staff.add_passkey(c, user.id, **made, label=label, now=now)
        controls.note(c, "passkey add", label, who=user.name, now=now)


def _verified(answer: str, challenge: str, party: Party) -> dict[str, Any]:
    import webauthn
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    if not challenge or len(answer) > _LONGEST:
        raise PasskeyError
    try:
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise PasskeyError from None
    return {
        "credential": bytes_to_base64url(verified.credential_id),
        "public_key": bytes_to_base64url(verified.credential_public_key),
        "sign_count": verified.sign_count,
    }


def passkeys(app: App, user: User) -> list[staff.Passkey]:
    """Return somebody's passkeys, oldest first."""
    with app.store.read() as c:
        return staff.passkeys_of(c, user.id)


def rename(app: App, user: User, number: int, label: str) -> None:
    """Give one of somebody's passkeys another name."""
    with app.store.write() as c:
        staff.rename_passkey(c, user.id, number, label)


def remove(app: App, user: User, number: int) -> None:
    """Remove one of somebody's passkeys.

    Raises:
        UserError: nothing else would let the person in.
    """
    now = app.clock.now()
    with app.store.write() as c:
        others = [one for one in staff.passkeys_of(c, user.id) if one.id != number]
        if not others and staff.password_hash(c, user.id) is None and not staff.is_linked(c, user.id):
            raise UserError("nothing else would let you in: set a password or add a passkey first")
        if staff.drop_passkey(c, user.id, number):
            controls.note(c, "passkey remove", str(number), who=user.name, now=now)


def _plain(credential: str) -> str:
    """Return a credential's id as it is kept: base64url has one form without padding, and others."""
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

    return bytes_to_base64url(base64url_to_bytes(credential))
