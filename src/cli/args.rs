//! The arguments, declared once: parsing, help and usage errors all come from here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::fetched::is_url;
use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Error, Letter, Result, known};
use crate::engine::{Config, Entry, Family, Override};
use crate::inventory::log::{FORMATS, TYPED};
use crate::inventory::{RULES, State};
use crate::store::Workspace;
use crate::wire::{Deadlines, HttpChoice, Load, Policy, proxy};

use super::Invocation;
use super::compare::CompareArgs;
use super::demo::DemoArgs;
use super::future;
use super::history::HistoryArgs;
use super::output::Format;
use super::run::RunArgs;
use super::sends::Sends;
use super::token::Action;
use super::vary::VaryArgs;
use super::vault::VaultArgs;

/// A workbench for API security: every endpoint there is, requests sent as typed, tokens read, headers graded.
#[derive(Debug, Parser)]
#[command(
    name = "lunette",
    override_usage = "lunette [OPTIONS] [SOURCE]...\n       lunette [OPTIONS] <COMMAND>",
    version,
    subcommand_precedence_over_arg = true,
    after_help = "Examples:\n  lunette demo                      the workbench on a practice API\n  lunette openapi.yaml access.log   the workbench on your own files\n  lunette inventory openapi.yaml access.log --format json"
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
    /// Specifications and logs to open in the workbench
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// Where a terminal shows it, and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that is typed")]
pub struct Common {
    /// What stands on stdout
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub format: Format,
    /// The folder of the workspace; else the nearest one upward with a lunette.toml, else none
    #[arg(long, global = true, value_name = "DIR")]
    workspace: Option<PathBuf>,
    /// Add to the scope, as `HOST[:PORT][=CIDR]`; a host typed as a URL is in scope already
    #[arg(long, global = true, value_name = "ENTRY")]
    allow: Vec<String>,
    /// Refuse every connection
    #[arg(long, global = true)]
    offline: bool,
    /// Fetch what specifications refer to at http:// and https:// URLs, from hosts in scope; else such references are not followed
    #[arg(long, global = true)]
    pub remote_refs: bool,
    /// Send nothing but GET, HEAD, OPTIONS and TRACE
    #[arg(long, global = true)]
    read_only: bool,
    /// Whole seconds or fractions that one exchange may take
    #[arg(long, global = true, value_name = "S", allow_negative_numbers = true)]
    timeout: Option<f64>,
    /// Requests a second to each origin
    #[arg(long, global = true, value_name = "R", allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Trust the certificates in this PEM file besides the system's
    #[arg(long, global = true, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Go on when the certificate is not trusted; its faults are shown either way
    #[arg(long, global = true)]
    pub insecure: bool,
    /// Dial this address for a host and port: HOST:PORT:ADDR
    #[arg(long, global = true, value_name = "HOST:PORT:ADDR")]
    resolve: Vec<String>,
    #[arg(long, global = true, value_name = "URL|env|none", help = proxy_help())]
    pub(super) proxy: Option<String>,
    /// Dial IPv4 addresses only
    #[arg(short = '4', long = "ipv4", global = true, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Dial IPv6 addresses only
    #[arg(short = '6', long = "ipv6", global = true)]
    ipv6: bool,
    /// Send the cookies that replies of this run set with later requests too, and not on redirects alone
    #[arg(long, global = true)]
    pub cookies: bool,
    /// Colour
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub color: ColorChoice,
    /// No progress and no notes on stderr
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Common {
    /// The engine's settings.
    pub(super) fn engine(&self, files: &dyn Load) -> Result<Config> {
        if self.rate.is_some_and(|r| !r.is_finite() || r <= 0.0) {
            return Err(Error::input("--rate takes a number above 0").hint("for example --rate 5"));
        }
        let roots = match &self.cacert {
            Some(path) => {
                let pem = files.whole(path, 8 << 20)?;
                // Looked at here, where the name of the file is known.
                crate::engine::check_roots(&pem).map_err(|e| e.at(display_str(&path.to_string_lossy())))?;
                Some(pem)
            }
            None => None,
        };
        Ok(Config {
            scope: self.allow.iter().map(|s| Entry::parse(s)).collect::<Result<_>>()?,
            offline: self.offline,
            read_only: self.read_only,
            rate: self.rate,
            roots,
            family: match (self.ipv4, self.ipv6) {
                (true, _) => Some(Family::V4),
                (_, true) => Some(Family::V6),
                _ => None,
            },
            overrides: self.resolve.iter().map(|s| parse_override(s)).collect::<Result<_>>()?,
            ..Config::default()
        })
    }

    /// The workspace that was named, or, for what `needs` one, the nearest one upward.
    ///
    /// # Errors
    /// A workspace file that is not right, or none where one was named.
    pub fn workspace(&self, needs: bool) -> Result<Option<Workspace>> {
        match &self.workspace {
            Some(folder) => Workspace::open(folder).map(Some),
            None if needs => std::env::current_dir().map_or(Ok(None), |here| Workspace::find(&here)),
            None => Ok(None),
        }
    }

    /// Says what the user is to know besides, unless nothing of the kind is wanted.
    pub(super) fn note(&self, notes: &[String]) {
        for note in notes.iter().filter(|_| !self.quiet) {
            super::output::complain(&format!("lunette: {note}"));
        }
    }

    /// The folder that was named as a workspace.
    pub(super) fn named(&self) -> Option<&Path> {
        self.workspace.as_deref()
    }

    /// How one exchange is carried.
    pub fn policy(&self, http: HttpChoice) -> Result<Policy> {
        let mut deadlines = Deadlines::default();
        if let Some(s) = self.timeout {
            if !s.is_finite() || s <= 0.0 || s > 86_400.0 {
                return Err(
                    Error::input("--timeout takes seconds, above 0 and at most 86400").hint("for example --timeout 5")
                );
            }
            deadlines = deadlines.within(Duration::from_secs_f64(s));
        }
        Ok(Policy { http, fresh: true, insecure: self.insecure, deadlines, ..Policy::default() })
    }
}

fn proxy_help() -> String {
    format!(
        "Send everything through a proxy, {}; env takes those of the environment, none leaves out that of the workspace",
        proxy::FORM
    )
}

fn parse_override(s: &str) -> Result<Override> {
    let fail = || {
        Error::input("this is not HOST:PORT:ADDR")
            .at(format!("--resolve {}", display_str(s)))
            .hint("for example --resolve api.test:443:127.0.0.1")
    };
    let mut parts = s.splitn(3, ':');
    let (Some(host), Some(port), Some(address)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(fail());
    };
    let address = address.trim_start_matches('[').trim_end_matches(']').parse().map_err(|_| fail())?;
    let port = port.parse().map_err(|_| fail())?;
    Ok(Override { host: host.to_ascii_lowercase(), port, address })
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List every endpoint that specifications and logs know, and which of them nobody declared
    #[command(after_help = "Example:\n  lunette inventory openapi.yaml access.log --fail-on shadow")]
    Inventory(InventoryArgs),
    /// Read a token, check its signature, or make one
    #[command(
        after_help = "Example:\n  lunette jwt decode eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.\n  lunette jwt verify token.txt --jwks jwks.json"
    )]
    Jwt(JwtArgs),
    /// Send one request as typed and show what came back
    #[command(
        after_help = "Example:\n  lunette send GET https://api.example/a/../b -H 'Accept: application/json'\n  lunette send https://api.example --raw request.bin\n  lunette send POST https://api.example/redeem -d code=X --times 20 --parallel"
    )]
    Send(Box<SendArgs>),
    /// Run the requests of .http files in order, and judge what is asserted of the replies
    #[command(
        after_help = "Example:\n  lunette run login.http orders.http --share --allow api.example --format junit > report.xml\n\n--help lists the directives, subjects and predicates."
    )]
    Run(RunArgs),
    /// Grade the headers of a reply
    #[command(
        after_help = "Example:\n  lunette grade https://api.example/orders --fail-below B\n  lunette grade --response reply.http --url https://api.example/orders"
    )]
    Grade(GradeArgs),
    /// List what replies, traffic and tokens are judged by, or explain one rule
    #[command(after_help = "Example:\n  lunette rules jwt-key-confusion")]
    Rules(RulesArgs),
    /// Begin a workspace: a commented lunette.toml, and .lunette/ beside it
    #[command(after_help = "Example:\n  lunette init --workspace ~/reviews/shop")]
    Init,
    /// Read the audit log of the workspace, or verify that nothing in it was changed
    #[command(after_help = "Example:\n  lunette audit show --host api.example.com --since 2026-01-31T08:00:00Z")]
    Audit(AuditArgs),
    /// List what was sent from the workspace, show an exchange whole, or send it again
    #[command(
        after_help = "Example:\n  lunette history list --host api.example.com --status 500\n  lunette history send 12"
    )]
    History(HistoryArgs),
    /// Keep secrets of the workspace where only who has its passphrase or identity can read them
    #[command(
        after_help = "Example:\n  lunette vault init\n  lunette vault set shop:alice env:ALICE_TOKEN\n\nThe vault is .lunette/vault.age, which the age program opens too. LUNETTE_PASSPHRASE_FILE names a file with its\npassphrase, LUNETTE_IDENTITY_FILE one of identities; only you may read either."
    )]
    Vault(VaultArgs),
    /// Start the practice API and open the workbench on it
    #[command(after_help = "Example:\n  lunette demo --serve --port 8080")]
    Demo(DemoArgs),
}

