//! The page's files, which are part of the program.

use std::{fs, path::PathBuf, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
};

use crate::{
    problem::Problem,
    server::{guard::wrong_method, headers::content_policy, methods::RouteMethods},
};

/// A file of the page.
#[derive(Debug)]
struct Asset {
    name: &'static str,
    bytes: &'static [u8],
}

macro_rules! table {
    ($($name:literal)*) => {
        &[$(Asset { name: $name, bytes: include_bytes!(concat!("../../web/", $name)) }),*]
    };
}

// every file under web/, and nothing else: a test compares
static ASSETS: &[Asset] = table! {
    "attack.js"
    "bars.js"
    "block-facts.js"
    "block.js"
    "branches.js"
    "button.js"
    "bytes.js"
    "charts.js"
    "clock.js"
    "commands.js"
    "compare.js"
    "controls.js"
    "dialog.js"
    "drawing.js"
    "faults.js"
    "flights.js"
    "flow-bands.js"
    "flow.js"
    "forest.js"
    "grouping.js"
    "groups.js"
    "hashing.js"
    "header.js"
    "icons.js"
    "index.html"
    "inspector.js"
    "judge.js"
    "keys.js"
    "lane-lines.js"
    "lanes.js"
    "layout.js"
    "log.js"
    "main.js"
    "marks.js"
    "memo.js"
    "mempool.js"
    "merkle-hash.js"
    "merkle-tree.js"
    "merkle.js"
    "networks.js"
    "node-facts.js"
    "node.js"
    "palette.js"
    "panel.js"
    "panels.css"
    "parts.js"
    "pay.js"
    "payments.js"
    "places.js"
    "plot.js"
    "pool.js"
    "prefs.js"
    "rate-history.js"
    "record.js"
    "reorganisation.js"
    "ring.js"
    "ruler.js"
    "rules.json"
    "series.js"
    "state.js"
    "status.js"
    "store.js"
    "stream.js"
    "style.css"
    "target.js"
    "timeline.js"
    "tokens.js"
    "topology.js"
    "transaction-facts.js"
    "tree-table.js"
    "tree.js"
    "trial.js"
    "walk.js"
    "width.js"
    "words.js"
    "vendor/LICENSES.txt"
    "vendor/_blake.js"
    "vendor/_md.js"
    "vendor/_u64.js"
    "vendor/blake2.js"
    "vendor/blake3.js"
    "vendor/hooks.mjs"
    "vendor/htm-preact.mjs"
    "vendor/htm.mjs"
    "vendor/preact.mjs"
    "vendor/signals-core.mjs"
    "vendor/signals.mjs"
    "vendor/uPlot.iife.min.js"
    "vendor/uPlot.min.css"
    "vendor/utils.js"
    "vendor/vendor.json"
};

/// The page's files. Only names of the table can be asked for, so no path leads out of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assets {
    /// A directory with the same files, from which they are read anew for each request while the page is developed.
    directory: Option<Arc<PathBuf>>,
}

impl Assets {
    /// Returns the files of the program, or those of a directory with the same names.
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self { directory: directory.map(Arc::new) }
    }

    /// Returns the first page as it is in the program.
    pub(crate) fn index() -> &'static [u8] {
        find("/").map_or(b"", |asset| asset.bytes)
    }

    /// Answers a request for a path that no route has.
    pub(crate) async fn answer(self, method: Method, path: &str) -> Response {
        let Some(asset) = find(path) else {
            return Problem::unknown("there is nothing at this address; / is the page, /api/v1/state the network")
                .into_response();
        };
        if !RouteMethods::READS.allow(&method) {
            return wrong_method(RouteMethods::READS);
        }
        let kind = HeaderValue::from_static(content_type(asset.name));
        let Some(directory) = self.directory else {
            return ([(header::CONTENT_TYPE, kind)], Body::from(asset.bytes)).into_response();
        };
        let file = directory.join(asset.name);
        let Ok(Ok(bytes)) = tokio::task::spawn_blocking(move || fs::read(file)).await else {
            let detail = format!("{} is not in the directory of --web; add it there", asset.name);
            return Problem::unknown(detail).into_response();
        };
        let mut response = ([(header::CONTENT_TYPE, kind)], Body::empty()).into_response();
        if asset.name == "index.html" {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, content_policy(&bytes));
        }
        *response.body_mut() = Body::from(bytes);
        response
    }
}

/// Returns the names of all files.
pub(crate) fn asset_names() -> impl Iterator<Item = &'static str> {
    ASSETS.iter().map(|asset| asset.name)
}

/// Returns a file of the page by its name.
pub(crate) fn asset(name: &str) -> Option<&'static [u8]> {
    ASSETS.iter().find(|asset| asset.name == name).map(|asset| asset.bytes)
}

fn find(path: &str) -> Option<&'static Asset> {
    let name = match path.strip_prefix('/')? {
        "" => "index.html",
        name => name,
    };
    ASSETS.iter().find(|asset| asset.name == name)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    fn walk(directory: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name);
            }
        }
    }

    #[test]
    fn the_table_holds_each_file_of_the_page() {
        let mut found = BTreeSet::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("web"), "", &mut found);
        let table: BTreeSet<_> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        assert_eq!(table.len(), ASSETS.len(), "a name is there twice");
        assert_eq!(table, found);
    }

    #[test]
    fn only_names_of_the_table_are_found() {
        assert_eq!(find("/").unwrap().name, "index.html");
        assert_eq!(find("/index.html").unwrap().name, "index.html");
        for path in
            ["", "//", "/.", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/INDEX.html", "/index.html/", "index.html"]
        {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
