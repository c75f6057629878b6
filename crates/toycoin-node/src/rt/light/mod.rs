//! A light client on sockets: the machine of `toycoin-light` over relays and a mesh.
//!
//! ```no_run
//! use toycoin_core::{ChainParams, SecretKey};
//! use toycoin_node::light::{Event, LightClient};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let owner = SecretKey::classroom(0).public_key();
//! let mut client = LightClient::builder(ChainParams::lab()).relay("127.0.0.1:25000").watch(owner, 1).spawn()?;
//! while let Some(event) = client.next().await {
//!     match event {
//!         Event::Tip(tip) => println!("the tip is at height {}, with {} hashes behind it", tip.header.height, tip.work),
//!         Event::Block(block) => println!("block {} concerns us", block.header.height),
//!         Event::Searched { height, .. } => println!("searched up to {height}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod builder;
mod client;
mod driver;
pub(super) mod subscription;

pub use toycoin_light::machine::{Event, ReceiptBundle, Saved, SavedError, Server, Tip};

pub use self::{
    builder::{LightBuilder, LightError},
    client::{LightClient, LightStatus},
};
