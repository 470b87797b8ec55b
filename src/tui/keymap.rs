//! Every action, declared once: footer, help, palette and `:` commands are all drawn from [`ACTIONS`].

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where an action is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Anywhere.
    Global,
    /// Where a cursor moves over lines.
    Move,
    /// The endpoint list.
    Inventory,
    /// While the filter of the endpoint list is typed.
    FilterLine,
    /// The endpoint list as a tree.
    Tree,
    /// The composer, either side.
    Composer,
    /// The composer, either side, after what is each side's own.
    Either,
    /// The composer, while the reply that is shown is a redirect.
    Redirect,
    /// The composer, after redirects that led here.
    Hop,
    /// The composer's request side.
    Request,
    /// The composer's response side.
    Response,
    /// What came of many values.
    Varied,
    /// The token pane.
    Token,
    /// While a field takes text.
    Field,
    /// A scope question is open.
    Scope,
    /// The guard of this run is open.
    Guard,
    /// The history is open.
    Past,
    /// The cookies of an identity are open.
    Jar,
    /// Replies are laid side by side.
    Laid,
    /// What would be sent is shown.
    Plan,
    /// Something lies above the panes.
    Layer,
    /// Anywhere, even while text is typed.
    Always,
}

impl Context {
    /// The heading in the help.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "everywhere",
            Self::Move => "moving",
            Self::Inventory => "inventory",
            Self::FilterLine => "in the filter",
            Self::Tree => "inventory, tree",
            Self::Composer => "composer",
            Self::Either => "composer, both sides",
            Self::Redirect => "composer, on a redirect",
            Self::Hop => "composer, after a redirect",
            Self::Request => "composer, request",
            Self::Response => "composer, response",
            Self::Varied => "composer, values",
            Self::Token => "token",
            Self::Field => "in a field",
            Self::Scope => "scope question",
            Self::Guard => "scope and budgets",
            Self::Past => "history",
            Self::Jar => "cookies",
            Self::Laid => "side by side",
            Self::Plan => "what would be sent",
            Self::Layer => "above the panes",
            Self::Always => "always",
        }
    }
}

/// One action as the user meets it.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// What is done.
    pub action: Action,
    /// Its name in `:` and the palette.
    pub id: &'static str,
    /// Default keys.
    pub keys: &'static [&'static str],
    /// Where.
    pub context: Context,
    /// A word or two for the footer; empty when it is not offered there.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// What `:` takes after the name.
    pub argument: Option<&'static str>,
}

macro_rules! actions {
    ($($action:ident $id:literal [$($key:literal)*] $context:ident $label:literal $help:literal $(($argument:literal))?;)*) => {
        /// What a key, a command or the palette can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $(#[doc = $help] $action,)* }

        /// The table of all actions; within a context the most used first.
        pub const ACTIONS: &[Spec] = &[$(Spec {
            action: Action::$action,
            id: $id,
            keys: &[$($key),*],
            context: Context::$context,
            label: $label,
            help: $help,
            argument: actions!(@argument $($argument)?),
        },)*];
    };
    (@argument) => { None };
    (@argument $argument:literal) => { Some($argument) };
}