impl Command {
    /// True for a command that works in a workspace where there is one.
    pub fn in_workspace(&self) -> bool {
        match self {
            Self::Send(_) | Self::Run(_) | Self::Grade(_) | Self::History(_) => true,
            // What fetches its sources keeps a record of it.
            Self::Inventory(a) => a.sources.iter().any(|s| is_url(s)),
            Self::Jwt(a) => a.action.in_workspace(),
            _ => false,
        }
    }

    /// True for a command that looks for its workspace itself, since it works on one that is not there yet or not right.
    pub fn finds_workspace(&self) -> bool {
        matches!(self, Self::Init | Self::Audit(_) | Self::Vault(_))
    }
}

/// `lunette inventory`.
#[derive(Debug, Args)]
pub struct InventoryArgs {
    /// Specifications, logs and captures; - reads standard input
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    #[arg(long, value_name = "STATE|FINDING|SEVERITY", value_delimiter = ',', help = fail_on())]
    pub fail_on: Vec<String>,
    /// An inventory document written earlier: only what is new against it fails
    #[arg(long, value_name = "FILE", requires = "fail_on")]
    pub baseline: Option<PathBuf>,
    /// What every source is; else each is told by its first bytes
    #[arg(long = "as", value_name = "KIND")]
    pub kind: Option<String>,
    #[arg(long, value_name = "FORMAT", help = log_formats())]
    pub log_format: Option<String>,
}

