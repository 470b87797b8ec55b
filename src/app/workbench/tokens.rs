
impl Workbench {
    /// Tries a word list, and tells how far it is four times a second.
    fn crack(&self, token: Arc<Decoded>, stood: Stood, known: &Known, list: &Path) -> Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let control = Arc::new(Control::default());
        lock(&self.cracking).insert(id, Arc::clone(&control));
        let events = self.shared.events.clone();
        let told = |told: TokenTold| Event::Token(Box::new(told));
        let _ = events.blocking_send(told(TokenTold::Cracking(id, "the word list is opened".to_owned())));
        let mut last = SystemClock.instant();
        let mut tell = |p: &Progress| {
            if p.paused || last.elapsed() >= TICK {
                last = SystemClock.instant();
                // One that the screen has no room for is left out.
                let _ = events.try_send(told(TokenTold::Cracking(id, words(p))));
            }
        };
        let ran = crack::run(&token, stood.beside.host.as_deref(), Some(list), self.files.as_ref(), 0, &control, &mut tell);
        lock(&self.cracking).remove(&id);
        let (text, found) = match ran {
            Err(e) => (e.to_string(), None),
            Ok(out) => {
                let tried = count(out.progress.candidates);
                let rate = format!("{} a second", count(out.progress.rate()));
                match out.secret {
                    Some(secret) => {
                        let text = format!("the secret was found after {tried} words, {rate}");
                        let now = SystemClock.wall();
                        (text, Some(Box::new(inspect::inspect(token, stood, known, Some(secret), now))))
                    }
                    None if out.cancelled => (format!("stopped after {tried} words, {rate}"), None),
                    None => (format!("none of {tried} words is the secret, {rate}"), None),
                }
            }
        };
        let _ = events.blocking_send(told(TokenTold::Cracked(id, text, found)));
        Ok(())
    }
}

/// How far a word list is, in words.
fn words(p: &Progress) -> String {
    let share = (p.done * 100).checked_div(p.total).map(|n| format!("{n} %  ")).unwrap_or_default();
    let left = p.left().map(|d| format!("  {} s left", d.as_secs())).unwrap_or_default();
    let state = if p.paused { "paused  " } else { "" };
    format!("{state}{share}{} words, {} a second{left}   c stops", count(p.candidates), count(p.rate()))
}