actions! {
    Admit "admit" ["a"] Scope "admit for this run" "Admits the host in question for this run and goes on with what waits.";
    Refuse "refuse" ["Esc"] Scope "refuse" "Refuses the host in question: nothing is sent to it.";

    Compose "compose" ["Enter"] Inventory "compose" "Opens the endpoint in the composer, with values that satisfy its declaration.";
    Mark "mark" ["Space"] Inventory "mark" "Marks the endpoint, or unmarks it.";
    Filter "filter" ["/"] Inventory "filter" "Shows only the endpoints that match an expression." ("EXPRESSION");
    Sort "sort" ["s"] Inventory "sort" "Sorts by the next column.";
    SortBack "sort-reverse" ["S"] Inventory "" "Turns the order round.";
    Tree "tree" ["T"] Inventory "tree" "Shows the endpoints as a tree by path, or as a list again.";
    OpenSource "open-source" ["o"] Inventory "open source" "Opens the place that declares the endpoint in $VISUAL or $EDITOR.";
    WriteOut "write" ["w"] Inventory "write out" "Writes the marked endpoints, or those that are listed, to a file: JSON, CSV, Markdown or text by its ending." ("FILE");
    Follow "follow" ["f"] Inventory "follow" "Goes on reading the last log as it grows, until Esc.";
    Detail "detail" ["d"] Inventory "detail" "Shows or hides what is known of the endpoint.";
    DetailDown "detail-down" ["Ctrl+D" "Shift+Down"] Inventory "" "Shows what stands further down in the detail.";
    DetailUp "detail-up" ["Ctrl+U" "Shift+Up"] Inventory "" "Shows what stands further up in the detail.";
    CopyPath "copy-path" ["y"] Inventory "copy path" "Copies the path under the cursor, or the marked paths.";
    ExplainRow "explain-endpoint" ["K"] Inventory "explain" "Explains the state of the endpoint, with exact times.";
    Reload "reload" ["F5" "r"] Inventory "" "Reads the sources again.";

    TurnBranch "branch" ["Enter"] Tree "open / fold" "Opens the branch under the cursor, or folds it; composes an endpoint.";
    OpenBranch "branch-open" ["Right" "l"] Tree "" "Opens the branch under the cursor, or goes into it.";
    FoldBranch "branch-fold" ["Left" "h"] Tree "" "Folds the branch under the cursor, or goes to the one above.";

    FilterComplete "filter-complete" ["Tab"] FilterLine "complete" "Completes a name after ~ or its value; pressed again, offers the next.";
    FilterOlder "filter-older" ["Up"] FilterLine "recall" "Brings back the filter before.";
    FilterNewer "filter-newer" ["Down"] FilterLine "" "Brings back the filter after.";
    FilterHelp "filter-help" ["F1"] FilterLine "explain" "Explains the language of filters; so does ? in an empty one.";

    Step "redirect" ["f"] Redirect "follow" "Makes the request that the redirect leads to, and says what changes; nothing is sent. With keep, credentials go along." ("[keep]");
    StepBack "redirect-back" ["B"] Hop "hop back" "Goes back to the redirect that led here, and its reply.";

    Send "send" ["Ctrl+J" "Alt+Enter" "Ctrl+Enter" "s"] Composer "send" "Sends the request as it stands.";
    NextField "next-field" ["Tab"] Composer "next" "Goes to the next field, and from the last one to the response.";
    PreviousField "previous-field" ["Shift+Tab"] Composer "" "Goes to the field before.";
    ExplainSend "explain-send" ["E"] Composer "explain" "Shows what would be sent, part by part, and where each came from; nothing leaves.";
    Compare "compare" ["c"] Composer "compare as" "Sends the request as several identities and as nobody, and lays the replies side by side; what is sent is shown first." ("[NAME,NAME,none]");
    Edit "edit" ["Enter" "e"] Request "edit" "Edits the field under the cursor, or chooses what it is on.";
    NextPart "next-part" ["]"] Request "tabs" "Opens the next tab of the request, and after the last one the response.";
    PreviousPart "previous-part" ["["] Request "" "Opens the tab before.";
    Vary "vary" ["v"] Request "vary" "Sends once for each value of the field under the cursor, or of {{NAME}}; what is sent is shown first." ("[NAME=]1..50[/STEP]|a,b,c|@FILE");
    Group "group" ["g"] Request "group" "Sends the request as it stands so many times, or those put aside, on one connection or so that they meet; what is sent is shown first." ("[parallel|sequence] [N]|clear");
    PutAside "put-aside" ["P"] Request "" "Puts the request as it stands aside for a group.";
    Add "add" ["a"] Request "add" "Adds a query parameter, a header or a field, as the open tab says.";
    Toggle "toggle" ["Space"] Request "on / off" "Leaves the field out, or takes it in again.";
    Remove "remove" ["x" "Delete"] Request "remove" "Removes the field.";
    BodyKind "body-kind" ["b"] Request "body" "Types the body another way: json, form, multipart, graphql, text, file or none; with a name, as that one." ("[KIND]");
    Outside "edit-outside" ["o"] Request "editor" "Opens the body or the raw request in $VISUAL or $EDITOR.";
    AsText "as-text" ["T"] Request "text / table" "Writes the query, the headers or the form as text, or as a table again.";
    Reformat "reformat" ["F"] Request "" "Writes the JSON of the body with line breaks; values stay as they are.";
    ToResponse "response" ["l" "Right"] Request "response" "Goes to the response.";
    Fold "fold" ["Enter" "Space"] Response "fold" "Folds or unfolds what the line opens; shows a long line whole.";
    NextTab "next-tab" ["]" "l" "Right"] Response "tabs" "Opens the next tab of the response.";
    PreviousTab "previous-tab" ["[" "h" "Left"] Response "" "Opens the tab before.";
    TurnBody "body-view" ["v"] Response "raw / hex" "Shows the body laid out, as it came, or as hexadecimal.";
    Query "query" ["|"] Response "filter" "Shows what a filter of jq or a JSONPath finds in the body; empty, all of it again." ("[EXPRESSION]");
    Diff "diff" ["="] Response "side by side" "Lays the reply beside the one before, or beside an exchange of the history." ("[NO]");
    Live "live" ["x"] Response "live extras" "Shows what the live extras of the grade would send; x or Enter there sends it.";
    Capture "capture" ["C"] Response "" "Keeps what is under the cursor: {{NAME}} stands for it in requests of this run." ("NAME");
    Hex "hex" ["T"] Response "" "Shows what was sent as hexadecimal, or as text again.";
    Search "search" ["/"] Response "search" "Searches in the body." ("TEXT");
    SearchNext "search-next" ["n"] Response "" "Goes to the next match.";
    SearchPrevious "search-previous" ["N"] Response "" "Goes to the match before.";
    ScrollRight "scroll-right" [">" "Shift+Right"] Response "" "Shows more of long lines to the right.";
    ScrollLeft "scroll-left" ["<" "Shift+Left"] Response "" "Goes back to the left of long lines.";
    OpenToken "token" ["t"] Either "token" "Opens the token under the cursor, or the first one of the exchange.";
    Again "again" ["r" "F5"] Either "again" "Sends the last request once more, as it was.";
    Identity "identity" ["i"] Either "" "Sends as the next identity, or as nobody; with a name, as that one." ("[NAME|none]");
    Cookies "cookies" ["J"] Either "" "Shows the cookies of the identity, which are set, edited and removed there.";
    VaryRows "vary-rows" ["V"] Either "" "Shows what came of the values, or goes back.";
    OpenOutcome "open-row" ["Enter"] Varied "open" "Opens the exchange of the row; Esc comes back.";
    SortOutcomes "sort-rows" ["d"] Varied "sort" "Sorts by the next column.";
    TurnOutcomes "turn-rows" ["D"] Varied "" "Turns the order round.";
    LayRows "lay-rows" ["="] Varied "side by side" "Lays the reply of the row beside the one that rows are compared with; all of them where they fit.";
    Baseline "baseline" ["b"] Varied "compare with" "Compares the other rows with the one under the cursor.";
    Raw "raw" ["R"] Either "raw" "Writes the whole request as text and bytes, filled from the fields, or goes back to them.";
    AsIs "as-is" ["A"] Either "" "Sends {{name}} and backslashes as they stand, or reads them again.";
    Environment "environment" ["u"] Either "" "Puts in the values of the next environment, or of none; with a name, of that one." ("[NAME|none]");
    Insecure "insecure" ["I"] Either "" "Goes on when the certificate is not trusted, or stops doing so; faults are shown either way.";
    CopyHere "copy" ["y"] Either "copy" "Copies what is under the cursor.";
    CopyCurl "copy-curl" ["Y"] Either "curl" "Copies the request as a curl command, secrets masked unless they are shown.";
    Save "save" ["Ctrl+S"] Composer "" "Writes the request to a .http file, for lunette run: a bare name lies in requests/ of the workspace; secrets become variables unless they are shown." ("FILE [over]");
    Export "export" [] Composer "" "Writes the exchange to a file; secrets are masked unless they are shown." ("har|http|curl|markdown FILE [over]");
    ExplainHere "explain" ["K"] Either "" "Shows what is under the cursor whole.";

    TypeToken "type-token" ["i"] Token "type or paste" "Takes a token typed or pasted, and reads it on Enter.";
    EditMember "edit-member" ["e"] Token "edit" "Edits the member under the cursor, or the part as text in $VISUAL or $EDITOR.";
    SignToken "sign" ["s"] Token "sign" "Signs the token anew as it is edited: none, keep, or an algorithm and a key." ("[none | keep | ALG [KEY]]");
    ForgeToken "forge" ["f"] Token "forge" "Shows every variant that a server must refuse; y copies one, w puts it into the request.";
    AttackToken "attack" ["a"] Token "attack live" "Shows what a live run would send to the endpoint in the composer; x there sends it. With an address, keys are served there." ("[ADDR:PORT]");
    CrackToken "crack" ["c"] Token "crack" "Guesses the secret with a word list; pressed again, stops." ("FILE");
    PauseCrack "pause-crack" ["p"] Token "" "Lets the word list wait, or go on.";
    AddKeys "add-keys" ["n"] Token "keys" "Adds keys to check and sign with: a file, a URL, an issuer, or a secret by reference." ("FILE | URL | issuer:URL | env:NAME | secret:TEXT");
    NextSheet "next-sheet" ["]"] Token "tabs" "Opens the next tab beside the token.";
    PreviousSheet "previous-sheet" ["["] Token "" "Opens the tab before.";
    UseToken "use-token" ["w"] Token "into request" "Puts the token, or the variant under the cursor, into the request of the composer.";
    CopyToken "copy-token" ["y"] Token "copy" "Copies the token, the variant or what is under the cursor.";
    ExplainClaim "explain-claim" ["K" "Enter"] Token "explain" "Shows the line under the cursor whole, and what stands behind it.";
    AddMember "add-member" ["A"] Token "" "Adds a member to the part under the cursor, name: value; a name may stand there twice.";
    RemoveMember "remove-member" ["x" "Delete"] Token "" "Takes the member under the cursor out.";
    DoubleMember "double-member" ["D"] Token "" "Writes the member under the cursor twice.";
    EditPart "edit-part" ["o"] Token "" "Opens the header or the claims as text in $VISUAL or $EDITOR.";
    DropEdits "drop-edits" ["u"] Token "" "Drops what was edited: the token as it came.";
    TokenBefore "token-before" ["B"] Token "" "Goes back to the token before.";
    AttackGo "attack-go" [] Token "" "Sends the live run that was shown.";

    Done "done" ["Enter"] Field "done" "Keeps what was typed.";
    Leave "leave" ["Esc"] Field "leave" "Leaves the field.";
    FieldNext "done-next" ["Tab"] Field "next" "Keeps what was typed and goes to the next field.";
    FieldPrevious "done-previous" ["Shift+Tab"] Field "" "Keeps what was typed and goes to the field before.";
    FieldSend "done-send" ["Ctrl+J" "Alt+Enter" "Ctrl+Enter"] Field "send" "Keeps what was typed and sends.";

    FieldOutside "done-editor" ["Ctrl+O"] Field "" "Keeps what was typed and opens it in $VISUAL or $EDITOR, where it is a body or a raw request.";

    AdmitHost "admit-host" ["a"] Guard "admit a host" "Admits a host for this run." ("HOST[:PORT][=CIDR]");
    Withdraw "withdraw" ["x" "Delete"] Guard "take out of scope" "Takes the entry under the cursor out of scope for the rest of this run.";
    ReadOnly "read-only" ["w"] Guard "read-only on / off" "Sends only GET, HEAD, OPTIONS and TRACE, or anything again.";
    Resume "resume" ["R"] Guard "resume" "Lets traffic flow again after everything was stopped.";

    SendPlan "send-plan" ["x" "Enter"] Plan "send them" "Sends what is shown.";

    EditCookie "edit-cookie" ["Enter" "e"] Jar "edit" "Writes the cookie under the cursor anew; its value is typed again unless secrets are shown.";
    SetCookie "set-cookie" ["a"] Jar "set" "Sets a cookie as a reply would: from the URL that stands before it, or else that of the request." ("[URL] NAME=VALUE[; Path=/; Secure]");
    RemoveCookie "remove-cookie" ["x" "Delete"] Jar "remove" "Takes the cookie under the cursor out of the jar.";
    CookiesEverywhere "cookies-everywhere" ["w"] Jar "with every request on / off" "Sends cookies with every request they are for, or on redirects alone.";

    Recall "recall" ["Enter"] Past "open" "Opens the exchange in the composer, ready to be sent again.";
    MarkPast "mark-past" ["Space"] Past "mark" "Marks the exchange, or unmarks it.";
    LayPast "lay-past" ["="] Past "side by side" "Lays the marked exchanges side by side, or the marked one and the one under the cursor.";
    SearchHistory "history" ["/"] Past "search" "Lists what was sent, newest first, by text in its method or URL, method, host, status, identity, what asked for it, or time." ("[TEXT] [~m METHOD] [~h HOST] [~s 5xx] [~i NAME] [~w WHO] [~d TIME]");

    NextDifference "next-difference" ["n"] Laid "next" "Goes to the next difference.";
    PreviousDifference "previous-difference" ["N"] Laid "before" "Goes to the difference before.";
    OnlyDifferences "only-differences" ["d"] Laid "only differences" "Lists only the lines that differ, or all again.";
    WholeLine "whole-line" ["Enter" "K"] Laid "whole" "Shows the line of each side whole.";
    CopyDifferences "copy-differences" ["y"] Laid "copy" "Copies the differences as text.";
    LaidRight "laid-right" [">" "Shift+Right" "l" "Right"] Laid "" "Shows more of long lines to the right.";
    LaidLeft "laid-left" ["<" "Shift+Left" "h" "Left"] Laid "" "Goes back to the left of long lines.";

    Close "close" ["Esc" "q"] Layer "close" "Closes what lies above the panes.";

    Up "up" ["k" "Up"] Move "" "One line up.";
    Down "down" ["j" "Down"] Move "" "One line down.";
    PageUp "page-up" ["PgUp" "Ctrl+B"] Move "" "One page up.";
    PageDown "page-down" ["PgDn" "Ctrl+F"] Move "" "One page down.";
    Top "top" ["g" "Home"] Move "" "To the first line.";
    Bottom "bottom" ["G" "End"] Move "" "To the last line.";

    Inventory "inventory" ["1"] Global "" "Opens the endpoint list.";
    Composer "composer" ["2"] Global "" "Opens the composer.";
    Token "tokens" ["3"] Global "" "Opens the token pane.";
    Oauth "oauth" ["4"] Global "" "Opens the OAuth pane.";
    Rate "rate" ["5"] Global "" "Opens the latency pane.";
    Findings "findings" ["6"] Global "" "Opens the findings.";
    NextPane "next-pane" ["Tab"] Global "" "Opens the next pane.";
    PreviousPane "previous-pane" ["Shift+Tab"] Global "" "Opens the pane before.";
    Unlock "unlock" ["F3"] Global "" "Opens the vault: takes its passphrase, which is never drawn.";
    Lock "lock" [] Global "" "Closes the vault and forgets what was read of it.";
    Palette "palette" ["Ctrl+P"] Global "palette" "Finds an action by a few letters of its name.";
    Command "command" [":"] Global "commands" "Takes a command by name.";
    Load "load" [] Global "" "Reads specifications and logs into the inventory." ("FILE ...");
    Open "open" [] Global "" "Opens a URL in the composer, or a request of a .http file, a HAR or a Postman collection." ("[METHOD] URL | FILE[#N|#NAME]");
    Log "log" ["L"] Global "" "Shows the notices of this run.";
    Mouse "mouse" ["F2"] Always "" "Gives the mouse to the terminal for selecting text, or takes it back.";
    Halt "halt" ["F8" "Ctrl+X"] Always "" "Ends all traffic at once; nothing more is sent until it is resumed.";
    CancelAll "cancel" [] Global "" "Stops everything that runs.";
    Suspend "suspend" ["Ctrl+Z"] Always "" "Puts the program to sleep and gives the terminal back until it is woken.";
    Reveal "reveal" ["F4"] Always "" "Shows the secrets that are masked on screen, or masks them again.";
    Redraw "redraw" ["Ctrl+L"] Always "" "Draws the screen anew.";
    Back "back" ["Esc"] Global "" "Goes back; stops what runs when there is nothing to go back from.";
    Quit "quit" ["q"] Global "quit" "Leaves; asks once more while something runs.";
    Scope "scope" ["Ctrl+G"] Global "scope" "Shows what is in scope and why, and what each target was sent; adds and takes out hosts.";
    Past "sent" ["H"] Global "history" "Shows what was sent, newest first.";
    QuitNow "quit-now" ["Ctrl+C"] Always "" "Leaves at once.";
    Help "help" ["?"] Global "help" "Shows every key.";
}

