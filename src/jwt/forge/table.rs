//! The families of attacks: what each tries, what it proves where a server takes it, and how that is mended. Words and
//! references of findings stand in no other place.

use crate::base::{Rule, Severity};

/// What a family works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lever {
    /// It goes round the signature. Moot where no signature is checked.
    Signature,
    /// It is signed rightly and claims what must be refused. Needs the key that signs, or a genuine token of the kind.
    Claims,
    /// It is a right token in a form that a strict reader refuses. Moot where no signature is checked.
    Form,
    /// It is for trying by hand: what a server makes of it cannot be told from its reply alone.
    Hand,
}

/// One family of attacks.
#[derive(Debug)]
pub struct Family {
    /// What it proves where a server takes it, how bad that is and how it is mended; its plain words are what is tried.
    pub rule: Rule,
    /// Name on screen.
    pub name: &'static str,
    /// Number in the Common Weakness Enumeration.
    pub cwe: u32,
    /// What it works on.
    pub lever: Lever,
}

impl PartialEq for Family {
    fn eq(&self, other: &Self) -> bool {
        self.rule.id == other.rule.id
    }
}

impl Eq for Family {}

macro_rules! families {
    ($($name:ident = $id:literal, $short:literal, $lever:ident, $severity:ident, $cwe:literal, $tries:literal, $proves:literal, $reference:literal, $fix:literal;)*) => {
        $(
            #[doc = $tries]
            pub static $name: Family = Family {
                rule: Rule {
                    id: $id, severity: Severity::$severity, title: $proves, reference: $reference, fix: $fix, plain: $tries,
                },
                name: $short,
                cwe: $cwe,
                lever: Lever::$lever,
            };
        )*
        /// Every family, in the order they are tried.
        pub static FAMILIES: &[&Family] = &[$(&$name),*];
    };
}

