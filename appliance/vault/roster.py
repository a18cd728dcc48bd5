"""The signed roster: who is what here, and who may change that, by key.

Everybody who works with a vault holds the vault key, so its MAC says "one of us", not "one who
may". The roster is a chain of statements, each signed by somebody the chain before it allows to
make it; every person keeps, sealed under a key of their own, the place they have followed it to.

Rules kept here: the same function says what may be signed and what is believed; an auditor is made
by an auditor alone, everything else about people by an administrator, the recovery key by its
custodian; keys change by the old keys alone, but for somebody who was only invited and holds
nothing; a name is one person's and stays theirs; nobody removes the last administrator or the last
auditor; the people and the recovery key of the document are exactly those
of the roster, or the document is damaged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from appliance.values import Role, Standing
from appliance.vault import contexts
from appliance.vault.canonical import Fields, Malformed, canonical_json, read_json
from appliance.vault.decoding import MAXIMUM_LINKS
from appliance.vault.document import Document, Link, LinkKind
from appliance.vault.encoding import link_json
from appliance.vault.errors import BadSignature, NotPermitted, Tampered, TooLarge, VaultDamaged
from appliance.vault.primitives import hkdf, sha256
from appliance.vault.sealed import seal, unseal
from appliance.vault.signing import Algorithm, SigningKey, VerifyingKey, require_signature
from appliance.vault.suites import PrivateKey, PublicKey

_DOMAIN = b"cloister-roster/v1\n"
_FORGED = "The list of people was changed by something other than Cloister."
_ADMINISTRATOR = "Only an administrator does this."


@dataclass(frozen=True, slots=True)
class Known:
    """How far somebody has followed the chain: its first `serial` links, the last with `head`."""

    serial: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the roster has them. `public` is a SHA-256 of their public key, `name` the tag
    of their name."""

    roles: tuple[Role, ...]
    standing: Standing
    public: bytes
    signing: bytes
    name: bytes


@dataclass(slots=True)
class Roll:
    """What the links so far amount to. Made by `followed` alone. `reader_left`: how many there
    were when somebody last ceased to be an auditor, or a recovery key was replaced."""

    serial: int = 0
    head: bytes = b""
    people: dict[str, Listed] = field(default_factory=dict)
    recovery: str = ""
    recovery_public: bytes = b""
    custodian: str = ""
    reader_left: int = 0
    names: dict[bytes, str] = field(default_factory=dict)

    @property
    def known(self) -> Known:
        return Known(self.serial, self.head)

    def holders(self, role: Role) -> set[str]:
        """Who has the role and may log in."""
        return {
            person
            for person, listed in self.people.items()
            if role in listed.roles and listed.standing is Standing.ACTIVE
        }


def public_hash(public: PublicKey) -> bytes:
    return sha256(public.kem.value.encode() + b"\x00" + public.raw)


def signing_key(private: PrivateKey) -> SigningKey:
    """Ed25519 alone: a statement must hold when it is acted upon, not years later; that it was made
    is evidence of the log, which is signed with ML-DSA-65 as well."""
    return SigningKey.from_seed(Algorithm.ED25519, hkdf(private.raw, "cloister/person/signing/v1"))


def sealed_anchor(private: PrivateKey, vault: str, person: str, known: Known) -> bytes:
    text = canonical_json({"serial": known.serial, "head": known.head.hex()})
    return seal(_anchor_key(private), text, contexts.roster_anchor(vault, person))


def opened_anchor(private: PrivateKey, vault: str, person: str, untrusted: bytes) -> Known:
    """Raises VaultDamaged: only the person could have made it."""
    try:
        text = unseal(_anchor_key(private), untrusted, contexts.roster_anchor(vault, person))
        fields = Fields(read_json(text)).only("serial", "head")
        return Known(fields.integer("serial", 1), bytes.fromhex(fields.text("head", 64)))
    except (Tampered, Malformed, ValueError):
        raise VaultDamaged(_FORGED) from None


