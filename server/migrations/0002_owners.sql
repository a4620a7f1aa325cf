-- Which objects name which owner in `metadata.ownerReferences`, so that a deletion finds them.

create table owners (
    cluster   text not null,
    owner     text not null,
    resource  text not null,
    namespace text not null,
    name      text not null,
    primary key (cluster, owner, resource, namespace, name)
) strict, without rowid;
