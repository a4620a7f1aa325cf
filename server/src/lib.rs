//! The Dormer server.
