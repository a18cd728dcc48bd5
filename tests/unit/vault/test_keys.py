"""Suites, wraps, slots, recovery codes, passphrases, signatures."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.vault.canonical import Malformed, canonical_json, read_json
from appliance.vault.errors import (
    BadSignature,
    PassphraseTooWeak,
    RecoveryCodeMistyped,
    Tampered,
    WrongPassphrase,
)
from appliance.vault.passphrase import normalised, require_strong
from appliance.vault.primitives import hkdf, mac, require_mac, sha256
from appliance.vault.recovery import looks_like_code, new_code, read_code, secret_for, shown
from appliance.vault.sealed import Context
from appliance.vault.signing import (
    SIGNATURE_SIZE,
    Algorithm,
    SigningKey,
    VerifyingKey,
    require_signature,
)
from appliance.vault.slots import SlotKind, decoy_slot, make_slot, open_slot
from appliance.vault.suites import (
    Argon2,
    Pbkdf2,
    PrivateKey,
    Profile,
    PublicKey,
    generate_pair,
    hpke_public,
    kem_of,
    public_of,
    slow_of,
)
from appliance.vault.wraps import unwrap, wrap

CONTEXT = Context("collection-key", "v/c/k/h")
PROFILES = list(Profile)


def test_derivation_follows_rfc_5869() -> None:
    derived = hkdf(
        bytes([0x0B] * 22), bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"), 42, salt=bytes(range(13))
    )
    assert derived.hex() == (  # RFC 5869, appendix A.1
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )


@given(key=st.binary(min_size=1, max_size=80), data=st.binary(max_size=200))
def test_hash_and_mac_are_what_the_standard_library_says(key: bytes, data: bytes) -> None:
    assert sha256(data) == hashlib.sha256(data).digest()
    assert mac(key, data) == hmac.digest(key, data, "sha256")
    require_mac(key, data, mac(key, data))
    with pytest.raises(Tampered):
        require_mac(key, data + b"x", mac(key, data))


# --- wraps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_a_wrap_opens_for_its_holder_in_its_context_alone(profile: Profile) -> None:
    public, private = generate_pair(profile)
    wrapped = wrap(public, b"k" * 32, CONTEXT)
    assert unwrap(private, wrapped, CONTEXT) == b"k" * 32
    assert public_of(private) == public
    with pytest.raises(Tampered):
        unwrap(private, wrapped, Context("collection-key", "v/c/k/other"))
    for other in PROFILES:
        with pytest.raises(Tampered):
            unwrap(generate_pair(other)[1], wrapped, CONTEXT)


@pytest.mark.parametrize("profile", PROFILES)
def test_any_changed_bit_or_length_of_a_wrap_is_caught(profile: Profile) -> None:
    public, private = generate_pair(profile)
    wrapped = wrap(public, b"k" * 32, CONTEXT)
    for at in range(0, len(wrapped), 7):
        changed = bytearray(wrapped)
        changed[at] ^= 1 << at % 8
        with pytest.raises(Tampered):
            unwrap(private, bytes(changed), CONTEXT)
    for untrusted in (b"", wrapped[:6], wrapped[:-1], wrapped + b"\x00", wrapped * 9):
        with pytest.raises(Tampered):
            unwrap(private, untrusted, CONTEXT)


@pytest.mark.parametrize("profile", PROFILES)
def test_bytes_that_are_no_key_are_refused(profile: Profile) -> None:
    public, _ = generate_pair(profile)
    for raw in (b"", public.raw[:-1], public.raw + b"\x00"):
        with pytest.raises(Tampered):
            hpke_public(PublicKey(public.kem, raw))
    with pytest.raises(Tampered):
        public_of(PrivateKey(kem_of(profile), b"short"))
    with pytest.raises(Tampered):  # every coefficient out of range, FIPS 203 section 7.2
        hpke_public(PublicKey(public.kem, b"\xff" * len(public.raw)))


def test_no_private_byte_is_in_a_repr() -> None:
    _, private = generate_pair(Profile.STANDARD)
    signing = SigningKey.generate()
    assert repr(private.raw) not in repr(private)
    assert repr(signing.seed) not in repr(signing)


# --- slots -----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
def test_a_slot_opens_with_its_secret_and_owner_alone(profile: Profile) -> None:
    _, private = generate_pair(profile)
    slot = make_slot(SlotKind.PASSPHRASE, b"the secret", private, "v/p", profile)
    assert open_slot(slot, b"the secret", "v/p") == private
    for secret, owner in ((b"another", "v/p"), (b"the secret", "v/other")):
        with pytest.raises(WrongPassphrase):
            open_slot(slot, secret, owner)
    assert type(slot.slow) is type(slow_of(profile))
    with pytest.raises(WrongPassphrase):
        open_slot(decoy_slot(SlotKind.PASSPHRASE, profile), b"the secret", "v/p")


def test_stretching_follows_the_standards() -> None:
    derived = Pbkdf2().derive(b"secret", b"salt" * 8)
    assert derived == hashlib.pbkdf2_hmac("sha256", b"secret", b"salt" * 8, 600_000, 32)
    assert (Argon2().memory, Argon2().passes, Argon2().lanes) == (65_536, 3, 4)  # RFC 9106, 4


def test_too_little_memory_is_said_and_no_wrong_passphrase() -> None:
    program = (
        "import resource, sys\n"
        "from appliance.vault.suites import Argon2\n"
        "from appliance.vault.errors import NotEnoughMemory\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + (32 << 20), size + (32 << 20)))\n"
        "try: Argon2().derive(b'x', b's' * 32)\n"
        "except NotEnoughMemory: sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert done.returncode == 7


def test_many_derivations_at_once_all_end_and_agree() -> None:
    """Without the lock this hangs or fails inside OpenSSL, and stays broken for the process."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from appliance.vault.suites import Argon2\n"
        "with ThreadPoolExecutor(6) as pool:\n"
        "    made = set(pool.map(lambda _: Argon2().derive(b'x', b's' * 32), range(12)))\n"
        "assert len(made) == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize(
    ("memory", "passes", "lanes"),
    [(65_535, 3, 4), (2**31, 3, 4), (65_536, 2, 4), (65_536, 2**31, 4), (65_536, 3, 1),
     (65_536, 3, 10**6), (0, 0, 0), (-1, 3, 4)],
)  # fmt: skip
def test_no_file_can_ask_for_less_or_for_very_much_more(
    memory: int, passes: int, lanes: int
) -> None:
    with pytest.raises(Tampered):
        Argon2(memory, passes, lanes)


