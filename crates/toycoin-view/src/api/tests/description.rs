//! The description: every route answers as it says.

use serde_json::Value;
use toycoin_core::Signature;

use super::site::{Answer, Site, address, confirm, hex, mine, node, payment, run_test};

#[test]
fn every_documented_route_answers_as_its_schema_says() {
    run_test(async {
        let nodes = [node(5, |builder| builder).await, node(6, |builder| builder).await];
        mine(&nodes[0], 2).await;
        let (done, waits) = (payment(0, 2, 5), payment(2, 3, 6));
        nodes[0].submit(done.clone()).await.unwrap();
        confirm(&nodes[0], &done).await;
        nodes[0].submit(waits.clone()).await.unwrap();
        let site = Site::new(&nodes).await;
        let description = &site.description;
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
        let status = site.json(&format!("/api/tx/{}/status", done.txid())).await;
        let paths = description["paths"].as_object().unwrap();
        assert!(paths.len() >= 40, "{} paths", paths.len());
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap() {
                let filled = path
                    .replace("{hash}", status["block_hash"].as_str().unwrap())
                    .replace("{txid}", &done.txid().to_string())
                    .replace("{last_seen}", &done.txid().to_string())
                    .replace("{address}", &address(2))
                    .replace("{index}", "1")
                    .replace("{start}", "1")
                    .replace("{vout}", "0")
                    .replace("{height}", "1")
                    .replace("{node}", "0");
                assert!(!filled.contains('{'), "{path}");
                assert_documented(path, operation);
                let answer = match method.as_str() {
                    "get" => site.get(&filled).await,
                    "post" => site.post(&filled, hex(&waits)).await,
                    _ => panic!("{method} {path}"),
                };
                // no relay stands
                let expected = if path == "/ready" { 503 } else { 200 };
                assert_eq!(answer.status, expected, "{path}: {:?}", answer.body);
                check_answer(description, path, operation, &answer);
            }
        }
        // a rule, a policy, and neither
        let mut forged = payment(3, 2, 5);
        forged.signatures[0] = Signature::from_bytes([9; 64]);
        for body in [hex(&forged), hex(&payment(2, 3, 6_000)), "x".to_owned()] {
            let answer = site.post("/api/tx", body).await;
            answer.problem(400);
            check_answer(description, "/api/tx", &paths["/api/tx"]["post"], &answer);
        }
    });
}

/// Every variable part of a path is described, and every route has a summary.
fn assert_documented(path: &str, operation: &Value) {
    assert!(operation["summary"].is_string(), "{path}");
    let described: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
    for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        assert!(described.iter().any(|known| known["name"] == part && known["in"] == "path"), "{path}: {part}");
    }
    if path.starts_with("/api/") && !path.contains("/v1/") {
        assert!(described.iter().any(|known| known["name"] == "node" && known["in"] == "query"), "{path}");
    }
}

pub(super) fn check_answer(description: &Value, path: &str, operation: &Value, answer: &Answer) {
    let response = &operation["responses"][answer.status.as_str()];
    let kind = answer.headers["content-type"].to_str().unwrap().split(';').next().unwrap();
    let content = &response["content"][kind];
    assert!(content.is_object(), "{path}: {kind} is not described in {response}");
    if kind.ends_with("json") {
        let value: Value = serde_json::from_slice(&answer.body).unwrap();
        let empty = matches!(&value, Value::Array(items) if items.is_empty());
        // pages after the last one, the peers of a node without any, addresses of which nothing waits, and the attacks
        // of a stage without any
        assert!(
            !empty || ["last_seen", "peers", "attacks"].iter().any(|known| path.contains(known)),
            "{path} shows nothing"
        );
        check(description, &content["schema"], &value, path);
    }
}

/// Checks a value against a schema: types, required fields, and that no field is undocumented.
fn check(description: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let known = description.pointer(name.strip_prefix('#').unwrap());
        return check(description, known.unwrap_or_else(|| panic!("{at}: no {name}")), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let is_null = |choice: &&Value| choice["type"] == "null";
        match value {
            Value::Null => assert!(choices.iter().any(|choice| is_null(&choice)), "{at}: null"),
            _ => check(description, choices.iter().find(|choice| !is_null(choice)).unwrap(), value, at),
        }
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allows = |name: &str| match &schema["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => true,
    };
    assert!(allows(kind) || kind == "integer" && allows("number"), "{at}: {value} is no {schema}");
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{at}: {value}");
    }
    match value {
        Value::Array(items) => {
            let prefix = schema["prefixItems"].as_array();
            for (index, item) in items.iter().enumerate() {
                let of_item = prefix.and_then(|prefix| prefix.get(index)).unwrap_or(&schema["items"]);
                check(description, of_item, item, &format!("{at}[{index}]"));
            }
        }
        Value::Object(fields) if schema["properties"].is_object() => {
            for required in schema["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(required.as_str().unwrap()), "{at}: no {required}");
            }
            for (name, field) in fields {
                let of_field = &schema["properties"][name];
                assert!(of_field.is_object(), "{at}: {name} is not described");
                check(description, of_field, field, &format!("{at}.{name}"));
            }
        }
        _ => {}
    }
}
