"""The digests, against the test vectors of docs/deviations.md"""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.credentials import device_key_digest, password_digest, sign

PRODUCT_ID = "5d9b11e1a3f448ae81f9f920e976d852"


def test_sign_vector() -> None:
    assert sign("abcd", "123456", "1646102871000", "aabbcc") == "bdd58420c142a11569ff3eb8a9ec535c"


def test_device_key_vector() -> None:
    expected = "7f666475e1cea7d10964055343367701c2fb3a96f82e8b0adc25147992c8bb65"

    assert device_key_digest("123456", PRODUCT_ID) == expected


def test_password_vector() -> None:
    expected = "486bbe9335aca3878178a51542e4e919d1146a01bdd0f2ad5a68043e2289abf7"

    assert password_digest("123456", PRODUCT_ID) == expected


@given(st.text("abc会", max_size=8), st.text("123", max_size=8), st.text("45", max_size=8), st.text(max_size=8))
def test_sign_is_of_the_texts_in_a_row(sn: str, nonce: str, timestamp: str, key: str) -> None:
    try:
        joined = (sn + nonce + timestamp + key).encode()
    except UnicodeEncodeError:
        return
    assert sign(sn, nonce, timestamp, key) == hashlib.md5(joined).hexdigest()


@pytest.mark.parametrize("product_id", ["", "p", "产品", PRODUCT_ID, "x" * 500])
@pytest.mark.parametrize("key", ["", "123456", "密钥"])
def test_device_key_digest_is_64_hexadecimal_digits(key: str, product_id: str) -> None:
    assert re.fullmatch("[0-9a-f]{64}", device_key_digest(key, product_id))


def test_the_two_digests_differ_in_how_they_read_the_salt() -> None:
    assert device_key_digest("123456", PRODUCT_ID) != password_digest("123456", PRODUCT_ID)
    assert password_digest("123456", PRODUCT_ID) == password_digest("123456", PRODUCT_ID.upper())


@pytest.mark.parametrize("salt", ["x", "abc", "zz", "会"])
def test_a_password_salt_has_to_be_hexadecimal(salt: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        password_digest("123456", salt)