/// The help of `--fail-on`, from the tables of states and findings.
fn fail_on() -> String {
    let states = State::ALL.map(State::word).join(", ");
    let findings: Vec<&str> = RULES.iter().map(|r| r.id).collect();
    format!(
        "End with 1 when an endpoint is in one of these states ({states}), one of these findings is there ({}), or any finding \
         is at least so severe (info to critical)",
        findings.join(", ")
    )
}

/// The help of `--log-format`, from the table of formats.
fn log_formats() -> String {
    let names: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
    format!("How logs are written; else by their first lines: {TYPED}, or one of {}", names.join(", "))
}

/// `lunette jwt`.
#[derive(Debug, Args)]
pub struct JwtArgs {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// `lunette audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do
    #[command(subcommand)]
    pub action: AuditAction,
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// List what was sent
    Show {
        /// Only what was asked for by: hand, vary, run, load, grade, check, rate, oauth, login
        #[arg(long, value_name = "WHO")]
        who: Option<String>,
        /// Only what was sent to this host
        #[arg(long, value_name = "HOST[:PORT]")]
        host: Option<String>,
        /// Only what was sent at this instant or later
        #[arg(long, value_name = "RFC3339")]
        since: Option<String>,
    },
    /// Check the chain of the log; ends with 1 where it is broken
    Verify {
        /// A head printed earlier, which must stand in the log: this shows a tail that was cut
        #[arg(long, value_name = "SHA256")]
        head: Option<String>,
    },
}