@pytest.mark.parametrize("iterations", [0, 1, 599_999, 10**9])
def test_no_file_can_ask_for_fewer_or_endless_iterations(iterations: int) -> None:
    with pytest.raises(Tampered):
        Pbkdf2(iterations)


# --- recovery codes --------------------------------------------------------------------------


@given(code=st.binary(min_size=20, max_size=20))
def test_a_code_is_read_back_however_it_is_typed(code: bytes) -> None:
    text = shown(code)
    assert len(text.split("-")) == 9
    assert not set(text) & set("ILOU")
    for typed in (
        text,
        text.lower(),
        text.replace("-", ""),
        f" {text.replace('-', ' ')}\n",
        text.replace("0", "O").replace("1", "l"),
        text.replace("-", "–"),
    ):
        assert looks_like_code(typed)
        assert read_code(typed) == code


@given(code=st.binary(min_size=20, max_size=20), data=st.data())
def test_a_mistyped_or_swapped_letter_is_found_without_any_derivation(
    code: bytes, data: st.DataObject
) -> None:
    text = shown(code).replace("-", "")
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
    changed = text[:at] + letter + text[at + 1 :]
    if changed == text:
        assert read_code(changed) == code
    else:  # one in 2^20 passes the checksum and is then simply a wrong code
        with suppress(RecoveryCodeMistyped):
            assert read_code(changed) != code


def test_typing_errors_are_found_nearly_always() -> None:
    found = 0
    for _ in range(300):
        text = shown(new_code())
        wrong = ("1" if text[0] != "1" else "2") + text[1:]
        try:
            read_code(wrong)
        except RecoveryCodeMistyped:
            found += 1
    assert found >= 299


