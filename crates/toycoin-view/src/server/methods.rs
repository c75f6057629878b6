//! The methods of each route, from the OpenAPI document.
//!
//! The guard asks here which methods a route has. So it can refuse a wrong method before it asks for a token, and no
//! route that the document does not name is ever open.

use std::collections::BTreeMap;

use axum::http::Method;
use utoipa::openapi::OpenApi;

/// The methods of each documented route.
#[derive(Debug)]
pub(crate) struct Methods(BTreeMap<String, RouteMethods>);

/// The methods of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteMethods {
    reads: bool,
    writes: bool,
}

impl Methods {
    /// Returns the methods that a document names.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let methods = |(path, item): (&String, &utoipa::openapi::PathItem)| {
            (path.clone(), RouteMethods { reads: item.get.is_some(), writes: item.post.is_some() })
        };
        Self(document.paths.paths.iter().map(methods).collect())
    }

    /// Returns the methods of the route with this template; `None` if the document does not name it.
    pub(crate) fn of_route(&self, template: &str) -> Option<RouteMethods> {
        self.0.get(template).copied()
    }
}

impl RouteMethods {
    /// The methods of a file.
    pub(crate) const READS: Self = Self { reads: true, writes: false };

    /// Returns whether the route has the method.
    pub(crate) fn allow(self, method: &Method) -> bool {
        match *method {
            Method::GET | Method::HEAD => self.reads,
            Method::POST => self.writes,
            _ => false,
        }
    }

    /// Returns the value of the header `Allow`.
    pub(crate) const fn header(self) -> &'static str {
        match (self.reads, self.writes) {
            (true, true) => "GET, HEAD, POST",
            (true, false) => "GET, HEAD",
            (false, true) => "POST",
            (false, false) => "",
        }
    }
}