/// What a request is printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Export {
    /// A command for bash, zsh and ksh.
    Curl,
    /// Its bytes.
    Raw,
    /// A `.http` file.
    Http,
    /// HAR 1.2, with the reply: it is sent.
    Har,
    /// Evidence in Markdown, with the reply: it is sent.
    Markdown,
}

/// `lunette send`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that is typed")]
pub struct SendArgs {
    /// Method, free text; --raw, --group, --curl and --import need none
    #[arg(required_unless_present_any = ["raw", "group", "curl", "import"])]
    pub method: Option<OsString>,
    /// Absolute URL; for --raw it says where to connect
    #[arg(required_unless_present_any = ["raw", "group", "curl", "import"])]
    pub url: Option<OsString>,
    /// Put exactly these bytes on the request line instead of the URL's path and query
    #[arg(long, value_name = "BYTES")]
    pub target: Option<OsString>,
    /// Body, or @FILE
    #[arg(short, long, value_name = "DATA|@FILE")]
    pub data: Option<OsString>,
    /// Follow at most this many redirects, each of them shown
    #[arg(long, value_name = "N", conflicts_with_all = ["times", "group", "vary"], value_parser = clap::value_parser!(u8).range(1..=100))]
    pub follow: Option<u8>,
    /// Let credentials go along when a redirect leads to another origin
    #[arg(long, requires = "follow")]
    pub keep_credentials: bool,
    /// Take URL, headers and body as they stand: {{name}} stands for itself
    #[arg(long)]
    pub as_is: bool,
    /// Send the bytes of this file as the whole request, and add nothing to them; - reads standard input
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["data", "target", "header", "group"])]
    pub raw: Option<PathBuf>,
    /// Send what this curl command asks for; - reads it from standard input
    #[arg(long, value_name = "'curl …'|-", conflicts_with_all = ["method", "data", "target", "raw", "group"])]
    pub curl: Option<OsString>,
    /// Send the request of a .http file, an entry of a HAR or an item of a Postman collection: by its number, its name or a part of
    /// its URL; its host has to be in scope
    #[arg(long, value_name = "FILE[#N|#NAME]", conflicts_with_all = ["method", "data", "target", "raw", "group", "curl"])]
    pub import: Option<OsString>,
    /// Print the request and send nothing: as a curl command, the bytes that HTTP/1.1 would have, or a .http file; or send it, and
    /// print the exchange as HAR or as evidence in Markdown
    #[arg(long, value_name = "curl|raw|http|har|markdown", conflicts_with_all = ["explain", "times", "group", "vary"])]
    pub export: Option<Export>,
    /// Show what would be sent, part by part, where each came from, and by which sender; nothing leaves
    #[arg(long, conflicts_with_all = ["times", "group"])]
    pub explain: bool,
    /// Send it so many times, one after the other on one connection
    #[arg(long, value_name = "N", conflicts_with = "group", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub times: Option<u16>,
    /// Send the requests of this .http file, one after the other on one connection; their host has to be in scope
    #[arg(long, value_name = "FILE.http", conflicts_with_all = ["method", "data", "target"])]
    pub group: Option<PathBuf>,
    /// Send --times or --group so that all requests are whole at the server at one instant: on HTTP/2 their ends leave in one
    /// write, on HTTP/1.1 the last byte of each is held back until all others are written
    #[arg(long)]
    pub parallel: bool,
    /// HTTP version
    #[arg(long, value_name = "1.1|2")]
    pub http: Option<String>,
    /// Show secrets instead of masking them
    #[arg(long)]
    pub show: bool,
    /// Variables
    #[command(flatten)]
    pub vary: VaryArgs,
    /// Comparing and filtering
    #[command(flatten)]
    pub compare: CompareArgs,
    /// Who and how
    #[command(flatten)]
    pub sends: Sends,
}

