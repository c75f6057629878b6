//! The server: connections, the guard, files, the stream of events, and commands.

mod accept;
mod assets;
mod body;
mod bucket;
mod commands;
mod connection;
mod connections;
mod events;
mod guard;
mod headers;
mod methods;
mod requests;
mod router;
mod socket;
mod state;
mod token;

pub(crate) use self::{
    accept::accept,
    assets::{Assets, asset, asset_names},
    body::Whole,
    events::{Closing, Viewers},
    headers::{base64, sha256_source},
    router::{Access, router},
    token::Token,
};
