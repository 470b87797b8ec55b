//! The routes of the shop: one row each, with the headers its answers carry and whether its document declares it.

#![expect(clippy::unnecessary_wraps, reason = "one shape for every row of the table")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Answer, Question};
use super::shop::{STATUSES, Shop};
use super::{ACCOUNTS, token};

/// Headers of a route, by name and value. They differ from route to route, so that the grades do.
type Headers = &'static [(&'static str, &'static str)];

const NOSNIFF: (&str, &str) = ("X-Content-Type-Options", "nosniff");
const NO_STORE: (&str, &str) = ("Cache-Control", "no-store");

/// One route.
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path template below `/api`.
    pub path: &'static str,
    /// Whether the OpenAPI document has it.
    pub declared: bool,
    /// Headers of its answers.
    pub headers: Headers,
    /// What stands in `Content-Type` instead of the right type; empty for no such header at all.
    pub mislabelled: Option<&'static str>,
    /// Which origins it lets read its answers with credentials: all wrong ones.
    pub trusts: Option<fn(&str) -> bool>,
    handle: fn(&mut Shop, &Question<'_>) -> Result<Answer, Answer>,
}

const fn route(
    method: &'static str,
    path: &'static str,
    headers: Headers,
    handle: fn(&mut Shop, &Question<'_>) -> Result<Answer, Answer>,
) -> Route {
    Route { method, path, declared: true, headers, mislabelled: None, trusts: None, handle }
}

/// Every route.
pub static ROUTES: &[Route] = &[
    // Nothing keeps the token out of caches, and the session cookie is neither Secure nor SameSite.
    route("POST", "/login", &[], login),
    route("GET", "/users", &[NOSNIFF, NO_STORE], list_users),
    route("GET", "/users/{id}", &[NOSNIFF], get_user),
    route("PATCH", "/users/{id}", &[NOSNIFF, NO_STORE], update_user),
    // The path is declared, the method is not.
    Route { declared: false, ..route("DELETE", "/users/{id}", &[], delete_user) },
    // Every origin may read it with credentials.
    Route { trusts: Some(|_| true), ..route("GET", "/orders", &[NO_STORE], list_orders) },
    route("POST", "/orders", &[NOSNIFF], create_order),
    route("GET", "/orders/{id}", &[("Cache-Control", "public, max-age=60")], get_order),
    route("DELETE", "/orders/{id}", &[NOSNIFF], cancel_order),
    // Declared nowhere, open to everyone, and without a type.
    Route { declared: false, mislabelled: Some(""), ..route("GET", "/orders/{id}/export", &[], export_order) },
    route(
        "GET",
        "/v1/orders",
        &[
            NOSNIFF,
            ("Deprecation", "@1735689600"),
            ("Access-Control-Allow-Origin", "null"),
            ("Access-Control-Allow-Credentials", "true"),
        ],
        list_orders_v1,
    ),
    Route { mislabelled: Some("text/html"), ..route("GET", "/reports/{id}", &[], get_report) },
    // A name that ends like the host's may be anyone's.
    Route { trusts: Some(|o| o.ends_with("localhost")), ..route("GET", "/health", &[NOSNIFF, NO_STORE], health) },
    route("GET", "/openapi.json", &[NOSNIFF], document),
    route("GET", "/slow", &[], slow),
];

/// Answers one question for `method` and `path` (the whole path, without the query). HEAD is answered as GET.
pub fn answer<'a>(
    shop: &Mutex<Shop>,
    method: &str,
    path: &'a str,
    mut question: Question<'a>,
) -> (Answer, Option<&'static Route>) {
    let wanted = if method == "HEAD" { "GET" } else { method };
    let mut allowed: Vec<&str> = Vec::new();
    for route in ROUTES {
        let Some(places) = path.strip_prefix("/api").and_then(|p| fill(route.path, p)) else { continue };
        if route.method != wanted {
            allowed.push(route.method);
            continue;
        }
        question.places = places;
        let mut shop = lock(shop);
        return ((route.handle)(&mut shop, &question).unwrap_or_else(|refusal| refusal), Some(route));
    }
    if allowed.is_empty() {
        return (Answer::problem(404, "there is nothing at this path"), None);
    }
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    (Answer::problem(405, "this path has other methods").header("Allow", allowed.join(", ")), None)
}

fn lock(shop: &Mutex<Shop>) -> MutexGuard<'_, Shop> {
    // A handler that panicked left the shop as it was: each changes it in one step at its end.
    shop.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What stands in the places of `template`, when `path` fits it.
fn fill<'a>(template: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut t, mut p) = (template.split('/'), path.split('/'));
    let mut places = Vec::new();
    loop {
        match (t.next(), p.next()) {
            (None, None) => return Some(places),
            (Some(t), Some(p)) if t.starts_with('{') && !p.is_empty() => places.push(p),
            (Some(t), Some(p)) if t == p => {}
            _ => return None,
        }
    }
}

fn number(q: &Question<'_>) -> u64 {
    q.places.first().and_then(|id| id.parse().ok()).unwrap_or(0)
}
fn no_such(what: &str) -> Answer {
    Answer::problem(404, &format!("there is no such {what}"))
}

