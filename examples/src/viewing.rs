//! The page that a program shows of itself with `--view`, in builds with the feature `view`.
//!
//! Without the feature, nothing of a web server is built.

use std::{error::Error, net::SocketAddr};

use clap::Args;

/// Whether and where a program shows itself in a page.
#[derive(Debug, Clone, Args)]
pub struct ViewArguments {
    /// Serve a page that shows what happens here, and a JSON API (built with --features view).
    #[arg(long, value_name = "ADDR")]
    pub view: Option<SocketAddr>,
    /// Name or address by which other machines call this page; may be repeated.
    #[arg(long, value_name = "NAME", requires = "view")]
    pub allow_host: Vec<String>,
}

#[cfg(not(feature = "view"))]
impl ViewArguments {
    /// Refuses `--view`.
    ///
    /// # Errors
    /// If it was given.
    pub fn check(&self, program: &str) -> Result<(), Box<dyn Error>> {
        match self.view {
            None => Ok(()),
            Some(addr) => Err(format!(
                "this program was built without its page; run \
                 `cargo run --release --features view --example {program} -- --view {addr}`"
            )
            .into()),
        }
    }
}

#[cfg(feature = "view")]
impl ViewArguments {
    /// Allows `--view`.
    ///
    /// # Errors
    /// Never, in this build.
    pub const fn check(&self, _: &str) -> Result<(), Box<dyn Error>> {
        Ok(())
    }

    /// Serves the page about a stage, if it is wanted, and prints its link. The page ends when the view is dropped.
    ///
    /// # Errors
    /// If it cannot be served on the address.
    pub async fn serve(
        &self,
        stage: impl Into<toycoin_view::Stage>,
        relay: Option<toycoin_node::RelayStatsReader>,
    ) -> Result<Option<toycoin_view::View>, Box<dyn Error>> {
        let Some(addr) = self.view else { return Ok(None) };
        let builder = toycoin_view::View::builder(stage);
        let builder = relay.into_iter().fold(builder, toycoin_view::ViewBuilder::relay);
        let builder = self.allow_host.iter().fold(builder, |builder, name| builder.allow_host(name));
        let view = builder.serve(addr).await.map_err(|error| format!("cannot serve the page on {addr}: {error}"))?;
        crate::say!("  its page: {}", view.url());
        if !addr.ip().is_loopback() {
            crate::say!("  for others: {}", view.watch_url());
        }
        Ok(Some(view))
    }
}