/// A key as written in the table: `Ctrl+P`, `Shift+Tab`, `PgDn`, `G`.
fn parse(text: &str) -> Option<(KeyCode, KeyModifiers)> {
    let mut modifiers = KeyModifiers::NONE;
    let mut rest = text;
    loop {
        let (prefix, modifier) = match rest {
            r if r.len() > 5 && r.starts_with("Ctrl+") => (5, KeyModifiers::CONTROL),
            r if r.len() > 4 && r.starts_with("Alt+") => (4, KeyModifiers::ALT),
            r if r.len() > 6 && r.starts_with("Shift+") => (6, KeyModifiers::SHIFT),
            _ => break,
        };
        modifiers |= modifier;
        rest = &rest[prefix..];
    }
    let code = match rest {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Space" => KeyCode::Char(' '),
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Delete" => KeyCode::Delete,
        "Backspace" => KeyCode::Backspace,
        f if f.len() > 1 && f.starts_with('F') => KeyCode::F(f[1..].parse().ok()?),
        c => {
            let mut chars = c.chars();
            let (Some(c), None) = (chars.next(), chars.next()) else { return None };
            KeyCode::Char(if modifiers.contains(KeyModifiers::CONTROL) { c.to_ascii_lowercase() } else { c })
        }
    };
    Some((code, modifiers))
}

