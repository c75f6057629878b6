//! Answers that never change, which a browser may keep and must ask about again.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Returns an answer that is the same for ever, or status 304 if the request says that it has it. `hash` identifies it.
pub(crate) fn unchanging(
    request: &HeaderMap,
    hash: impl ToString,
    kind: &'static str,
    body: impl Into<Body>,
) -> Response {
    let tag = format!("\"{}\"", hash.to_string());
    let mut response = if is_held(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body.into()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Returns whether `If-None-Match` names the tag, or any tag at all (RFC 9110, section 13.1.2).
fn is_held(request: &HeaderMap, tag: &str) -> bool {
    let lists = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_in_any_list_counts_and_no_other() {
        let held = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_str(value).unwrap());
            }
            is_held(&headers, "\"ab\"")
        };
        assert!(held(&["\"ab\""]) && held(&["\"x\", W/\"ab\""]) && held(&["*"]) && held(&["\"x\"", "\"ab\""]));
        assert!(!held(&[]) && !held(&["ab"]) && !held(&["\"abc\""]) && !held(&[""]));
    }
}