def signed(document: Document, link: Link, private: PrivateKey) -> Document:
    """The document with the link at the end of its roster, signed. Raises NotPermitted with the
    rule that stands against it, TooLarge."""
    roll = followed(document, None)
    if roll.serial >= MAXIMUM_LINKS:
        raise TooLarge("The roster has as many changes as it can hold.")
    require_permitted(roll, link)
    signature = signing_key(private).sign(_message(document.id, roll, link))
    return replace(document, roster=(*document.roster, replace(link, signature=signature)))


def followed(document: Document, known: Known | None) -> Roll:
    """The roll of the whole chain. Signatures are checked after `known`, the place the caller has
    followed it to; None checks none of them, for a caller who has just done so.

    Raises VaultDamaged: a link its signer may not make, a bad signature, a chain that is shorter
    than `known` or another."""
    roll = Roll()
    for link in document.roster:
        message = _message(document.id, roll, link)
        try:
            signer = require_permitted(roll, link)
            if known is not None and roll.serial >= known.serial:
                require_signature(VerifyingKey(Algorithm.ED25519, signer), message, link.signature)
        except (NotPermitted, BadSignature):
            raise VaultDamaged(_FORGED) from None
        _take(roll, link, sha256(message + link.signature))
        if known is not None and roll.serial == known.serial and roll.head != known.head:
            raise VaultDamaged(_FORGED)
    if known is not None and roll.serial < known.serial:
        raise VaultDamaged("The list of people is older than the one seen before.")
    return roll


def require_listed(document: Document, roll: Roll) -> None:
    """Raises VaultDamaged unless people and recovery key are exactly those of the roll."""
    there = {
        entry.id: (set(entry.roles), entry.standing, public_hash(entry.public), entry.lookup)
        for entry in document.people
    }
    said = {
        person: (set(listed.roles), listed.standing, listed.public, listed.name)
        for person, listed in roll.people.items()
        if listed.standing is not Standing.GONE
    }
    recovery = document.recovery
    held = (recovery.id, public_hash(recovery.public), recovery.custodian)
    same_length = len(there) == len(document.people)
    if there != said or not same_length or held != (
        roll.recovery, roll.recovery_public, roll.custodian
    ):  # fmt: skip
        raise VaultDamaged(_FORGED)


# --- who may state what ------------------------------------------------------------------------


def require_permitted(roll: Roll, link: Link) -> bytes:
    """The Ed25519 public key that must have signed the link. Raises NotPermitted."""
    if roll.serial == 0:
        _require(link.kind is LinkKind.PERSON and link.by == link.subject, _FORGED)
        _require(link.standing is Standing.ACTIVE, _FORGED)
        return link.signing
    signer = roll.people.get(link.by)
    _require(signer is not None, _FORGED)
    if signer is None:
        raise NotPermitted(_FORGED)
    if link.kind is LinkKind.RECOVERY:
        _require_custody(roll, link)
        return signer.signing
    old = roll.people.get(link.subject)
    _require(roll.names.get(link.name, link.subject) == link.subject, "This name is taken.")
    _require(old is None or old.name == link.name, _FORGED)
    if old is not None and link.by == link.subject and _new_keys(old, link):
        _require_own_keys(old, link)
        return old.signing
    _require(signer.standing is Standing.ACTIVE, "Your account is not active.")
    _require_granted(roll, old, link, signer)
    _require_remaining(roll, old, link)
    return signer.signing


def _require_own_keys(old: Listed, link: Link) -> None:
    """Somebody takes new keys of their own: the way in for who was invited."""
    _require(old.standing in (Standing.INVITED, Standing.ACTIVE), "This account is closed.")
    _require(link.standing is Standing.ACTIVE and link.roles == old.roles, _FORGED)


