//! What a route is for, told by its path.

/// What a route is for, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// Anything.
    #[default]
    Plain,
    /// Where one shows who one is.
    Login,
    /// For those who run the service.
    Admin,
    /// GraphQL over HTTP.
    Graphql,
    /// Open to everybody by its nature: health, documentation, keys.
    Public,
}

/// Segments (lower case) of the routes of each role, whole.
const WHOLE: [(&[u8], Role); 42] = [
    (b"auth", Role::Login),
    (b"authenticate", Role::Login),
    (b"token", Role::Login),
    (b"session", Role::Login),
    (b"sessions", Role::Login),
    (b"otp", Role::Login),
    (b"mfa", Role::Login),
    (b"2fa", Role::Login),
    (b"register", Role::Login),
    (b"signup", Role::Login),
    (b"logout", Role::Login),
    (b"password", Role::Login),
    (b"password-reset", Role::Login),
    (b"reset-password", Role::Login),
    (b"administration", Role::Admin),
    (b"administrator", Role::Admin),
    (b"administrators", Role::Admin),
    (b"admin", Role::Admin),
    (b"admins", Role::Admin),
    (b"backoffice", Role::Admin),
    (b"back-office", Role::Admin),
    (b"superuser", Role::Admin),
    (b"sysadmin", Role::Admin),
    (b"management", Role::Admin),
    (b"actuator", Role::Admin),
    (b"graphql", Role::Graphql),
    (b"gql", Role::Graphql),
    (b"health", Role::Public),
    (b"healthz", Role::Public),
    (b"healthcheck", Role::Public),
    (b"livez", Role::Public),
    (b"readyz", Role::Public),
    (b"ready", Role::Public),
    (b"ping", Role::Public),
    (b"status", Role::Public),
    (b"version", Role::Public),
    (b"docs", Role::Public),
    (b"openapi.json", Role::Public),
    (b"openapi.yaml", Role::Public),
    (b"swagger.json", Role::Public),
    (b"jwks.json", Role::Public),
    (b"jwks", Role::Public),
];

/// Parts (lower case) of a segment that a login has.
const LOGIN: [&[u8]; 5] = [b"login", b"log-in", b"signin", b"sign-in", b"logon"];

impl Role {
    /// The role of a path or a template: a login by its last segment, GraphQL too, the others by any.
    pub fn of(path: &[u8]) -> Self {
        let lower = path.to_ascii_lowercase();
        let last = lower.rsplit(|b| *b == b'/').find(|s| !s.is_empty()).unwrap_or_default();
        let whole = |segment: &[u8]| WHOLE.iter().find(|(s, _)| *s == segment).map_or(Self::Plain, |(_, r)| *r);
        if LOGIN.iter().any(|l| memchr::memmem::find(last, l).is_some()) {
            return Self::Login;
        }
        if memchr::memmem::find(&lower, b"/.well-known/").is_some() {
            return Self::Public;
        }
        match whole(last) {
            Self::Plain if lower.split(|b| *b == b'/').any(|s| whole(s) == Self::Admin) => Self::Admin,
            role => role,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_of_paths() {
        for (path, role) in [
            ("/api/login", Role::Login),
            ("/oauth2/token", Role::Login),
            ("/users/{id}/tokens", Role::Plain),
            ("/api/user-login/", Role::Login),
            ("/admin", Role::Admin),
            ("/api/Admin/users/{id}", Role::Admin),
            ("/api/admins-guide", Role::Plain),
            ("/api/graphql", Role::Graphql),
            ("/api/health", Role::Public),
            ("/.well-known/openid-configuration", Role::Public),
            ("/orders", Role::Plain),
            ("", Role::Plain),
        ] {
            assert_eq!(Role::of(path.as_bytes()), role, "{path}");
        }
    }
}
