//! Names of the contract that this version does not have: refused with a sentence, and never taken for something else.

/// Commands of the contract that are not in this version.
pub const COMMANDS: &[&str] = &["oauth", "rate", "check", "graphql", "report", "completions", "man"];

/// Commands of this version.
pub const PRESENT: &[&str] =
    &["init", "inventory", "jwt", "send", "run", "grade", "rules", "history", "audit", "vault", "demo", "help"];

/// Options of the contract that are not in this version.
const OPTIONS: &[&str] =
    &["--verbose", "-v", "--yes", "--base", "--tls-only", "--infer", "--bypass", "--tier", "--skip", "--seed"];

/// Formats that the contract names and this version does not write yet.
const FORMATS: &[&str] = &["sarif", "html", "markdown"];

/// True for a format that is still to come.
pub fn format(name: &str) -> bool {
    FORMATS.contains(&name)
}

/// True for an option of the contract that this version does not have.
pub fn option(name: &str) -> bool {
    OPTIONS.contains(&name)
}

/// The sentence for a command or option that is not in this version.
pub fn sentence(name: &str) -> String {
    format!("{name} is not part of this version")
}