def _require_custody(roll: Roll, link: Link) -> None:
    holder = roll.custodian or next(iter(roll.people))  # the founder, the first time
    _require(link.by == holder, "Only the custodian changes the recovery key.")
    custodian = roll.people.get(link.custodian)
    _require(
        custodian is not None and custodian.standing is Standing.ACTIVE,
        "The custodian must be somebody who can log in.",
        "Have them enrol first: `cloister people enrol`.",
    )


def _require_granted(roll: Roll, old: Listed | None, link: Link, signer: Listed) -> None:
    before = set(old.roles) if old is not None else set()
    gained, lost = set(link.roles) - before, before - set(link.roles)
    keys_replaced = old is not None and _new_keys(old, link)
    moved = old is None or old.standing is not link.standing or keys_replaced
    if old is not None:
        _require(old.standing is not Standing.GONE, "This person is gone for good.")
    if keys_replaced:  # whatever is wrapped to a person later is wrapped to those keys
        invited = old is not None and old.standing is link.standing is Standing.INVITED
        _require(invited, "Nobody but the person replaces keys that may hold something.")
    if moved and link.standing in (Standing.CLOSED, Standing.GONE):
        _require(
            link.subject != roll.custodian,
            "This person is the custodian of the recovery key: custody must be handed over first.",
        )
    if Role.AUDITOR in gained or (keys_replaced and Role.AUDITOR in link.roles):
        _require(Role.AUDITOR in signer.roles, "Only an auditor appoints an auditor.")
    own_resignation = link.by == link.subject and not moved
    if moved or gained - {Role.AUDITOR} or (lost and not own_resignation):
        _require(Role.ADMINISTRATOR in signer.roles, _ADMINISTRATOR)
    if link.standing in (Standing.CLOSED, Standing.GONE):
        _require(not link.roles, _FORGED)


_MAKING = {
    Role.ADMINISTRATOR: "`cloister people roles`",
    Role.AUDITOR: "`cloister people appoint`",
}


def _require_remaining(roll: Roll, old: Listed | None, link: Link) -> None:
    if old is None or old.standing is not Standing.ACTIVE:
        return
    for role, name in ((Role.ADMINISTRATOR, "administrator"), (Role.AUDITOR, "auditor")):
        stays = role in link.roles and link.standing is Standing.ACTIVE
        if role in old.roles and not stays:
            _require(
                roll.holders(role) != {link.subject},
                f"This is the last {name}: make another first.",
                f"An {name} makes one with {_MAKING[role]}; that person must have enrolled.",
            )


def _new_keys(old: Listed, link: Link) -> bool:
    return (old.public, old.signing) != (link.public, link.signing)


def _require(holds: bool, sentence: str, hint: str | None = None) -> None:
    if not holds:
        raise NotPermitted(sentence, hint=hint)


# --- the chain ---------------------------------------------------------------------------------


def _message(vault: str, roll: Roll, link: Link) -> bytes:
    said = link_json(link)
    del said["signature"]
    said.update(vault=vault, serial=roll.serial, previous=roll.head.hex())
    return _DOMAIN + canonical_json(said)


def _take(roll: Roll, link: Link, head: bytes) -> None:
    old = roll.people.get(link.subject)
    roll.serial += 1
    roll.head = head
    if link.kind is LinkKind.RECOVERY:
        roll.recovery, roll.recovery_public = link.subject, link.public
        roll.custodian = link.custodian
        roll.reader_left = roll.serial
        return
    roll.people[link.subject] = Listed(
        link.roles, link.standing, link.public, link.signing, link.name
    )
    if link.standing is Standing.GONE:
        roll.names.pop(link.name, None)
    else:
        roll.names[link.name] = link.subject
    if _audited(old) and not _audited(roll.people[link.subject]):
        roll.reader_left = roll.serial


def _audited(listed: Listed | None) -> bool:
    """Whether the person reads what the log has sealed."""
    return (
        listed is not None and listed.standing is Standing.ACTIVE and Role.AUDITOR in listed.roles
    )


def _anchor_key(private: PrivateKey) -> bytes:
    return hkdf(private.raw, "cloister/person/anchor/v1")
