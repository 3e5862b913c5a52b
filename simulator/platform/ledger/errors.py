"""What can go wrong with a ledger, and what each kind of fault is called in counts and in the log."""

import sqlite3

COMMIT_FAILED = "a commit failed"
LOCKED = "locked by another program"
FAULT = "not to be read or written"
LOG_NOT_MOVED = "its log cannot be moved"

LedgerFault = sqlite3.Error
"""What reading or writing an open ledger raises."""
DAMAGE = (sqlite3.Error, TypeError, ValueError)
"""What a damaged file makes of a query; a value of another kind may stand in it, or a text that is none."""


class LedgerError(Exception):
    """A ledger cannot be opened or is none; the text says which file and why."""


class LedgerBusy(sqlite3.OperationalError):
    """Another program has locked the file at the moment; nothing was written."""