/// `lunette grade`.
#[derive(Debug, Args)]
pub struct GradeArgs {
    /// URL, or HOST:PORT
    #[arg(value_name = "URL|HOST:PORT", required_unless_present = "response")]
    pub url: Option<OsString>,
    /// Grade the headers alone: all that this version grades
    #[arg(long)]
    pub headers_only: bool,
    /// Grade a reply from a file, a raw HTTP response or an exchange document, and send nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "live", "header"])]
    pub response: Option<PathBuf>,
    /// Where the reply of --response came from
    #[arg(long = "url", id = "from", value_name = "URL", requires = "response")]
    pub from: Option<OsString>,
    /// Ask more: other origins, a preflight, error replies, TRACE and the http port; what is sent is listed first
    #[arg(long)]
    pub live: bool,
    /// End with 1 when the letter is worse than this
    #[arg(long, value_name = "LETTER", value_parser = letter)]
    pub fail_below: Option<Letter>,
    /// Who and how
    #[command(flatten)]
    pub sends: Sends,
}

/// `lunette rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// The rule to show
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

fn letter(s: &str) -> std::result::Result<Letter, String> {
    Letter::parse(s).ok_or_else(|| "a letter is one of A+, A, B, C, D, F".to_owned())
}

/// The HTTP version typed.
pub(super) fn http(choice: Option<&str>) -> Result<HttpChoice> {
    match choice {
        None => Ok(HttpChoice::Auto),
        Some("1.1" | "1") => Ok(HttpChoice::Http1),
        Some("2") => Ok(HttpChoice::Http2),
        Some(other) => Err(Error::input(format!("--http takes 1.1 or 2, not {}", display_str(other)))
            .hint("leave it out to let the server choose")),
    }
}

/// Splits `Name: value`, and learns a credential in it.
pub(super) fn header(s: &str) -> Result<(Vec<u8>, Vec<u8>)> {
    let (name, value) = s.split_once(':').ok_or_else(|| {
        // The name alone: what follows it may be a credential, and so may all of it.
        let place = s.split_once(' ').map_or_else(|| "-H".to_owned(), |(name, _)| format!("-H {}", display_str(name)));
        Error::input("a header needs a colon").at(place).hint("write -H 'Name: value'")
    })?;
    // One space after the colon belongs to the notation, more were typed on purpose.
    let value = value.strip_prefix(' ').unwrap_or(value);
    known::learn_header(name.as_bytes(), value.as_bytes());
    Ok((name.as_bytes().to_vec(), value.as_bytes().to_vec()))
}

/// Reads the arguments.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(e) if matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Invocation::Text(e.render().to_string()));
        }
        Err(e) => return Err(usage(&e)),
    };
    if let (Some(_), Some(first)) = (&cli.command, cli.sources.first()) {
        return Err(Error::input("a source stands before the command")
            .at(display_str(&first.to_string_lossy()))
            .hint("name sources after the command"));
    }
    Ok(match cli.command {
        Some(command) if cli.common.format == Format::Openapi && !matches!(command, Command::Inventory(_)) => {
            return Err(
                Error::input("--format openapi is what only lunette inventory writes").hint("use table or json")
            );
        }
        Some(command) if cli.common.format == Format::Junit && !matches!(command, Command::Run(_)) => {
            return Err(Error::input("--format junit is what only lunette run writes").hint("use table or json"));
        }
        Some(Command::Demo(demo)) => Invocation::Demo(cli.common, demo),
        Some(command) => Invocation::Command(cli.common, Box::new(command)),
        None => {
            check_sources(&cli.sources)?;
            Invocation::Workbench(cli.common, cli.sources)
        }
    })
}

/// A source that is no file, folder or URL was meant as a command.
fn check_sources(sources: &[PathBuf]) -> Result<()> {
    let Some(first) = sources.first() else { return Ok(()) };
    let word = first.to_string_lossy();
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !plain || first.exists() {
        return Ok(());
    }
    let shown = display_str(&word);
    if future::COMMANDS.contains(&word.as_ref()) {
        return Err(Error::input(format!("lunette {}", future::sentence(&shown)))
            .hint(format!("this version has {}", future::PRESENT.join(", "))));
    }
    let all = future::PRESENT.iter().chain(future::COMMANDS).copied();
    let error = Error::input(format!("{shown} is neither a command nor a file"));
    Err(match nearest(&word, all) {
        Some(near) => error.hint(format!("did you mean lunette {near}?")),
        None => error.hint("run lunette --help"),
    })
}

