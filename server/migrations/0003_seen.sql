-- When somebody was last here, by page or key. Outlives the session and the key.
create table seen (
    user text primary key,
    at   integer not null
) strict, without rowid;
