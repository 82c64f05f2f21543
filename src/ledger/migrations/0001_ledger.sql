-- The first ledger. Times are seconds since 1970 (UTC); `datetime(x, 'unixepoch')` shows them.

CREATE TABLE local (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    secret     BLOB    NOT NULL CHECK (length(secret) = 32),
    instance   TEXT    NOT NULL,
    pulse      INTEGER NOT NULL DEFAULT 0,
    made_at    INTEGER NOT NULL
) STRICT;

-- One case: messages that are one complaint to each desk.
CREATE TABLE cases (
    id           INTEGER PRIMARY KEY,
    key          BLOB    NOT NULL UNIQUE CHECK (length(key) = 32),
    source_addr  TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    network      TEXT,
    holder       TEXT,
    registry     TEXT,
    asn          INTEGER,
    esp          TEXT,
    esp_customer TEXT,
    opened_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX cases_by_source ON cases (source_addr, opened_at);

-- Every message of a case, by its keyed hash; each counts as a duplicate.
CREATE TABLE members (
    key         BLOB    PRIMARY KEY CHECK (length(key) = 32),
    case_id     INTEGER NOT NULL REFERENCES cases (id),
    boundary_at INTEGER,
    added_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_case ON members (case_id);

-- The messages as they were received.
CREATE TABLE messages (
    member_key BLOB    PRIMARY KEY REFERENCES members (key),
    octets     BLOB    NOT NULL,
    sha256     BLOB    NOT NULL CHECK (length(sha256) = 32),
    input      TEXT    NOT NULL
) STRICT;

CREATE TABLE complaints (
    id             INTEGER PRIMARY KEY,
    case_id        INTEGER NOT NULL REFERENCES cases (id),
    desk           TEXT    NOT NULL,
    round          INTEGER NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN (
        'held', 'drafted', 'approved', 'connecting', 'data', 'accepted', 'deferred', 'rejected',
        'unknown', 'declined', 'cancelled', 'saved', 'by-hand', 'bounced', 'answered')),
    source_addr    TEXT    NOT NULL,
    from_mailbox   TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    message_id     TEXT    NOT NULL,
    incidents      INTEGER NOT NULL,
    composed_at    INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL,
    approved_at    INTEGER,
    seal           BLOB    CHECK (seal IS NULL OR length(seal) = 32),
    transport      TEXT,
    attempts       INTEGER NOT NULL DEFAULT 0,
    due_at         INTEGER,
    -- An earlier try may have arrived, although the state speaks of a later one.
    maybe_arrived  INTEGER NOT NULL DEFAULT 0 CHECK (maybe_arrived IN (0, 1)),
    -- What was said last: the server's answer, or why not.
    said           TEXT,
    UNIQUE (case_id, desk, round)
) STRICT;

CREATE INDEX complaints_by_state ON complaints (state, due_at);
CREATE INDEX complaints_by_change ON complaints (changed_at);
CREATE INDEX complaints_by_desk ON complaints (desk, approved_at);
CREATE INDEX complaints_by_message_id ON complaints (message_id);

-- What was composed, and what of it was shown: apart, because it is large.
CREATE TABLE letters (
    complaint_id INTEGER PRIMARY KEY REFERENCES complaints (id),
    octets       BLOB NOT NULL,
    sha256       BLOB NOT NULL CHECK (length(sha256) = 32),
    text         TEXT NOT NULL,
    desk         TEXT NOT NULL,
    format       TEXT NOT NULL,
    munge        TEXT NOT NULL,
    masked       TEXT NOT NULL,
    leaks        TEXT NOT NULL,
    warnings     TEXT NOT NULL,
    shown        TEXT
) STRICT;

-- What was agreed to is sent as it is, on every try.
CREATE TRIGGER letters_stay BEFORE UPDATE OF octets, sha256, desk ON letters
WHEN EXISTS (SELECT 1 FROM complaints WHERE id = OLD.complaint_id
             AND state NOT IN ('held', 'drafted', 'declined', 'cancelled'))
    AND NOT EXISTS (SELECT 1 FROM forgetting)
BEGIN SELECT RAISE(ABORT, 'octets that were agreed to do not change'); END;

-- What happened, in order. Nothing is changed or taken away, except by
-- `data forget` and `data purge`, which say so in `forgetting` while they work.
CREATE TABLE history (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    case_id      INTEGER REFERENCES cases (id),
    complaint_id INTEGER REFERENCES complaints (id),
    event        TEXT    NOT NULL,
    detail       TEXT
) STRICT;

CREATE INDEX history_by_complaint ON history (complaint_id);
CREATE INDEX history_by_case ON history (case_id);

CREATE TABLE forgetting (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT;

CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
WHEN NOT EXISTS (SELECT 1 FROM forgetting)
BEGIN SELECT RAISE(ABORT, 'history is not changed'); END;

CREATE TRIGGER history_is_not_cut BEFORE DELETE ON history
WHEN NOT EXISTS (SELECT 1 FROM forgetting)
BEGIN SELECT RAISE(ABORT, 'history is not cut'); END;

-- One try to hand a complaint over.
CREATE TABLE attempts (
    id           INTEGER PRIMARY KEY,
    complaint_id INTEGER NOT NULL REFERENCES complaints (id),
    transport    TEXT    NOT NULL,
    began_at     INTEGER NOT NULL,
    dot_at       INTEGER,
    ended_at     INTEGER,
    outcome      TEXT,
    stage        TEXT,
    code         INTEGER,
    enhanced     TEXT,
    said         TEXT
) STRICT;

CREATE INDEX attempts_by_complaint ON attempts (complaint_id);

-- What came back.
CREATE TABLE answers (
    id           INTEGER PRIMARY KEY,
    complaint_id INTEGER REFERENCES complaints (id),
    desk         TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    rule         TEXT,
    ticket       TEXT,
    status       TEXT,
    said         TEXT    NOT NULL,
    digest       BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32)
) STRICT;

CREATE INDEX answers_by_desk ON answers (desk, at);
CREATE INDEX answers_by_complaint ON answers (complaint_id);

-- What is known of a desk from its own answers, or from the user.
CREATE TABLE desks (
    key            TEXT    PRIMARY KEY,
    dead_until     INTEGER,
    dead_because   TEXT,
    form_url       TEXT,
    refuses_munged INTEGER NOT NULL DEFAULT 0 CHECK (refuses_munged IN (0, 1)),
    headers_only   INTEGER NOT NULL DEFAULT 0 CHECK (headers_only IN (0, 1)),
    blocked        INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1)),
    forwarded_to   TEXT,
    changed_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Lookups that were answered. Addresses stand as 16 octets, IPv4 mapped into
