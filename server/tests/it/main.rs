//! The server, through its real router, without a socket.

mod harness;

mod kube_client;
mod people;
mod routes;
mod sign_in;
mod vclusters;
mod store_contract;