/// The key event a name in the table stands for; for tests and for the scripted screen.
pub fn key(text: &str) -> Option<KeyEvent> {
    let (code, modifiers) = parse(text)?;
    Some(KeyEvent::new(code, modifiers))
}

/// One form for each key, whatever the terminal makes of it.
fn normal(key: KeyEvent) -> (KeyCode, KeyModifiers) {
    let modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
    match key.code {
        KeyCode::BackTab => (KeyCode::Tab, modifiers | KeyModifiers::SHIFT),
        // A shifted character is another character already.
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
            (KeyCode::Char(c.to_ascii_lowercase()), modifiers - KeyModifiers::SHIFT)
        }
        KeyCode::Char(c) => (KeyCode::Char(c), modifiers - KeyModifiers::SHIFT),
        code => (code, modifiers),
    }
}

/// The action of a key, looked for in `contexts` in order.
pub fn find(key: KeyEvent, contexts: &[Context]) -> Option<Action> {
    let wanted = normal(key);
    contexts.iter().find_map(|context| {
        ACTIONS
            .iter()
            .filter(|s| s.context == *context)
            .find(|s| s.keys.iter().any(|k| parse(k) == Some(wanted)))
            .map(|s| s.action)
    })
}

/// True for a key that types or edits text and therefore belongs to a field that is open.
pub fn is_text(key: KeyEvent) -> bool {
    let (code, modifiers) = normal(key);
    match code {
        KeyCode::Char(c) => match modifiers {
            KeyModifiers::NONE => true,
            KeyModifiers::CONTROL => matches!(c, 'a' | 'b' | 'd' | 'e' | 'f' | 'h' | 'k' | 'n' | 'u' | 'w' | 'y' | 'r'),
            _ => false,
        },
        KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End => true,
        _ => false,
    }
}