-- IPv6, so that they sort as they count.
CREATE TABLE lookups (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('addr', 'asn', 'domain', 'host', 'file')),
    first      BLOB    NOT NULL,
    last       BLOB    NOT NULL,
    answer     TEXT    NOT NULL,
    fetched_at INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    UNIQUE (kind, first, last)
) STRICT;

CREATE INDEX lookups_by_life ON lookups (until);

-- Questions that the user answered once.
CREATE TABLE remembered (
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    answer  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- How far a batch came.
CREATE TABLE batches (
    id       INTEGER PRIMARY KEY,
    input    TEXT    NOT NULL UNIQUE,
    began_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

CREATE TABLE batch_items (
    batch_id   INTEGER NOT NULL REFERENCES batches (id),
    place      INTEGER NOT NULL,
    member_key BLOB    NOT NULL,
    outcome    TEXT    NOT NULL,
    PRIMARY KEY (batch_id, place)
) STRICT, WITHOUT ROWID;

-- Keys of what was forgotten: they tell nothing, and keep a duplicate a duplicate.
CREATE TABLE forgotten (
    key BLOB    PRIMARY KEY CHECK (length(key) = 32),
    at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The log as a person reads it in any SQLite shell.
CREATE VIEW log AS
SELECT complaints.id,
       datetime(complaints.changed_at, 'unixepoch') AS changed_utc,
       complaints.state,
       complaints.desk,
       complaints.source_addr,
       complaints.subject,
       datetime(complaints.approved_at, 'unixepoch') AS approved_utc,
       complaints.message_id,
       complaints.said
FROM complaints
ORDER BY complaints.changed_at DESC, complaints.id DESC;
