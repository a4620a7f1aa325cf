-- Objects, the log of their changes, and who may call. Never edited once it has landed.

create table objects (
    cluster   text not null,
    resource  text not null,
    namespace text not null,
    name      text not null,
    revision  integer not null,
    body      blob not null,
    primary key (cluster, resource, namespace, name)
) strict, without rowid;

-- The row id is the revision. AUTOINCREMENT: a number is never given twice, not even after compaction.
create table changes (
    revision  integer primary key autoincrement,
    cluster   text not null,
    resource  text not null,
    namespace text not null,
    name      text not null,
    before    blob,
    after     blob,
    at        integer not null
) strict;

create index changes_of_resource on changes (cluster, resource, revision);

-- Facts about the database itself: compacted (revision), key ids.
create table facts (
    name  text primary key,
    value text not null
) strict, without rowid;

create table passwords (
    user text primary key,
    phc  text not null
) strict, without rowid;

-- A session of the page. The id itself is only in the browser.
create table sessions (
    hash    blob primary key,
    user    text not null,
    created integer not null,
    seen    integer not null
) strict, without rowid;

create index sessions_of_user on sessions (user);

-- Access keys by the MAC of their secret; the object itself has no trace of it.
create table secrets (
    mac  blob primary key,
    key  text not null unique,
    seen integer
) strict, without rowid;

-- Failed sign-ins, by account or source. `strikes` counts since the last success.
create table strikes (
    bucket  text primary key,
    strikes integer not null,
    until   integer not null
) strict, without rowid;
