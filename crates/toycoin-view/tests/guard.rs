//! Who may read, who may command, and what strangers cannot do: the table of `docs/view.md`, row by row.

mod common;

use common::{read, request, serve, token, view};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use toycoin_view::{View, limits::WAITING_CONNECTIONS};

const READ: &str = "/api/v1/state";
const WRITE: &str = "/api/v1/network/heal";
const WRITES: [&str; 3] = [WRITE, "/api/v1/attack", "/api/v1/lesson"];

/// Returns a view that may also be called `lab.local`.
async fn lab() -> View {
    serve(view().allow_host("lab.local")).await
}

#[tokio::test]
async fn each_row_of_host_origin_token_and_method() {
    let view = lab().await;
    let port = view.local_addr().port();
    let ours = format!("127.0.0.1:{port}");
    let hosts = [
        (ours.clone(), true),
        (format!("localhost:{port}"), true),
        (format!("LOCALHOST:{port}"), true),
        (format!("lab.local:{port}"), true),
        ("127.0.0.1".to_owned(), false),
        (format!("127.0.0.1:{}", port ^ 1), false),
        (format!("evil.example:{port}"), false),
        (format!("127.0.0.1:{port}.evil.example"), false),
        (format!("lab.local:{port}@evil.example"), false),
        (String::new(), false),
    ];
    let origins = [
        (None, true),
        (Some(format!("http://{ours}")), true),
        (Some(format!("HTTP://Localhost:{port}")), true),
        (Some(format!("https://{ours}")), false),
        (Some("http://evil.example".to_owned()), false),
        (Some(format!("http://evil.example:{port}")), false),
        (Some("null".to_owned()), false),
        (Some(String::new()), false),
    ];
    let right = token(&view.url());
    let tokens = [
        (None, false),
        (Some(format!("Bearer {right}")), true),
        (Some(format!("bEARER {right}")), true),
        (Some(format!("Bearer  {right}")), false),
        (Some(format!("Bearer {}", right.to_uppercase() + "0")), false),
        (Some(format!("Bearer {}", &right[1..])), false),
        (Some(format!("Basic {right}")), false),
        (Some(right.clone()), false),
    ];
    for (host, is_host) in &hosts {
        for (origin, is_origin) in &origins {
            for (method, path, right) in
                [("GET", READ, 200), ("GET", "/", 200), ("GET", "/none", 404), ("POST", READ, 405)]
            {
                let mut row = request(&view, method, path).header("host", host);
                if let Some(origin) = origin {
                    row = row.header("origin", origin);
                }
                let expected = if !is_host {
                    421
                } else if !is_origin {
                    403
                } else {
                    right
                };
                assert_eq!(row.status().await, expected, "{row:?}");
            }
        }
    }
    // this stage refuses each command that gets through, with 409
    for (host, is_host) in [&hosts[0], &hosts[6]] {
        for (origin, is_origin) in [&origins[0], &origins[1], &origins[4]] {
            for ((authorization, is_right), path) in tokens.iter().flat_map(|row| WRITES.map(|path| (row, path))) {
                let mut row = request(&view, "POST", path).header("host", host);
                if path == "/api/v1/attack" {
                    row = row.json(r#"{"attack":"double-spend"}"#);
                }
                if let Some(origin) = origin {
                    row = row.header("origin", origin);
                }
                if let Some(authorization) = authorization {
                    row = row.header("authorization", authorization);
                }
                let is_ours = (*is_host, *is_origin);
                let expected = match (is_ours, is_right) {
                    ((false, _), _) => 421,
                    ((_, false), _) => 403,
                    (_, false) => 401,
                    (_, true) => 409,
                };
                assert_eq!(row.status().await, expected, "{row:?}");
            }
        }
    }
}

#[tokio::test]
async fn each_refusal_is_a_problem_that_says_what_to_do() {
    let view = lab().await;
    let problem = async |request: common::Request, status: u16| {
        let answer = request.send().await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(status)));
        assert!(body["detail"].as_str().unwrap().len() > 20, "{body}");
        answer
    };
    let command = |path| request(&view, "POST", path).with_token(&view.url());
    problem(request(&view, "GET", READ).header("host", "evil.example"), 421).await;
    problem(request(&view, "GET", READ).header("origin", "null"), 403).await;
    problem(request(&view, "GET", "/none"), 404).await;
    let wrong = problem(request(&view, "DELETE", READ), 405).await;
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
    let wrong = problem(request(&view, "GET", WRITE), 405).await;
    assert_eq!(wrong.header("allow"), Some("POST"));
    let wrong = problem(request(&view, "POST", "/main.js"), 405).await;
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
    let wrong = problem(request(&view, "POST", WRITE), 401).await;
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
    problem(command("/api/v1/network/partition").body(b"{}"), 415).await;
    problem(command("/api/v1/network/partition").json("{"), 400).await;
    problem(command("/api/v1/network/partition").json("{}"), 422).await;
    problem(command("/api/v1/clock").json(r#"["run"]"#), 422).await;
    problem(command("/api/v1/network/heal").body(&[b'x'; 1 << 20]), 413).await;
    problem(command("/api/v1/nodes/+0/stop").json("{}"), 404).await;
    problem(command("/api/v1/network/partition").json(r#"{"groups":[[0],[0]]}"#), 422).await;
    problem(command("/api/v1/network/partition").json(r#"{"groups":[[0]]}"#), 409).await;
    problem(command("/api/v1/nodes/x/stop"), 404).await;
}

#[tokio::test]
async fn two_hosts_or_none_are_a_bad_request() {
    let view = lab().await;
    let ours = view.local_addr().to_string();
    assert_eq!(request(&view, "GET", READ).header("host", &ours).header("host", &ours).status().await, 400);
    let mut stream = TcpStream::connect(view.local_addr()).await.unwrap();
    stream.write_all(b"GET /api/v1/state HTTP/1.0\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut stream).await.unwrap().status, 400);
}

#[tokio::test]
async fn a_request_line_with_a_foreign_host_is_misdirected() {
    let view = lab().await;
    let ours = view.local_addr().to_string();
    let row = |host: &str| request(&view, "GET", &format!("http://{host}{READ}"));
    assert_eq!(row("evil.example").header("host", &ours).status().await, 421);
    assert_eq!(row(&ours).header("host", &ours).status().await, 200);
}

#[tokio::test]
async fn another_site_may_link_to_the_page_alone() {
    let view = lab().await;
    let row =
        |path, site, mode| request(&view, "GET", path).header("sec-fetch-site", site).header("sec-fetch-mode", mode);
    assert_eq!(row("/", "cross-site", "navigate").status().await, 200);
    assert_eq!(row("/", "cross-site", "no-cors").status().await, 403);
    assert_eq!(row("/main.js", "cross-site", "navigate").status().await, 403);
    assert_eq!(row(READ, "cross-site", "navigate").status().await, 403);
    assert_eq!(row(READ, "cross-site", "cors").status().await, 403);
    assert_eq!(row(READ, "same-origin", "cors").status().await, 200);
    assert_eq!(row(READ, "none", "navigate").status().await, 200);
    let post = request(&view, "POST", "/").header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
    assert_eq!(post.status().await, 403);
}

#[tokio::test]
async fn no_path_leads_out_of_the_table_of_files() {
    let view = lab().await;
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/..%2fCargo.toml", "/vendor/../../Cargo.toml", "//", "/."] {
        assert_eq!(request(&view, "GET", path).status().await, 404, "{path}");
    }
    // the same from a directory
    let web = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
    let view = serve(common::view().web_dir(web)).await;
    assert_eq!(request(&view, "GET", "/style.css").status().await, 200);
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/passwd"] {
        assert_eq!(request(&view, "GET", path).status().await, 404, "{path}");
    }
}

#[tokio::test]
async fn a_large_body_gets_an_answer_that_can_be_read() {
    let view = lab().await;
    let large = vec![b' '; 1 << 20];
    let post = |path| request(&view, "POST", path).with_token(&view.url());
    assert_eq!(post("/api/v1/network/partition").body(&large).status().await, 413);
    // whoever refuses, the client can read the refusal
    assert_eq!(post("/none").body(&large).status().await, 404);
    assert_eq!(request(&view, "POST", WRITE).body(&large).status().await, 401);
    let chunked = post("/api/v1/network/partition").header("transfer-encoding", "chunked");
    let mut stream = TcpStream::connect(view.local_addr()).await.unwrap();
    stream.write_all(&chunked.bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(1 << 16));
    stream.write_all(chunk.as_bytes()).await.unwrap();
    stream.write_all(b"1\r\n \r\n0\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut stream).await.unwrap().status, 413);
}

#[tokio::test]
async fn half_headers_do_not_keep_others_out() {
    let view = lab().await;
    let mut strangers = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(view.local_addr()).await.unwrap();
        // the oldest may be closed already
        let _ = stream.write_all(b"GET /api/v1/state HTTP/1.1\r\nhost: ").await;
        strangers.push(stream);
    }
    assert_eq!(request(&view, "GET", READ).status().await, 200);
    let closed = 300 + 1 - WAITING_CONNECTIONS;
    for stream in &mut strangers[..closed] {
        // the end, or a reset
        assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    }
    assert_eq!(request(&view, "GET", READ).status().await, 200);
}

#[tokio::test]
async fn commands_come_at_a_rate_that_strangers_cannot_use_up() {
    let view = lab().await;
    for _ in 0..60 {
        assert_eq!(request(&view, "POST", WRITE).status().await, 401);
    }
    let command = request(&view, "POST", WRITE).with_token(&view.url());
    assert_eq!(command.status().await, 409, "the bucket is still full");
    let refused = async || {
        let answers = join_all((0..60).map(|_| command.send())).await;
        answers.into_iter().find(|answer| answer.status == 429)
    };
    // on a very slow machine the bucket fills as fast as it empties
    let mut last = None;
    for _ in 0..100 {
        last = refused().await;
        if last.is_some() {
            break;
        }
    }
    let last = last.expect("60 at once are too many");
    assert_eq!(last.status, 429);
    assert_eq!(last.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn other_machines_need_a_token_to_read_the_network() {
    let any = "0.0.0.0:0".parse().unwrap();
    let error = view().serve(any).await.unwrap_err();
    assert!(error.to_string().contains("--allow-host lab.local"), "{error}");
    let error = view().allow_host("lab.local:80").serve(any).await.unwrap_err();
    assert!(error.to_string().contains("without a port"), "{error}");

    let view = view().allow_host("lab.local").serve(any).await.unwrap();
    let port = view.local_addr().port();
    assert!(view.url().starts_with(&format!("http://lab.local:{port}/#token=")));
    assert!(view.watch_url().starts_with(&format!("http://lab.local:{port}/#read=")));
    let host = format!("lab.local:{port}");
    let row = |method, path| request(&view, method, path).header("host", &host);
    assert_eq!(row("GET", "/").status().await, 200, "the page must load before it can send a token");
    assert_eq!(row("GET", READ).status().await, 401);
    assert_eq!(row("GET", "/api/v1/openapi.json").status().await, 401);
    assert_eq!(row("GET", READ).with_token(&view.watch_url()).status().await, 200);
    assert_eq!(row("GET", READ).with_token(&view.url()).status().await, 200);
    assert_eq!(row("POST", WRITE).with_token(&view.watch_url()).status().await, 401);
    assert_eq!(row("POST", WRITE).with_token(&view.url()).status().await, 409);
}

#[tokio::test]
async fn on_this_machine_the_link_for_students_has_no_token() {
    let view = lab().await;
    assert_eq!(view.watch_url(), format!("http://{}/", view.local_addr()));
    assert_eq!(view.url(), format!("http://{}/#token={}", view.local_addr(), token(&view.url())));
    assert_ne!(view.url(), lab().await.url());
}

#[tokio::test]
async fn health_and_metrics_need_a_known_host_and_no_token() {
    let any = "0.0.0.0:0".parse().unwrap();
    let view = view().allow_host("lab.local").serve(any).await.unwrap();
    let host = format!("lab.local:{}", view.local_addr().port());
    for path in ["/health", "/ready", "/metrics"] {
        assert_eq!(request(&view, "GET", path).header("host", &host).status().await, 200, "{path}");
        assert_eq!(request(&view, "GET", path).header("host", "evil.example").status().await, 421, "{path}");
        assert_eq!(request(&view, "POST", path).header("host", &host).status().await, 405, "{path}");
    }
}

#[tokio::test]
async fn a_broadcast_is_a_command() {
    let view = lab().await;
    let tx = || request(&view, "POST", "/api/tx");
    assert_eq!(tx().body(b"00").status().await, 401);
    assert_eq!(tx().with_token(&view.url()).body(b"00").status().await, 404, "this stage has no node");
    let large = tx().with_token(&view.url()).body(&vec![b'0'; 1 << 20]).send().await;
    assert_eq!((large.status, large.header("content-type")), (413, Some("application/problem+json")));
    // one path, two methods, from two routers
    let wrong = request(&view, "DELETE", "/api/v1/nodes").send().await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD, POST")));
}
