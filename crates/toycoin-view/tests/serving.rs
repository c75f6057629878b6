//! What is served: the page's files with their headers, the description of the routes, and the end of it.

mod common;

use std::{fs, path::Path};

use common::{request, serve};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn each_answer_has_the_headers_that_bind_a_browser() {
    let view = serve(common::view()).await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/main.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/api/v1/state", "application/json"),
        ("/none", "application/problem+json"),
    ] {
        let answer = request(&view, "GET", path).send().await;
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
        assert!(policy.ends_with("base-uri 'none'; form-action 'none'; frame-ancestors 'none'"), "{policy}");
    }
}

#[tokio::test]
async fn the_document_names_each_route() {
    let view = serve(common::view()).await;
    let answer = request(&view, "GET", "/api/v1/openapi.json").send().await;
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    for (path, method) in [
        ("/api/v1/state", "get"),
        ("/api/v1/events", "get"),
        ("/api/v1/openapi.json", "get"),
        ("/api/v1/network/partition", "post"),
        ("/api/v1/network/heal", "post"),
        ("/api/v1/network/fault", "post"),
        ("/api/v1/network/end", "post"),
        ("/api/v1/nodes", "post"),
        ("/api/v1/nodes/{node}/stop", "post"),
        ("/api/v1/nodes/{node}/start", "post"),
        ("/api/v1/nodes/{node}/rate", "post"),
        ("/api/v1/nodes/{node}/delay", "post"),
        ("/api/v1/pay", "post"),
        ("/api/v1/clock", "post"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{path}");
    }
}

#[tokio::test]
async fn a_view_that_ends_closes_its_connections() {
    let view = serve(common::view()).await;
    let addr = view.local_addr();
    let mut viewer = TcpStream::connect(addr).await.unwrap();
    viewer.write_all(&request(&view, "GET", "/api/v1/events").bytes()).await.unwrap();
    let mut first = [0; 12];
    viewer.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let mut idle = TcpStream::connect(addr).await.unwrap();
    view.shutdown().await;
    let mut rest = String::new();
    viewer.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("\r\n0\r\n\r\n"), "the stream ended in good order");
    assert!(matches!(idle.read(&mut [0]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(addr).await.is_err());

    // a view that is dropped ends, too
    let view = serve(common::view()).await;
    let addr = view.local_addr();
    let mut viewer = TcpStream::connect(addr).await.unwrap();
    viewer.write_all(&request(&view, "GET", "/api/v1/events").bytes()).await.unwrap();
    viewer.read_exact(&mut first).await.unwrap();
    drop(view);
    viewer.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test]
async fn files_of_a_directory_are_read_for_each_request() {
    let web = Path::new(env!("CARGO_TARGET_TMPDIR")).join("web");
    fs::create_dir_all(&web).unwrap();
    fs::write(web.join("index.html"), "<script type=\"importmap\">abc</script>").unwrap();
    fs::write(web.join("other.html"), "not in the table").unwrap();
    let view = serve(common::view().web_dir(&web)).await;
    let page = request(&view, "GET", "/").send().await;
    assert!(page.body.ends_with("abc</script>"), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='"), "{policy}");
    fs::write(web.join("index.html"), "changed").unwrap();
    assert_eq!(request(&view, "GET", "/").send().await.body, "changed");
    assert_eq!(request(&view, "GET", "/other.html").status().await, 404);
    assert_eq!(request(&view, "GET", "/style.css").status().await, 404, "the directory has none");
}

#[tokio::test]
async fn a_head_request_gets_the_header_alone() {
    let view = serve(common::view()).await;
    for path in ["/", "/api/v1/state", "/api/v1/events"] {
        let answer = request(&view, "HEAD", path).send().await;
        assert_eq!((answer.status, &*answer.body), (200, ""), "{path}");
    }
}
