//! Security requirements in words.

use serde_json::{Map, Value};

use crate::base::text::display_str;

/// The word for an operation that is explicitly open.
pub(super) const OPEN: &str = "none";

/// How many alternatives are listed for one operation.
const MOST: usize = 16;

/// The alternatives of a `security` array in words, each for example `bearer (JWT)` or `basic + api key header X-Key`;
/// `none` where it is explicitly open. `schemes` is `components.securitySchemes`.
pub(super) fn words(security: &Value, schemes: &Map<String, Value>) -> Vec<String> {
    let Some(alternatives) = security.as_array() else { return Vec::new() };
    if alternatives.is_empty() {
        return vec![OPEN.to_owned()];
    }
    let mut out: Vec<String> = Vec::new();
    for alternative in alternatives.iter().take(MOST).filter_map(Value::as_object) {
        let word = if alternative.is_empty() {
            OPEN.to_owned()
        } else {
            let parts: Vec<String> =
                alternative.iter().take(MOST).map(|(name, scopes)| scheme(name, schemes.get(name), scopes)).collect();
            parts.join(" + ")
        };
        if !out.contains(&word) {
            out.push(word);
        }
    }
    out
}

fn scheme(name: &str, node: Option<&Value>, scopes: &Value) -> String {
    let Some(node) = node else { return format!("{} (not declared)", display_str(name)) };
    let text = |key: &str| node.get(key).and_then(Value::as_str).map(display_str);
    match node.get("type").and_then(Value::as_str) {
        Some("http") => {
            let kind = text("scheme").unwrap_or_else(|| "http".to_owned()).to_ascii_lowercase();
            match text("bearerFormat") {
                Some(format) if kind == "bearer" => format!("{kind} ({format})"),
                _ => kind,
            }
        }
        // Swagger 2.0 has a type of its own for it.
        Some("basic") => "basic".to_owned(),
        Some("apiKey") => {
            format!("api key {} {}", text("in").unwrap_or_default(), text("name").unwrap_or_default())
        }
        Some("oauth2") => with_scopes("oauth2", scopes),
        Some("openIdConnect") => with_scopes("openid connect", scopes),
        Some("mutualTLS") => "mutual TLS".to_owned(),
        _ => display_str(name),
    }
}

fn with_scopes(word: &str, scopes: &Value) -> String {
    let list: Vec<String> =
        scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(display_str).collect();
    if list.is_empty() { word.to_owned() } else { format!("{word} ({})", list.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_has_its_words() {
        let schemes = json!({
            "b": {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"},
            "u": {"type": "http", "scheme": "basic"},
            "old": {"type": "basic"},
            "k": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "o": {"type": "oauth2", "flows": {}},
            "m": {"type": "mutualTLS"},
        });
        let schemes = schemes.as_object().expect("object");
        let say = |v: Value| words(&v, schemes);
        assert_eq!(say(json!([{"b": []}, {"k": [], "u": []}])), ["bearer (JWT)", "api key header X-Key + basic"]);
        assert_eq!(say(json!([{"o": ["a", "b"]}, {"m": []}, {}])), ["oauth2 (a b)", "mutual TLS", "none"]);
        assert_eq!(say(json!([{"old": []}])), ["basic"]);
        assert_eq!(say(json!([])), ["none"]);
        assert_eq!(say(json!([{"gone": []}])), ["gone (not declared)"]);
        assert!(say(json!({"odd": 1})).is_empty());
    }
}