def test_what_is_no_code_is_told_apart() -> None:
    for text in ("", "staple battery nine", "U" * 36, "A" * 35, "A" * 37, "é" * 36):
        assert not looks_like_code(text)
        with pytest.raises(RecoveryCodeMistyped):
            read_code(text)


def test_two_purposes_of_one_code_share_nothing() -> None:
    code = new_code()
    secrets = {secret_for(code, "person"), secret_for(code, "institution"), code}
    assert len(secrets) == 3


# --- passphrases -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weak",
    ["", "tiny", "elevenchars", "passwordpassword", "Password 1234",
     "correct-horse-battery-staple", "aaaaaaaaaaaaaaaa", "abababababababab", "dr ann example",
     "Dr. Ann Example",
     "A" * 20 + "B3CD" * 4, "x y" * 400],
)  # fmt: skip
def test_a_weak_passphrase_is_refused_with_a_hint(weak: str) -> None:
    with pytest.raises(PassphraseTooWeak) as caught:
        require_strong(weak, "Dr. Ann Example" if "." in weak else "Dr Ann Example")
    assert caught.value.next_step
    if weak:
        assert weak not in caught.value.sentence


@pytest.mark.parametrize(
    "good", ["staple battery nine", "größere Füße", "病院の手順書を守る人たちの合言葉"]
)
def test_a_long_passphrase_of_any_script_is_accepted(good: str) -> None:
    require_strong(good, "Ann")


def test_two_keyboards_typing_the_same_text_type_the_same_passphrase() -> None:
    assert normalised("Füße ﬁnden") == normalised("Füße finden")
    assert normalised("Ａｎｎ") == normalised("Ann")
    assert normalised("Ann") != normalised("ann")
    normalised("\ud800 alone")  # a lone surrogate is odd, never a crash


# --- signatures ------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_signature_is_of_one_message_by_one_key(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    again = SigningKey.from_seed(algorithm, key.seed)
    signature = again.sign(b"message")
    assert again.public == key.public
    assert len(signature) == SIGNATURE_SIZE[algorithm]
    require_signature(key.public, b"message", signature)
    changed = bytes((signature[0] ^ 1,)) + signature[1:]
    other = SigningKey.generate(algorithm).public
    bad = [(key.public, b"massage", signature), (key.public, b"message", changed),
           (other, b"message", signature), (key.public, b"message", b""),
           (key.public, b"message", signature[:-1]), (key.public, b"message", signature + b"\x00"),
           (VerifyingKey(algorithm, b""), b"message", signature),
           (VerifyingKey(algorithm, b"\xff" * len(other.raw)), b"message", signature)]  # fmt: skip
    for public, message, untrusted in bad:
        with pytest.raises(BadSignature):
            require_signature(public, message, untrusted)


def test_ed25519_follows_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = SigningKey.from_seed(Algorithm.ED25519, seed)  # section 7.1, test 1
    assert key.public.raw.hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a")
    with pytest.raises(ValueError, match="32 bytes"):
        SigningKey.from_seed(Algorithm.ED25519, b"short")


# --- canonical JSON --------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(value=st.dictionaries(st.text(st.characters(codec="ascii"), max_size=6), values, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a loaded machine
def test_canonical_json_has_one_form_and_comes_back(value: dict[str, None]) -> None:
    encoded = canonical_json(value)
    assert read_json(encoded) == value
    with pytest.raises(Malformed):
        read_json(encoded + b"\n")


@pytest.mark.parametrize(
    "untrusted",
    [b"", b"[]", b"1", b'{"a":1.0}', b'{"a":NaN}', b'{"a":1,"a":1}', b'{"b":1,"a":1}',
     b'{"a": 1}', b'{"a":9007199254740992}', b'{"\\u0061":1}', b'{"a":"\\ud800"}', b"\xff{}",
     b'{"a":' * 100_000, b'{"a":' + b"9" * 5000 + b"}", b'{"\xc3\xa9":1}',
     b'{"a":' + b"[" * 20 + b"]" * 20 + b"}"],
)  # fmt: skip
def test_json_that_is_not_canonical_is_malformed(untrusted: bytes) -> None:
    with pytest.raises(Malformed):
        read_json(untrusted)
