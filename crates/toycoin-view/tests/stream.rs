//! The stream of events: how it begins, resumes and stays open.

mod common;

use common::{
    request, serve,
    sse::{Message, Viewer},
    view,
};
use tokio::time::Instant;
use toycoin_view::{View, event::Fact, limits::COMMENT_INTERVAL};

async fn lab() -> View {
    let view = serve(view()).await;
    for number in 0..5 {
        view.hub().tell(number, Fact::Note { text: format!("note {number} ✓"), level: "info".into() });
    }
    view
}

async fn join(view: &View, last_id: Option<&str>) -> Viewer {
    let request = request(view, "GET", "/api/v1/events");
    let request = match last_id {
        Some(id) => request.header("last-event-id", id),
        None => request,
    };
    let mut viewer = Viewer::connect(view, &request).await;
    assert_eq!(viewer.status().await, 200);
    let retry = Message { retry: Some("2000".into()), ..Message::default() };
    assert_eq!(viewer.message().await, Some(retry));
    viewer
}

#[tokio::test]
async fn a_stream_begins_with_the_state_and_goes_on_with_events() {
    let view = lab().await;
    let mut viewer = join(&view, None).await;
    let state = viewer.message().await.unwrap();
    assert_eq!((state.event.as_deref(), state.id.as_deref()), (Some("state"), Some("0123abcd-5")));
    let answer = request(&view, "GET", "/api/v1/state").send().await;
    assert_eq!(state.data, Some(answer.body), "byte for byte");

    let long = "x".repeat(5_000);
    for text in ["short", &long] {
        view.hub().tell(9, Fact::Note { text: text.into(), level: "info".into() });
    }
    for (seq, text) in [(6, "short"), (7, &*long)] {
        let data = format!(r#"{{"seq":{seq},"us":9,"type":"note","text":"{text}","level":"info"}}"#);
        let message = Message { id: Some(format!("0123abcd-{seq}")), data: Some(data), ..Message::default() };
        assert_eq!(viewer.message().await, Some(message));
    }
}

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_that_was_seen() {
    let view = lab().await;
    let mut viewer = join(&view, Some("0123abcd-3")).await;
    for id in ["0123abcd-4", "0123abcd-5"] {
        let message = viewer.message().await.unwrap();
        assert_eq!((message.event, message.id.as_deref()), (None, Some(id)));
    }
    for id in ["00000000-3", "0123abcd-6", "0123abcd-99999999999999999999999", "3", "x", "0123abcd-3 "] {
        let message = join(&view, Some(id)).await.message().await.unwrap();
        let is_whole = message.event.as_deref() == Some("state");
        // a space at the end is no part of a header's value
        assert_eq!(is_whole, !id.ends_with(' '), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_sends_a_comment_every_15_seconds() {
    let view = lab().await;
    let mut viewer = join(&view, Some("0123abcd-5")).await;
    let start = Instant::now();
    for count in 1..10 {
        let comment = Message { comments: 1, ..Message::default() };
        assert_eq!(viewer.message().await, Some(comment));
        let expected = COMMENT_INTERVAL * count;
        // timers count whole milliseconds
        assert_eq!(start.elapsed().as_secs(), expected.as_secs());
    }
}