/// The entry of an action.
pub fn spec(action: Action) -> &'static Spec {
    // The table and the enum are made by the same macro, in the same order.
    &ACTIONS[action as usize]
}

/// The action of a `:` name.
pub fn named(id: &str) -> Option<&'static Spec> {
    ACTIONS.iter().find(|s| s.id == id)
}

/// Key and label of what can be done in `contexts`, most used first; a key shadowed by an earlier context is left out.
pub fn hints(contexts: &[Context]) -> Vec<(&'static str, &'static str)> {
    let mut out: Vec<(&str, &str)> = Vec::new();
    for context in contexts {
        for s in ACTIONS.iter().filter(|s| s.context == *context && !s.label.is_empty() && s.action != Action::Help) {
            if let Some(key) = s.keys.first()
                && !out.iter().any(|(k, _)| k == key)
            {
                out.push((*key, s.label));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_sound() {
        let mut ids = HashSet::new();
        let mut keys = HashSet::new();
        for (i, s) in ACTIONS.iter().enumerate() {
            assert_eq!(s.action as usize, i);
            assert!(ids.insert(s.id), "{} twice", s.id);
            assert!(s.help.ends_with('.') && s.help.len() > 8, "{}: a sentence", s.id);
            assert!(s.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", s.id);
            for k in s.keys {
                let parsed = parse(k).unwrap_or_else(|| panic!("{k} is no key"));
                assert!(keys.insert((s.context, parsed)), "{k} twice in {:?}", s.context);
            }
        }
    }

    #[test]
    fn terminals_differ_and_keys_do_not() {
        let back_tab = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(find(back_tab, &[Context::Global]), Some(Action::PreviousPane));
        let big_g = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(find(big_g, &[Context::Move]), Some(Action::Bottom));
        let kitty = KeyEvent::new(KeyCode::Enter, KeyModifiers::CONTROL);
        assert_eq!(find(kitty, &[Context::Composer]), Some(Action::Send));
        assert_eq!(find(key("Esc").expect("key"), &[Context::Scope, Context::Global]), Some(Action::Refuse));
    }
}
