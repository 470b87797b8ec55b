//! Wall time of the pure rooms, with criterion: reading a specification, a log, a token, grading a reply, and knowing secrets.
//!
//! `cargo bench --bench rooms`

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lunette::base::{Stamp, hash, known};
use lunette::inventory::{Builder, Document, Filter, sample};
use lunette::wire::{Exchange, Request, Response};
use lunette::{grade, jwt};

const TOKEN: &str = include_str!("../samples/shop.token");

fn now() -> Stamp {
    Stamp::from_unix(1_700_000_000).expect("in range")
}

fn rooms(c: &mut Criterion) {
    let text = sample::document(1_200);
    let mut group = c.benchmark_group("inventory");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("specification of 1,200 endpoints", |b| {
        b.iter(|| Document::read(Arc::from("bench"), black_box(text.clone())).expect("document"));
    });
    let log = sample::log(20_000, 1_200);
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("log of 20,000 lines against it", |b| {
        b.iter(|| {
            let (document, problems) = Document::read(Arc::from("bench"), text.clone()).expect("document");
            let mut builder = Builder::new(now());
            builder.spec(document, problems);
            builder.log(Arc::from("log"));
            builder.feed(black_box(&log)).expect("log");
            builder.end_log().expect("log");
            builder.finish()
        });
    });
    let (document, problems) = Document::read(Arc::from("bench"), text.clone()).expect("document");
    let mut builder = Builder::new(now());
    builder.spec(document, problems);
    let list = builder.finish();
    let filter = Filter::parse("~m GET & !internal order").expect("filter");
    group.throughput(Throughput::Elements(list.endpoints.len() as u64));
    group.bench_function("filter", |b| {
        b.iter(|| list.endpoints.iter().filter(|e| filter.matches(black_box(e))).count());
    });
    group.finish();

    c.bench_function("jwt: decode", |b| b.iter(|| jwt::decode(black_box(TOKEN.as_bytes()))));
    let mut x = Exchange::new(1, now(), Request::new("GET", b"https://api.test/").expect("url"));
    x.response = Some(Response {
        status: 200,
        headers: vec![
            ("Content-Type".into(), "application/json".into()),
            ("Set-Cookie".into(), "sid=a1b2c3d4e5f6a7b8; Path=/; HttpOnly".into()),
        ],
        body: "{\"a\":1}".into(),
        ..Response::default()
    });
    c.bench_function("grade: headers of a reply", |b| b.iter(|| grade::headers(black_box(&x))));
}

/// What it costs to know secrets: to learn one more of many, and to look for all of them in a body.
fn known(c: &mut Criterion) {
    let body = sample::document(1_200);
    let mut group = c.benchmark_group("known secrets");
    group.sample_size(10);
    for count in [10, 1_000] {
        let secrets: Vec<String> = (0..count).map(|i| hash::sha256_hex(format!("{count} {i}").as_bytes())).collect();
        known::forget();
        known::learn_all(secrets.iter().map(String::as_bytes));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("a body searched for {count}"), |b| b.iter(|| known::redact(black_box(&body))));
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} learnt at once"), |b| {
            b.iter(|| {
                known::forget();
                known::learn_all(secrets.iter().map(String::as_bytes));
            });
        });
    }
    group.finish();
    known::forget();
}

criterion_group!(benches, rooms, known);
criterion_main!(benches);
