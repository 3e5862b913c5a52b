"""Codes that only a device answers; the document leaves them to the implementation."""

from typing import Final

BUSY: Final = "E0000005"
"""More commands wait than the device holds (`maxPendingCmdCount`)."""
STORE_FULL: Final = "E0000007"
"""There is no room for what the command would store."""
DOWNLOAD_FAILED: Final = "E0000008"
"""The picture at the command's url could not be fetched."""
