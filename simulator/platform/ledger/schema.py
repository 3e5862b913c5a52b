"""The tables of a ledger file. Times are seconds since the epoch, sizes bytes."""

VERSION = 1
PROCESSES = "processes"
"""Name in `meta` of how many processes share the ledger; without it, it is one."""

TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS devices (
    sn TEXT PRIMARY KEY,
    auth_code TEXT,
    secret TEXT,
    report TEXT,
    provisioned REAL,
    registrations INTEGER NOT NULL DEFAULT 0,
    logins INTEGER NOT NULL DEFAULT 0,
    reports INTEGER NOT NULL DEFAULT 0,
    last_seen REAL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS nonces (sn TEXT, nonce TEXT, PRIMARY KEY (sn, nonce)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS double_logins (sn TEXT NOT NULL, at REAL NOT NULL, silent_s REAL NOT NULL);

CREATE TABLE IF NOT EXISTS records (
    sn TEXT,
    log_id TEXT,
    pin TEXT NOT NULL,
    meet_code TEXT NOT NULL,
    verify_time TEXT NOT NULL,
    verify_style TEXT NOT NULL,
    status TEXT NOT NULL,
    recode_type TEXT NOT NULL,
    category TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (sn, log_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS photos (
    sn TEXT,
    picture TEXT,
    log_id TEXT,
    pin TEXT NOT NULL,
    meet_code TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (sn, picture)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS users (
    sn TEXT,
    pin TEXT,
    first_name TEXT NOT NULL,
    last_name TEXT,
    has_password INTEGER NOT NULL,
    templates INTEGER NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (sn, pin)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS user_photos (
    sn TEXT,
    pin TEXT,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (sn, pin)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS bio_photos (
    sn TEXT,
    pin TEXT,
    type TEXT,
    no TEXT,
    idx TEXT,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (sn, pin, type, no, idx)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS cards (
    sn TEXT,
    card TEXT,
    pin TEXT NOT NULL,
    type TEXT NOT NULL,
    loss_flag TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (sn, card)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS options (
    sn TEXT,
    name TEXT,
    value TEXT NOT NULL,
    received INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (sn, name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS files (
    sn TEXT,
    file_id TEXT,
    content BLOB,
    used_for TEXT,
    PRIMARY KEY (sn, file_id)
);

CREATE TABLE IF NOT EXISTS contents (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, params TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS commands (
    cmd_id INTEGER PRIMARY KEY,
    sn TEXT NOT NULL,
    origin INTEGER NOT NULL,
    firing INTEGER NOT NULL,
    func_id TEXT NOT NULL,
    content INTEGER NOT NULL REFERENCES contents (id),
    urgent INTEGER NOT NULL,
    created REAL NOT NULL,
    sent REAL,
    sent_times INTEGER NOT NULL DEFAULT 0,
    answered REAL,
    code TEXT,
    uploads INTEGER
);
CREATE INDEX IF NOT EXISTS commands_by_device ON commands (sn, cmd_id);

CREATE TABLE IF NOT EXISTS messages (
    func_id TEXT,
    code TEXT,
    count INTEGER NOT NULL,
    PRIMARY KEY (func_id, code)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS events (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
"""
