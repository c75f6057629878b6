//! Headers of every answer: what a browser may do with it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};
use sha2::{Digest, Sha256};

/// Adds the headers, except those that the answer has already.
pub(crate) async fn add_headers(State(policy): State<Arc<HeaderValue>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff"),
        (header::REFERRER_POLICY.as_str(), "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        (header::CACHE_CONTROL.as_str(), "no-store"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| HeaderValue::clone(&policy));
    response
}

/// Returns the content security policy for a page. It allows the page's import map by its hash, and no other inline
/// script.
pub(crate) fn content_policy(page: &[u8]) -> HeaderValue {
    let map = import_map(page).map(|map| format!(" {}", sha256_source(map)));
    let policy = format!(
        "default-src 'none'; script-src 'self'{}; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        map.unwrap_or_default()
    );
    HeaderValue::try_from(policy).expect("base64 and the rest are visible ASCII")
}

/// Returns the text between the tags of the import map.
fn import_map(page: &[u8]) -> Option<&[u8]> {
    const OPEN: &[u8] = b"<script type=\"importmap\">";
    let find = |text: &[u8], part: &[u8]| text.windows(part.len()).position(|window| window == part);
    let (_, rest) = page.split_at_checked(find(page, OPEN)? + OPEN.len())?;
    rest.get(..find(rest, b"</script>")?)
}

/// Returns how a policy names a script or a style by its hash.
pub(crate) fn sha256_source(text: &[u8]) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text)))
}

/// Encodes as RFC 4648 says, with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn the_policy_allows_the_import_map_by_its_hash() {
        let page = b"<head><script type=\"importmap\">abc</script><script type=\"module\" src=\"x\"></script>";
        // SHA-256 of "abc", from FIPS 180-2
        let hash = "script-src 'self' 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=';";
        assert!(content_policy(page).to_str().unwrap().contains(hash));
        assert!(content_policy(b"no map").to_str().unwrap().contains("script-src 'self';"));
        assert!(content_policy(b"<script type=\"importmap\">abc").to_str().unwrap().contains("script-src 'self';"));
    }
}
