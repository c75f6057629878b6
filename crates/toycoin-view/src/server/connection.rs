//! A connection: its requests one after the other, each under a limit of time.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::Request,
    response::Response,
};
use futures_util::future::BoxFuture;
use hyper::{
    body::{Frame, Incoming, SizeHint},
    server::conn::http1,
    service::Service,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service as _;

use crate::{
    limits::HEADER_BYTES,
    server::{body::TimedBody, connections::Place, events::Closing, socket::Socket},
};

/// Serves a connection until it ends, its time is over, or the server shuts down.
pub(crate) async fn serve(stream: TcpStream, place: Place, router: Router, mut closing: Closing) {
    let place = Arc::new(place);
    // an event is a small write that should not wait for the answer to the one before
    let _ = stream.set_nodelay(true);
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&place)));
    let requests = Requests { router, place: Arc::clone(&place), closing: closing.clone() };
    // the place has the limits of time
    let mut builder = http1::Builder::new();
    let builder = builder.header_read_timeout(None).max_buf_size(HEADER_BYTES);
    let mut connection = builder.serve_connection(socket, requests);
    let mut is_closing = false;
    loop {
        tokio::select! {
            biased;
            () = place.over() => return,
            () = closing.wait(), if !is_closing => {
                is_closing = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            result = poll_fn(|context| connection.poll_without_shutdown(context)) => match result {
                Ok(()) => break,
                Err(_) => return,
            },
        }
    }
    if !is_closing {
        connection.into_parts().io.into_inner().linger().await;
    }
}

/// Answers the requests of a connection.
#[derive(Debug)]
struct Requests {
    router: Router,
    place: Arc<Place>,
    closing: Closing,
}

impl Service<hyper::Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        self.place.work();
        let mut request: Request = TimedBody::limit(request);
        request.extensions_mut().insert(self.closing.clone());
        let answered = Answered(Arc::clone(&self.place));
        let response = self.router.clone().call(request);
        Box::pin(async move { Ok(response.await?.map(|body| Body::new(AnsweringBody { body, _answered: answered }))) })
    }
}

/// Says that a request was answered, when it is dropped.
struct Answered(Arc<Place>);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The body of an answer.
struct AnsweringBody {
    body: Body,
    _answered: Answered,
}

impl HttpBody for AnsweringBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