families! {
    UNCHECKED = "jwt-attack-unchecked", "signature unchecked", Signature, Critical, 347,
        "the token with its signature changed, and with a claim changed under the signature it had",
        "the signature is not checked", "RFC 7515 section 5.2",
        "verify the signature before any claim is read, and refuse what does not verify";
    STRIPPED = "jwt-attack-stripped", "signature stripped", Signature, Critical, 347,
        "the token as it is with nothing where its signature was",
        "a token without its signature is let in", "RFC 7515 section 5.2",
        "an empty signature is a wrong one: check it as any other";
    UNSIGNED = "jwt-attack-none", "alg none", Signature, Critical, 347,
        "the token without a signature, with `none` as its algorithm in every spelling that gets past a list",
        "an unsigned token is let in", "RFC 8725 section 3.2",
        "allow one algorithm by its exact name, set in the code and not by the token";
    NESTED = "jwt-attack-nested", "token in a token", Signature, Critical, 347,
        "an unsigned token around the token",
        "an unsigned envelope around a token is opened and its signature not asked for", "RFC 7519 section 7.2",
        "verify the outer token, or refuse tokens that hold another";
    PSYCHIC = "jwt-attack-psychic", "psychic signature", Signature, Critical, 347,
        "an ECDSA signature of which both numbers are zero, or the order of the curve",
        "a blank ECDSA signature is good for any token", "CVE-2022-21449",
        "update the library that checks signatures: both numbers lie between 1 and the order of the curve";
    CONFUSED = "jwt-attack-confusion", "key confusion", Signature, Critical, 347,
        "the public key of the issuer, in each form it has as a file, as the secret of an HMAC",
        "a token signed with the public key is let in", "RFC 8725 section 3.1",
        "bind the algorithm to the key: a public key checks no HMAC";
    EMPTY_KEY = "jwt-attack-empty-key", "empty secret", Signature, Critical, 1391,
        "an HMAC with an empty secret, with and without a `kid`",
        "a token signed with an empty secret is let in", "RFC 7518 section 3.2",
        "refuse to start without a key, and refuse a token whose key is not found";
    WEAK = "jwt-attack-weak-secret", "guessed secret", Signature, Critical, 1391,
        "the token signed anew, with a claim added, with the secret that was guessed",
        "the secret that signs tokens can be guessed", "RFC 8725 section 3.5",
        "take a secret of at least 256 random bits, and change it now";
    EMBEDDED = "jwt-attack-jwk", "embedded key", Signature, Critical, 345,
        "the token signed with a key of our own that it brings along in `jwk`",
        "the key that a token brings along is trusted", "RFC 7515 section 4.1.3",
        "take keys from your own set alone, and ignore `jwk`";
    CHAIN = "jwt-attack-x5c", "embedded certificate", Signature, Critical, 295,
        "the token signed with a key of our own, its self-made certificate in `x5c`",
        "a certificate that a token brings along is trusted without a chain to a known root", "RFC 7515 section 4.1.6",
        "validate the chain to a root of your own, or ignore `x5c`";
    FETCHED = "jwt-attack-jku", "key set by URL", Signature, Critical, 918,
        "the token signed with a key of our own, and `jku` or `kid` with the address where we serve it",
        "keys are fetched from the address that a token names", "RFC 7515 section 4.1.2",
        "take keys from a configured address alone, and ignore `jku`";
    FETCHED_CHAIN = "jwt-attack-x5u", "certificate by URL", Signature, Critical, 918,
        "the token signed with a key of our own, and `x5u` with the address where we serve its certificate",
        "certificates are fetched from the address that a token names", "RFC 7515 section 4.1.5",
        "take keys from a configured address alone, and ignore `x5u`";
    FETCHED_ISSUER = "jwt-attack-iss", "issuer by URL", Signature, Critical, 918,
        "the token signed with a key of our own, and `iss` with the address where we serve the metadata of an issuer",
        "keys are fetched from whatever issuer a token names", "RFC 8725 section 3.8",
        "take tokens of issuers on a list alone, and keys from their configured addresses";
    ASKED = "jwt-attack-ssrf", "address asked", Signature, High, 918,
        "whether our listener is asked for keys by a server that refuses the token",
        "the address that an unverified token names is asked for", "RFC 8725 section 3.10",
        "ask no address that a token names, or only those on a list";
    KID_PATH = "jwt-attack-kid-path", "kid as a path", Signature, Critical, 22,
        "a `kid` that leads to a file of which the bytes are known, and an HMAC with those",
        "`kid` is opened as a file", "RFC 8725 section 3.10",
        "look `kid` up in a list of names, and never make a path of it";
    KID_QUERY = "jwt-attack-kid-query", "kid in a query", Signature, Critical, 89,
        "a `kid` that makes a query answer with a key of ours, and an HMAC with that",
        "`kid` is put into a query", "RFC 8725 section 3.10",
        "bind `kid` as a parameter of the query";
    KID_COMMAND = "jwt-attack-kid-command", "kid as a command", Signature, Critical, 78,
        "a `kid` that makes a shell print a key of ours, and an HMAC with that",
        "`kid` reaches a shell", "RFC 8725 section 3.10",
        "look `kid` up in a list of names, and run nothing";
    EXPIRED = "jwt-attack-expired", "expired token", Claims, High, 613,
        "a token that expired a day ago, signed rightly",
        "an expired token is let in", "RFC 7519 section 4.1.4",
        "refuse a token from the second of its `exp` on";
    ENDLESS = "jwt-attack-exp-missing", "token without exp", Claims, Medium, 613,
        "the token without `exp`, signed rightly",
        "a token that never expires is let in", "RFC 9068 section 2.2",
        "require `exp`";
    EARLY = "jwt-attack-nbf", "token of tomorrow", Claims, Medium, 613,
        "the token with an `nbf` of tomorrow, signed rightly",
        "a token is let in before its time", "RFC 7519 section 4.1.5",
        "refuse a token before its `nbf`";
    AUDIENCE = "jwt-attack-audience", "foreign audience", Claims, High, 345,
        "a token for somebody else, signed rightly",
        "a token for another audience is let in", "RFC 8725 section 3.9",
        "require your own name in `aud`";
    ISSUER = "jwt-attack-issuer", "foreign issuer", Claims, High, 345,
        "a token of another issuer, signed rightly",
        "a token of another issuer is let in", "RFC 8725 section 3.8",
        "compare `iss` with the issuer whose keys are used";
    TYPE = "jwt-attack-typ", "another type", Claims, Low, 843,
        "the token with the type of another kind of token, signed rightly",
        "a token of another type is let in", "RFC 8725 section 3.11",
        "require the `typ` of the tokens that belong here";
    CRITICAL = "jwt-attack-crit", "unknown crit", Claims, Medium, 358,
        "the token with an extension that nobody knows marked critical, signed rightly",
        "an extension that is marked critical is passed over", "RFC 7515 section 4.1.11",
        "refuse a token whose `crit` lists what you do not know";
    UNENCODED = "jwt-attack-b64", "b64 false", Claims, Medium, 358,
        "the token with its payload not encoded in what is signed, and `b64` said to be critical",
        "a token that says its payload is not encoded is let in", "RFC 7797 section 7",
        "refuse `b64` in tokens: it must not be false there";
    ZIPPED = "jwt-attack-zip", "compressed payload", Claims, Low, 409,
        "the token with its payload compressed, signed rightly",
        "a compressed payload is opened", "RFC 8725 section 3.6",
        "refuse `zip`: nothing defines it for signed tokens, and a small one opens to a large one";
    SWAPPED = "jwt-attack-alg", "another algorithm", Claims, Low, 347,
        "the token signed with the same key and another algorithm",
        "the algorithm is taken from the token", "RFC 8725 section 3.1",
        "allow one algorithm for each key";
    DER = "jwt-attack-der", "DER signature", Form, Low, 347,
        "the ECDSA signature as DER in place of its two numbers",
        "an ECDSA signature in another form is let in", "RFC 7518 section 3.4",
        "take signatures of exactly the length of the algorithm";
    SPELLED = "jwt-attack-spelling", "another spelling", Form, Info, 647,
        "the token with its signature spelled otherwise: padding, spare bits, standard base64",
        "a token has more than one spelling, so that one refused by its text is let in by another", "RFC 7515 section 2",
        "refuse what is not canonical base64url, and list revoked tokens by `jti`";
    SERIALIZED = "jwt-attack-json", "JSON serialization", Form, Info, 436,
        "the token in the JSON serialization",
        "a token in the JSON serialization is let in", "RFC 7515 section 7.2",
        "take the compact form alone";
    CLAIMS = "jwt-attack-claims", "claims changed", Hand, Critical, 269,
        "more rights in the claims, with the signature that was there, or signed anew where the key is known",
        "rights that a token claims are given", "RFC 8725 section 3.10",
        "verify the signature, and look rights up where they are kept";
    DUPLICATE = "jwt-attack-duplicate", "members twice", Hand, High, 436,
        "a member twice with two values, so that two readers differ in which one holds",
        "two readers of one token may see two things", "RFC 7519 section 4",
        "refuse a member that stands there twice";
    KID_TYPE = "jwt-attack-kid-type", "kid of another type", Hand, Medium, 943,
        "a `kid` that is an object, a list, a number or far too long",
        "a `kid` that is no name reaches what looks it up", "RFC 7515 section 4.1.4",
        "take a `kid` that is a short string alone";
    CONTENT = "jwt-attack-cty", "another content", Hand, Medium, 502,
        "the token with `cty` saying that its payload is XML, a serialized object, or another token",
        "a payload is read as the type that the token names", "RFC 7515 section 4.1.10",
        "read the payload as JSON claims, whatever `cty` says";
    MIRRORED = "jwt-attack-mirrored", "mirrored signature", Hand, Info, 347,
        "the ECDSA signature with the order of its curve less s: as good as the one it was made of",
        "a token has more than one good signature", "RFC 7518 section 3.4",
        "list revoked tokens by `jti` and never by their bytes";
}

/// The family of that name.
pub fn family(id: &str) -> Option<&'static Family> {
    FAMILIES.iter().copied().find(|f| f.rule.id == id)
}