/// clap's error as one sentence.
fn usage(e: &clap::Error) -> Error {
    let words = |kind| match e.get(kind) {
        Some(ContextValue::Strings(s)) => s.clone(),
        _ => Vec::new(),
    };
    let text = |kind| match e.get(kind) {
        Some(ContextValue::String(s)) => Some(s.clone()),
        Some(ContextValue::Strings(s)) => s.first().cloned(),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).map(|a| a.split([' ', '=']).next().unwrap_or_default().to_owned());
    if let Some(name) = argument.as_deref().filter(|n| e.kind() == ErrorKind::UnknownArgument && future::option(n)) {
        return Error::input(future::sentence(name)).hint("leave it out, or see lunette --help for what there is");
    }
    if let Some(value) = text(ContextKind::InvalidValue)
        .filter(|v| e.kind() == ErrorKind::InvalidValue && argument.as_deref() == Some("--format") && future::format(v))
    {
        return Error::input(future::sentence(&format!("--format {value}"))).hint("use table or json");
    }
    let rendered = e.render().to_string();
    if e.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let names = rendered.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
        // What a long line goes on with stands further to the right.
        let names = names.filter(|l| l.find(|c| c != ' ') == Some(2)).filter_map(|l| l.split_whitespace().next());
        let names: Vec<&str> = names.filter(|n| *n != "help").collect();
        return Error::input("a subcommand is missing").hint(format!("use {}", names.join(", ")));
    }
    let first = rendered.lines().next().unwrap_or("usage error").trim_start_matches("error: ").to_owned();
    let mut error = Error::input(display_str(&first));
    if e.kind() == ErrorKind::MissingRequiredArgument {
        let missing = rendered.lines().skip(1).map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
        error.what = format!("an argument is missing: {}", display_str(missing));
    }
    error.hint(match text(ContextKind::SuggestedArg).or_else(|| text(ContextKind::SuggestedSubcommand)) {
        Some(near) => format!("did you mean {near}?"),
        None => match words(ContextKind::ValidValue).as_slice() {
            [] => "see --help".to_owned(),
            all => format!("use {}", all.join(", ")),
        },
    })
}

/// True when a path names something on the disk: how a token is told from a file.
pub(super) fn is_file(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(args: &[&str]) -> String {
        parse(std::iter::once("lunette").chain(args.iter().copied()).map(OsString::from))
            .expect_err("usage")
            .to_string()
    }

    #[test]
    fn declared_consistently() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn errors_are_sentences_with_a_next_step() {
        assert_eq!(fails(&["inventroy"]), "inventroy is neither a command nor a file; did you mean lunette inventory?");
        assert!(fails(&["oauth"]).starts_with("lunette oauth is not part of this version; this version has"));
        assert!(fails(&["rate", "x"]).starts_with("lunette rate is not part of this version"));
        assert!(fails(&["send", "GET", "http://h/", "--infer"]).starts_with("--infer is not part of this version"));
        assert!(fails(&["send", "GET", "http://h/", "--curl", "x"]).contains("cannot be used with"));
        assert!(fails(&["send", "--fromat", "json", "GET", "http://h/"]).contains("did you mean --format?"));
        assert!(fails(&["send", "GET"]).starts_with("an argument is missing: <URL>"));
        assert!(fails(&["grade", "http://h/", "--fail-below", "E"]).contains("A+, A, B"));
    }

    #[test]
    fn a_header_keeps_what_was_typed_after_one_space() {
        assert_eq!(header("X-A:  b").expect("header"), (b"X-A".to_vec(), b" b".to_vec()));
        let e = header("Authorization Bearer s3cret").expect_err("no colon").to_string();
        assert!(e.starts_with("-H Authorization: a header needs a colon") && !e.contains("s3cret"), "{e}");
    }
}
