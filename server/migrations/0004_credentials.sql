-- How the central instance signs in at host clusters, sealed. The key is in no database.
create table credentials (
    cluster text primary key,
    key_id  text not null,
    nonce   blob not null,
    sealed  blob not null
) strict, without rowid;
