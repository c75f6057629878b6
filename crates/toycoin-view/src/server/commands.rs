//! Commands: what the teacher's buttons send.
//!
//! All of them need the token. They answer 204, 200 or 201; 404 if there is no such node or fault, 409 if the stage
//! cannot do that, 422 if the command makes no sense.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    attack::AttackRequest,
    command::{Command, Done, FaultSpec, Refusal},
    problem::Problem,
    server::{
        body::{Fields, Whole},
        requests::{Delay, End, FaultBegun, HashRate, NodeAdded, Paid, Partition, Pay, SetClock},
    },
};

/// Returns the routes.
pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(partition))
        .routes(routes!(heal))
        .routes(routes!(fault))
        .routes(routes!(end))
        .routes(routes!(add_node))
        .routes(routes!(stop))
        .routes(routes!(start))
        .routes(routes!(rate))
        .routes(routes!(delay))
        .routes(routes!(pay))
        .routes(routes!(clock))
        .routes(routes!(attack))
        .routes(routes!(lesson))
}

type Answer = Result<Response, Problem>;

/// Declares the handler of a command: its documentation, its answers, its arguments and how they make a command.
macro_rules! handlers {
    ($($(#[$doc:meta])* $name:ident $path:literal [$($meta:tt)*] ($($argument:pat => $type:ty),*) $command:expr;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "commands",
            security(("token" = [])),
            $($meta)*
        )]
        async fn $name(State(app): State<Arc<App>>, $($argument: $type),*) -> Answer {
            let command: Command = $command;
            let done = app.stage.command(command).await?;
            app.indexes.changed();
            Ok(answer(done))
        }
    )*};
}

handlers! {
    /// Parts the network: nothing passes between two groups.
    partition "/api/v1/network/partition" [
        request_body = Partition,
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (Fields(fields) => Fields<Partition>) fields.command()?;
    /// Ends the partition. It needs no body.
    heal "/api/v1/network/heal" [
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (_body => Whole) Command::Heal;
    /// Begins a fault, which lasts until it is ended.
    fault "/api/v1/network/fault" [
        request_body = FaultSpec,
        responses((status = 201, body = FaultBegun), (status = "4XX", body = Problem)),
    ] (Fields(spec) => Fields<FaultSpec>) Command::Fault(spec);
    /// Ends a fault.
    end "/api/v1/network/end" [
        request_body = End,
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (Fields(fields) => Fields<End>) Command::End { id: fields.id };
    /// Adds a node.
    add_node "/api/v1/nodes" [
        request_body = HashRate,
        responses((status = 201, body = NodeAdded), (status = "4XX", body = Problem)),
    ] (Fields(fields) => Fields<HashRate>) Command::AddNode { hash_rate: fields.hash_rate };
    /// Stops a node: it goes down on a simulated network, and ceases to mine on a live one. It needs no body.
    stop "/api/v1/nodes/{node}/stop" [
        params(("node" = usize, Path, description = "The node's number.")),
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (NodeNumber(node) => NodeNumber, _body => Whole) Command::Stop { node };
    /// Starts a node again. It needs no body.
    start "/api/v1/nodes/{node}/start" [
        params(("node" = usize, Path, description = "The node's number.")),
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (NodeNumber(node) => NodeNumber, _body => Whole) Command::Start { node };
    /// Sets a node's hash rate.
    rate "/api/v1/nodes/{node}/rate" [
        params(("node" = usize, Path, description = "The node's number.")),
        request_body = HashRate,
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (NodeNumber(node) => NodeNumber, Fields(fields) => Fields<HashRate>)
        Command::Rate { node, hash_rate: fields.hash_rate };
    /// Delays what a node sends: its messages on a simulated network, its own blocks on a live one.
    delay "/api/v1/nodes/{node}/delay" [
        params(("node" = usize, Path, description = "The node's number.")),
        request_body = Delay,
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (NodeNumber(node) => NodeNumber, Fields(fields) => Fields<Delay>)
        Command::Delay { node, delay: fields.duration()? };
    /// Makes the wallet of one node pay that of another.
    pay "/api/v1/pay" [
        request_body = Pay,
        responses((status = 200, body = Paid), (status = "4XX", body = Problem)),
    ] (Fields(fields) => Fields<Pay>) fields.command()?;
    /// Pauses, runs, steps, or sets the speed.
    clock "/api/v1/clock" [
        request_body = SetClock,
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (Fields(fields) => Fields<SetClock>) fields.command()?;
    /// Shows a trial of an attack in place of the present network. It is another run: all viewers get its state.
    attack "/api/v1/attack" [
        request_body = AttackRequest,
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (Fields(request) => Fields<AttackRequest>) Command::Attack(request);
    /// Shows a new network of the lesson in place of an attack's. It is another run. It needs no body.
    lesson "/api/v1/lesson" [
        responses((status = 204), (status = "4XX", body = Problem)),
    ] (_body => Whole) Command::Lesson;
}

fn answer(done: Done) -> Response {
    match done {
        Done::Done => StatusCode::NO_CONTENT.into_response(),
        Done::Fault(id) => (StatusCode::CREATED, Json(FaultBegun { id })).into_response(),
        Done::Node(node) => (StatusCode::CREATED, Json(NodeAdded { node })).into_response(),
        Done::Paid(txid) => Json(Paid { txid }).into_response(),
    }
}

/// The number of a node in a path.
struct NodeNumber(usize);

impl FromRequestParts<Arc<App>> for NodeNumber {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, app).await.map(|Path(text)| text).unwrap_or_default();
        let node = text.parse::<usize>().ok().filter(|node| node.to_string() == text);
        let node = node.ok_or_else(|| Problem::unknown("there is no such node; nodes are numbered from 0"))?;
        let nodes = app.stage.hub().look(|state| state.nodes.len());
        if node < nodes { Ok(Self(node)) } else { Err(Refusal::NoSuchNode { node, nodes }.into()) }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn each_outcome_has_its_status_and_body() {
        let outcomes = [
            (Done::Done, 204, ""),
            (Done::Fault(3), 201, r#"{"id":3}"#),
            (Done::Node(4), 201, r#"{"node":4}"#),
            (Done::Paid("ab".into()), 200, r#"{"txid":"ab"}"#),
        ];
        for (done, status, body) in outcomes {
            let response = answer(done);
            assert_eq!(response.status(), status);
            assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), body);
        }
    }
}