fn login(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    let body = q.object()?;
    let field = |name: &str| body.get(name).and_then(Value::as_str);
    let (Some(user), Some(password)) = (field("user"), field("password")) else {
        return Err(Answer::problem(400, "user and password are needed, both as text"));
    };
    let account = ACCOUNTS.iter().position(|(name, secret, _)| *name == user && *secret == password);
    let known = account.and_then(|i| shop.users.get(&(i as u64 + 1)));
    let Some(known) = known else {
        return Err(Answer::problem(401, "the name or the password is wrong")
            .header("WWW-Authenticate", "Bearer realm=\"shop\""));
    };
    let token = token::Claims::new(known.id, &known.name, &known.role, q.now).sign(&shop.secret);
    let cookie = format!("session={}; Path=/; HttpOnly", token::session(&token));
    let reply = json!({ "token": token, "token_type": "Bearer", "expires_in": token::LIFETIME });
    Ok(Answer::json(200, reply).header("Set-Cookie", cookie))
}

fn list_users(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    token::bearer(q.authorization, &shop.secret)?;
    Ok(Answer::json(200, shop.users.values().map(super::shop::User::json).collect()))
}

fn get_user(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    token::bearer(q.authorization, &shop.secret)?;
    let user = shop.users.get(&number(q)).ok_or_else(|| no_such("user"))?;
    Ok(Answer::json(200, user.json()))
}

fn update_user(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    token::bearer(q.authorization, &shop.secret)?;
    let changed = shop.change(number(q), &q.object()?).map_err(|e| Answer::problem(422, &e))?;
    Ok(Answer::json(200, changed.ok_or_else(|| no_such("user"))?.json()))
}

fn delete_user(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    token::bearer(q.authorization, &shop.secret)?;
    // The accounts that can sign in stay, so that nobody locks themselves out of the practice.
    let id = number(q);
    if id > ACCOUNTS.len() as u64 && shop.users.remove(&id).is_none() {
        return Err(no_such("user"));
    }
    Ok(Answer::empty(204))
}

fn list_orders(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    let limit = q.number("limit", 1..=100, 20)?;
    let status = q.parameter("status");
    if let Some(s) = &status
        && !STATUSES.contains(&s.as_str())
    {
        return Err(Answer::problem(400, &format!("status is one of {}", STATUSES.join(", "))));
    }
    let found = shop.orders.values().rev().filter(|o| status.as_deref().is_none_or(|s| s == o.status));
    Ok(Answer::json(200, found.take(usize::try_from(limit).unwrap_or(20)).map(super::shop::Order::json).collect()))
}

fn create_order(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    let claims = token::bearer(q.authorization, &shop.secret)?;
    let order = shop.place(&claims.name, &q.object()?).map_err(|e| Answer::problem(422, &e))?;
    Ok(Answer::json(201, order.json()).header("Location", format!("/api/orders/{}", order.id)))
}

/// Whose order it is plays no part: a broken object level authorization, on purpose.
fn get_order(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    let order = shop.orders.get(&number(q)).ok_or_else(|| no_such("order"))?;
    Ok(Answer::json(200, order.json()))
}

fn cancel_order(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    token::bearer(q.authorization, &shop.secret)?;
    shop.orders.remove(&number(q)).ok_or_else(|| no_such("order"))?;
    Ok(Answer::empty(204))
}

fn export_order(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    let order = shop.orders.get(&number(q)).ok_or_else(|| no_such("order"))?;
    let mut value = order.json();
    value["internal"] = json!({ "margin_percent": 41, "warehouse": "wh-3.internal.shop.example" });
    Ok(Answer::json(200, value).header("Server", "shop-export/0.9.1"))
}

fn list_orders_v1(shop: &mut Shop, _: &Question<'_>) -> Result<Answer, Answer> {
    let orders: Vec<Value> = shop.orders.values().rev().take(20).map(super::shop::Order::json).collect();
    Ok(Answer::json(200, json!({ "orders": orders })))
}

fn get_report(shop: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    token::bearer(q.authorization, &shop.secret)?;
    let month = q.places.first().copied().unwrap_or_default();
    let shape = |(i, b): (usize, &u8)| if i == 4 { *b == b'-' } else { b.is_ascii_digit() };
    if month.len() != 7 || !month.as_bytes().iter().enumerate().all(shape) {
        return Err(no_such("report"));
    }
    Ok(Answer::json(200, json!({ "month": month, "orders": shop.orders.len() })))
}

fn health(_: &mut Shop, _: &Question<'_>) -> Result<Answer, Answer> {
    Ok(Answer::json(200, json!({ "status": "ok" })))
}

fn document(_: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    Ok(Answer { body: super::openapi(q.base).into_bytes(), ..Answer::json(200, Value::Null) })
}

fn slow(_: &mut Shop, q: &Question<'_>) -> Result<Answer, Answer> {
    let ms = q.number("ms", 0..=5_000, 100)?;
    Ok(Answer { delay: Duration::from_millis(ms), ..Answer::json(200, json!({ "waited_ms": ms })) })
}
