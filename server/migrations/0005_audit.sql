-- Who did what through the gateway. Rows are only added, and the oldest forgotten: a request has one
-- for each of its stages. What is asked for has a column; the event is its JSON text.

create table audit_events (
    seq             integer primary key autoincrement,
    id              text not null,
    stage           integer not null,
    -- Unix microseconds, of when the request came.
    at              integer not null,
    changes         integer not null,
    user            text not null,
    cluster         text not null,
    project         text not null,
    virtual_cluster text not null,
    event           text not null,
    unique (id, stage)
) strict;

create index audit_events_at on audit_events (at, id);
create index audit_events_of_user on audit_events (user, at, id);
create index audit_events_of_cluster on audit_events (cluster, at, id);
create index audit_events_of_project on audit_events (project, at, id);
create index audit_events_oldest on audit_events (changes, seq);

-- An agent's events until the central instance has them.
create table audit_queue (
    seq   integer primary key autoincrement,
    event text not null
) strict;
