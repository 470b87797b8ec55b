//! Documents of the shop that never change: a capture and a token. With the OpenAPI text and the log they are the files of
//! `samples/`.

use serde_json::{Value, json};

use super::token::Claims;

/// Where the shop of the samples stands.
pub const SAMPLE_BASE: &str = "http://127.0.0.1:8080";
/// When the day of the samples begins, in seconds since 1970: 3 November 2025, 09:00 UTC.
pub const EPOCH: i64 = 1_762_160_400;

/// A token of the shop, signed with its tutorial secret and long expired; the same every time.
pub fn sample_token() -> String {
    Claims::new(1, "alice", "user", EPOCH).sign(super::SECRET.as_bytes())
}

/// A capture of a short visit as HAR 1.2 text: signing in, looking around, placing an order, an export and a miss.
pub fn har() -> String {
    let token = sample_token();
    let bearer = format!("Bearer {token}");
    let order =
        json!({ "id": 1401, "owner": "alice", "item": "telescope", "quantity": 1, "status": "new", "note": null });
    let user = json!({ "id": 1, "name": "alice", "email": "alice@shop.example", "role": "user" });
    let credentials = json!({ "user": "alice", "password": "wonderland" });
    let session = json!({ "token": token, "token_type": "Bearer", "expires_in": 900 });
    let missing =
        json!({ "type": "about:blank", "title": "Not Found", "status": 404, "detail": "there is no such order" });
    let visits = [
        Visit {
            at: 0,
            method: "POST",
            target: "/api/login",
            bearer: None,
            sent: Some(credentials),
            status: 200,
            received: session,
            ms: 91,
        },
        Visit {
            at: 2,
            method: "GET",
            target: "/api/orders?limit=2&status=paid",
            bearer: None,
            sent: None,
            status: 200,
            received: json!([]),
            ms: 17,
        },
        Visit {
            at: 5,
            method: "GET",
            target: "/api/users/1",
            bearer: Some(&bearer),
            sent: None,
            status: 200,
            received: user,
            ms: 8,
        },
        Visit {
            at: 9,
            method: "POST",
            target: "/api/orders",
            bearer: Some(&bearer),
            sent: Some(json!({ "item": "telescope", "quantity": 1 })),
            status: 201,
            received: order.clone(),
            ms: 44,
        },
        Visit {
            at: 11,
            method: "GET",
            target: "/api/orders/1401/export",
            bearer: None,
            sent: None,
            status: 200,
            received: order,
            ms: 62,
        },
        Visit {
            at: 15,
            method: "GET",
            target: "/api/orders/9999",
            bearer: None,
            sent: None,
            status: 404,
            received: missing,
            ms: 6,
        },
    ];
    let entries: Vec<Value> = visits.iter().map(Visit::entry).collect();
    let log = json!({ "log": {
        "version": "1.2",
        "creator": { "name": "lunette practice API", "version": "1" },
        "entries": entries,
    }});
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

/// One request of the capture and its reply.
struct Visit<'a> {
    /// Seconds after the start.
    at: i64,
    method: &'a str,
    target: &'a str,
    bearer: Option<&'a str>,
    sent: Option<Value>,
    status: u16,
    received: Value,
    ms: u64,
}

impl Visit<'_> {
    fn entry(&self) -> Value {
        let body = self.received.to_string();
        let header = |name: &str, value: &str| json!({ "name": name, "value": value });
        let mut sent = vec![header("Host", "127.0.0.1:8080"), header("Accept", "application/json")];
        sent.extend(self.bearer.map(|b| header("Authorization", b)));
        let query = self.target.split_once('?').map_or("", |(_, q)| q);
        let pairs = query.split('&').filter_map(|p| p.split_once('='));
        let mut request = json!({
            "method": self.method,
            "url": format!("{SAMPLE_BASE}{}", self.target),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": sent,
            "queryString": pairs.map(|(n, v)| header(n, v)).collect::<Vec<_>>(),
            "headersSize": -1,
            "bodySize": 0,
        });
        if let Some(value) = &self.sent {
            let text = value.to_string();
            request["bodySize"] = text.len().into();
            request["postData"] = json!({ "mimeType": "application/json", "text": text });
            if let Some(list) = request["headers"].as_array_mut() {
                list.push(header("Content-Type", "application/json"));
            }
        }
        let media = if self.status < 400 { "application/json" } else { "application/problem+json" };
        let reason = match self.status {
            201 => "Created",
            404 => "Not Found",
            _ => "OK",
        };
        let mut received = Vec::new();
        // The export has no type, as the shop itself sends none.
        if !self.target.ends_with("/export") {
            received.push(header("Content-Type", media));
        }
        received.push(header("Content-Length", &body.len().to_string()));
        let started =
            time::OffsetDateTime::from_unix_timestamp(EPOCH + self.at).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        json!({
            "startedDateTime": started.format(&time::format_description::well_known::Rfc3339).unwrap_or_default(),
            "time": self.ms,
            "request": request,
            "response": {
                "status": self.status,
                "statusText": reason,
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": received,
                "content": { "size": body.len(), "mimeType": media, "text": body },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": body.len(),
            },
            "cache": {},
            "timings": { "send": 0, "wait": self.ms.saturating_sub(1), "receive": 1 },
            "serverIPAddress": "127.0.0.1",
        })
    }
}
