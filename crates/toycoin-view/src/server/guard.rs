//! The guard: who may read, and who may command.
//!
//! A page of another site must neither command a network nor read from it, even if its name was made to resolve to this
//! machine (DNS rebinding). So `Host` must be one of ours, and `Origin`, if it is sent, too. Commands need a token.
//! The order of the refusals is 421, 403, 404, 405, 401, 429; then the route refuses with 413, 415, 400, 422, 409.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::Instant;

use crate::{
    limits::COMMANDS,
    problem::Problem,
    server::{
        bucket::Bucket,
        methods::{Methods, RouteMethods},
        token::Token,
    },
};

/// What the guard knows.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The names by which this server may be called, with the port.
    pub(crate) hosts: Vec<String>,
    /// The token for commands. It allows to read, too.
    pub(crate) write: Arc<Token>,
    /// The token for reading, if reading needs one.
    pub(crate) read: Option<Arc<Token>>,
    /// The rate limit of commands.
    pub(crate) bucket: Bucket,
    /// The methods of each route.
    pub(crate) methods: Methods,
}

/// Refuses what comes from a foreign page. This layer encloses everything, files and unknown paths included.
pub(crate) async fn check_source(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.source(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Refuses a wrong method, a missing token, and commands that come too fast. This layer encloses each known route.
pub(crate) async fn check_right(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.right(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => *refusal,
    }
}

/// Refuses a method that a route does not have.
pub(crate) fn wrong_method(methods: RouteMethods) -> Response {
    let detail = format!("this address takes {}; use one of them", methods.header());
    with_header(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail), header::ALLOW, methods.header())
}

impl Guard {
    fn source(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Problem::bad("a request needs exactly 1 Host header; send one"));
        };
        // a proxy's form of the request line names the host once more
        let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        if ![Some(host.as_bytes()), authority].into_iter().flatten().all(|name| self.is_ours(name)) {
            let detail = format!(
                "this server does not answer to that host name; use one of {}, or start it with --allow-host NAME",
                self.hosts.join(", ")
            );
            return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
        }
        let is_our_origin = |origin: &HeaderValue| match origin.as_bytes().split_at_checked(7) {
            Some((scheme, host)) => scheme.eq_ignore_ascii_case(b"http://") && self.is_ours(host),
            None => false,
        };
        if !headers.get_all(header::ORIGIN).iter().all(is_our_origin) {
            let detail = "a page of another site asked; open the view's own page instead";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        let says = |name, text: &str| {
            headers.get_all(name).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(text.as_bytes()))
        };
        let follows_link =
            request.method() == Method::GET && request.uri().path() == "/" && says("sec-fetch-mode", "navigate");
        if says("sec-fetch-site", "cross-site") && !follows_link {
            let detail = "a page of another site asked; from there only the view's first page can be opened";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        Ok(())
    }

    fn is_ours(&self, host: &[u8]) -> bool {
        self.hosts.iter().any(|ours| host.eq_ignore_ascii_case(ours.as_bytes()))
    }

    fn right(&self, request: &Request) -> Result<(), Box<Response>> {
        let refuse = |response: Response| Err(Box::new(response));
        let template = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let Some(methods) = self.methods.of_route(template) else {
            // a route without documentation is not open
            return refuse(Problem::unknown("there is nothing at this address").into_response());
        };
        if !methods.allow(request.method()) {
            return refuse(wrong_method(methods));
        }
        let writes = request.method() == Method::POST;
        let given = bearer(request.headers());
        let may_write = given.is_some_and(|given| self.write.matches(given));
        let may_read = match &self.read {
            Some(read) if template.starts_with("/api/") => may_write || given.is_some_and(|given| read.matches(given)),
            _ => true,
        };
        if !(if writes { may_write } else { may_read }) {
            let what = if writes { "a command" } else { "reading from another machine" };
            let detail = format!(
                "{what} needs the token from the link that the program printed; send `Authorization: Bearer TOKEN`"
            );
            let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
            return refuse(with_header(problem, header::WWW_AUTHENTICATE, "Bearer"));
        }
        if writes && !self.bucket.draw(Instant::now()) {
            let detail = format!("at most {COMMANDS} commands per second; wait a second and send it again");
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
            return refuse(with_header(problem, header::RETRY_AFTER, "1"));
        }
        Ok(())
    }
}

/// Returns the token of a request: the scheme in any case, one space, then the token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Returns a problem with one more header.
pub(crate) fn with_header(problem: Problem, name: header::HeaderName, value: &'static str) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
