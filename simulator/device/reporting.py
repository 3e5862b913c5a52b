"""What a device says of itself: the parameters of `dev.report` (section 设备上报), true to its memory; its options."""

from collections.abc import Mapping
from typing import Any, Final

from simulator.device.addresses import Addresses
from simulator.device.bio_support import bio_support
from simulator.device.memory import Memory
from simulator.device.settings import DeviceSettings

_VERIFY_STYLES = f"{sum(1 << bit for bit in (1, 4, 9, 10, 11, 12)):b}"
"""Face, fingerprint, password, PIN, card and QR code, bit 0 rightmost (protocol/README.md 3.4)."""

FUNCTIONS: Final[Mapping[str, str]] = {
    "qrCodeSupport": "1",
    "qrCodeOn": "1",
    "qrCodeDecryptFunList": "01",
    "cameraOn": "1",
    "attPhotoFunOn": "1",
    "capturePic": "2",
    "enableBioTest": "1",
    "voiceOn": "1",
    "keyPadBeepOn": "1",
    "volume": "50",
    "irTempDetectionFunOn": "0",
    "irTempDetectionOn": "0",
    "maxTemperature": "37.30",
    "minTemperature": "32.10",
    "temperatureOn": "0",
    "irTempUnit": "0",
    "maskDetectionFunOn": "1",
    "maskDetectionOn": "0",
    "maskOn": "0",
}
"""What the device can do beside identifying people, and whether it does."""


SAID: Final[Mapping[str, str]] = {
    "scene": "1",
    "verifyStyles": _VERIFY_STYLES,
    **FUNCTIONS,
}
"""Parameters of `dev.report` that the device goes by where a scenario's `options` say nothing else (`entrance`)."""


def report_params(settings: DeviceSettings, sn: str, memory: Memory, transactions: int) -> dict[str, Any]:
    """All parameters of the document's table.

    Args:
        sn: from which its addresses are made.
        transactions: records in its store.
    """
    addresses = Addresses.of(sn)
    listed = dict.fromkeys(
        (*settings.functions.listed, *(name for each in settings.behaviours for name in each.func_ids))
    )
    params: dict[str, Any] = {
        "fwVer": settings.firmware,
        "devModel": settings.model,
        "commType": "ethernet",
        "ip": addresses.ip,
        "netmask": addresses.netmask,
        "gateway": addresses.gateway,
        "mac": addresses.mac,
        "lockCount": "1",
        "userCount": str(memory.user_count),
        "maxUserCount": str(settings.max_users),
        "transactionCount": str(transactions),
        "maxTransactionCount": str(settings.max_transactions),
        **bio_support(settings).report_params,
        "multiBioDataCount": ":".join(map(str, memory.template_counts())),
        "multiBioPhotoCount": ":".join(map(str, memory.photo_counts())),
        "maxPackageSize": str(settings.max_package_kb),
        **SAID,
        "maxPendingCmdCount": str(settings.max_pending_commands),
        "sipOn": "0",
        "adOn": "0",
        "funcIds": list(listed),
    }
    if settings.report_room:
        params.update(memory.options)
    params.update(settings.options)
    return params


def device_options(settings: DeviceSettings, memory: Memory) -> dict[str, str]:
    """The device's options by name, those without a value left out."""
    options = {**FUNCTIONS, **memory.options, **settings.options}
    return {name: value for name, value in options.items() if value}
