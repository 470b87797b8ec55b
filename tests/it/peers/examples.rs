//! Examples held to their schemas, and the judge of both held to somebody else's validator.

use std::sync::Arc;

use boon::{Compiler, Draft, Schemas};
use lunette::inventory::{Document, Judgement, OperationKind, Reply};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::github;

/// How many examples of operations were judged, and those that are not what their own schema says.
fn odd(document: &Document) -> (usize, Vec<String>) {
    let (mut count, mut odd) = (0, Vec::new());
    // What the API itself sends is described by its maker, in two forms that may both fit where only one may.
    let own = document.operations().iter().enumerate().filter(|(_, o)| o.kind == OperationKind::Path);
    for (i, lite) in own {
        let operation = document.operation(i, None);
        let mut note = |what: &str, text: &str, judged: &Judgement| {
            count += 1;
            if !judged.is_clean() {
                odd.push(format!("{} {} {what} {text:.300?}: {judged:?}", lite.method, lite.path));
            }
        };
        if let Some(body) = &operation.body {
            note("body", &body.text, &document.judge_body(i, &body.media_type, body.text.as_bytes(), None));
        }
        for parameter in &operation.parameters {
            note(&parameter.name, &parameter.example, &document.judge_parameter(i, parameter, None));
        }
    }
    (count, odd)
}

#[test]
fn every_example_of_a_large_api_is_what_its_schema_says() {
    let (count, odd) = odd(&github::inventory().documents[0]);
    assert!(count > 3_500, "{count}");
    assert!(odd.is_empty(), "{} of {count}:\n{}", odd.len(), odd.join("\n"));
}

#[test]
fn every_example_of_the_practice_api_is_what_its_schema_says() {
    let text = lunette::demo::openapi("https://localhost:1");
    let (document, problems) = Document::read(Arc::from("shop"), text.into_bytes()).expect("a document");
    assert_eq!(problems, []);
    let (count, odd) = odd(&document);
    assert!(count > 10, "{count}");
    assert!(odd.is_empty(), "{} of {count}:\n{}", odd.len(), odd.join("\n"));
}

/// Values in which little differs, so that they often fit.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.0, 1.5, -2.0]).prop_map(Value::from),
        "[ab]{0,3}|2024-01-31|10\\.0\\.0\\.1".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|m| json!(m)),
        ]
    })
}

/// Schemas of draft 2020-12, which OpenAPI 3.1 takes.
fn schema() -> impl Strategy<Value = Value> {
    let kinds = || prop::sample::select(vec!["string", "number", "integer", "boolean", "array", "object", "null"]);
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        kinds().prop_map(|k| json!({"type": k})),
        (kinds(), kinds()).prop_filter_map("two", |(a, b)| (a != b).then(|| json!({"type": [a, b]}))),
        prop::collection::vec(value(), 1..3).prop_map(|v| json!({"enum": v})),
        value().prop_map(|v| json!({"const": v})),
        (-2i64..3, -2i64..3).prop_map(|(a, b)| json!({"minimum": a, "exclusiveMaximum": b})),
        (1i64..3).prop_map(|n| json!({"multipleOf": n})),
        (0u64..3, 0u64..3).prop_map(|(a, b)| json!({"minLength": a, "maxLength": b})),
        (0u64..3, 0u64..3).prop_map(|(a, b)| json!({"minItems": a, "maxItems": b, "uniqueItems": a > 1})),
        (0u64..3, 0u64..3).prop_map(|(a, b)| json!({"minProperties": a, "maxProperties": b})),
        prop::collection::btree_set("[abc]", 0..2).prop_map(|r| json!({"required": r})),
        "\\^?[ab]\\+?\\$?".prop_map(|p| json!({"pattern": p})),
        prop::sample::select(vec!["date", "ipv4", "uuid"]).prop_map(|f| json!({"format": f})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]), list())
                .prop_map(|(k, l)| json!({(k): l})),
            inner.clone().prop_map(|s| json!({"not": s})),
            inner.clone().prop_map(|s| json!({"items": s})),
            (prop::collection::btree_map("[abc]", inner.clone(), 0..3), inner.clone())
                .prop_map(|(p, a)| json!({"properties": p, "additionalProperties": a})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Where all is judged, another validator says the same.
    #[test]
    fn another_validator_agrees(schema in schema(), value in value()) {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource("http://schema.test/", schema.clone()).expect("a schema");
        let index = compiler.compile("http://schema.test/", &mut schemas).expect("a schema");
        let valid = schemas.validate(&value, index).is_ok();
        let document = json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/": {"get": {"responses":
            {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}}}}});
        let (document, _) = Document::read(Arc::from("t"), document.to_string().into_bytes()).expect("a document");
        let body = value.to_string();
        let reply = Reply { status: 200, content_type: Some(b"application/json"), body: body.as_bytes(), head: false };
        let judged = document.judge_reply(0, &reply, None);
        prop_assert!(judged.unjudged.is_empty(), "{:?}", judged);
        prop_assert_eq!(judged.is_clean(), valid, "{:?}", judged);
    }
}
