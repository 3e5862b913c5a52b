"""What the settings do not show."""

from simulator.device.settings import Credentials


def test_credentials_show_no_secret() -> None:
    shown = repr(
        Credentials(
            sn="A",
            secret_key="k3y",
            product_id="p",
            dev_key="d3v",
            auth_code="a7h",
            secret="s3c",
            device_secret="c1oud",
        )
    )
    assert not any(secret in shown for secret in ("k3y", "d3v", "a7h", "s3c", "c1oud"))
