//! The keyring over a real engine: one login for all who wait, one failure for all who wait, renewed when its time is over,
//! stopped with its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use lunette::app::Keyring;
use lunette::app::identity::Sent;
use lunette::app::secrets::Reader;
use lunette::base::Result;
use lunette::engine::{Budget, Config, Engine};
use lunette::files::Disk;
use lunette::store::Memory;
use lunette::wire::{Identity, Load, Policy, Request, Secrets};

use super::typed;
use crate::support::recorder::{OK, Recorder};

/// An engine, and a keyring whose `alice` has this credential in a folder with this recipe.
fn begun(recorder: &Recorder, spec: &str, recipe: &str) -> (Engine, Arc<Keyring>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("l.http");
    std::fs::write(&path, recipe.replace("HOST", &recorder.addr.to_string())).expect("a recipe");
    let spec = spec.replace("FILE", path.to_str().expect("a plain path"));
    let files: Arc<dyn Load> = Arc::new(Disk);
    let secrets: Arc<dyn Secrets> = Arc::new(Reader {
        folder: folder.path().to_owned(),
        files: Arc::clone(&files),
        vault: None,
        opener: |_| Err(lunette::base::Error::input("there is no vault")),
    });
    let mut keyring = Keyring::default();
    let origin = request(recorder).origin;
    keyring.add(Identity::parse("alice", &spec).expect("it reads"), &origin, &files, &secrets);
    let config = Config { scope: vec![typed(&recorder.url("/"))], ..Config::default() };
    let engine = Engine::start(config, Arc::new(Memory::default())).expect("an engine");
    (engine, Arc::new(keyring), folder)
}

fn request(recorder: &Recorder) -> Request {
    let mut request = Request::new("GET", recorder.url("/orders").as_bytes()).expect("a URL");
    request.identity = Some("alice".to_owned());
    request
}

fn send(engine: &Engine, keyring: &Arc<Keyring>, recorder: &Recorder) -> Result<Sent> {
    let (keyring, request) = (Arc::clone(keyring), request(recorder));
    let sent = engine.run(Budget::HAND, move |transport| {
        Box::pin(async move { keyring.send(transport, request, Policy::default()).await })
    });
    sent.expect("the job ends")
}

fn all(engine: &Engine, keyring: &Arc<Keyring>, recorder: &Recorder, count: usize) -> Vec<Result<Sent>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| send(engine, keyring, recorder))).collect();
        threads.into_iter().map(|t| t.join().expect("no panic")).collect()
    })
}

fn logins(recorder: &Recorder) -> usize {
    let heard = recorder.heard();
    heard.iter().flat_map(requests_of).filter(|r| r.starts_with(b"POST /login")).count()
}

fn requests_of(heard: &crate::support::recorder::Heard) -> Vec<Vec<u8>> {
    heard.requests().iter().map(|r| r.to_vec()).collect()
}

const HEADER: &str = "# @capture token = header X-Token\n# @credential Authorization: Bearer {{token}}\n";

#[test]
fn one_login_serves_all_who_wait_for_it() {
    let reply = b"HTTP/1.1 200 OK\r\nX-Token: t0ken\r\nContent-Length: 0\r\n\r\n".to_vec();
    let recorder = Recorder::scripted(vec![reply, OK.to_vec()], true);
    let (engine, keyring, _folder) = begun(&recorder, "login:FILE", &format!("{HEADER}POST http://HOST/login\n"));
    for sent in all(&engine, &keyring, &recorder, 40) {
        assert_eq!(sent.expect("sent").exchange.status(), Some(200));
    }
    assert_eq!(logins(&recorder), 1);
    let requests: Vec<Vec<u8>> = recorder.heard().iter().flat_map(requests_of).collect();
    assert_eq!(requests.len(), 41);
    let carries = |r: &&Vec<u8>| String::from_utf8_lossy(r).contains("Authorization: Bearer t0ken\r\n");
    assert_eq!(requests.iter().filter(carries).count(), 40);
}

#[test]
fn one_failure_is_that_of_all_who_waited_and_the_next_tries_again() {
    let recorder = Recorder::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (run, mark) = (folder.path().join("run"), folder.path().join("mark"));
    // Slow enough that the others come while it runs.
    std::fs::write(&run, format!("echo x >> {}; sleep 1; exit 1", mark.display())).expect("a program");
    let (engine, keyring, _folder) = begun(&recorder, &format!("command:sh {}", run.display()), "");
    let runs = || std::fs::read_to_string(&mark).expect("a mark").lines().count();
    for sent in all(&engine, &keyring, &recorder, 20) {
        assert!(sent.expect_err("it fails").to_string().contains("the program sh failed"));
    }
    let before = runs();
    assert!(before < 20, "each of them ran it");
    assert!(send(&engine, &keyring, &recorder).is_err());
    assert_eq!(runs(), before + 1);
    assert!(recorder.heard().is_empty(), "nothing was sent");
}

#[test]
fn a_credential_whose_time_is_over_is_renewed() {
    let count = AtomicU32::new(0);
    let token = || {
        let n = count.fetch_add(1, Ordering::Relaxed);
        format!("HTTP/1.1 200 OK\r\nX-Token: t0ken-{n}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    let recorder = Recorder::scripted(vec![token(), OK.to_vec(), OK.to_vec(), token(), OK.to_vec()], true);
    let recipe = format!("{HEADER}# @expires after 3\nPOST http://HOST/login\n");
    let (engine, keyring, _folder) = begun(&recorder, "login:FILE", &recipe);
    let sent = send(&engine, &keyring, &recorder).expect("sent");
    assert!(sent.until.is_some());
    send(&engine, &keyring, &recorder).expect("sent");
    assert_eq!(logins(&recorder), 1, "it is kept while it lives");
    std::thread::sleep(Duration::from_secs(3));
    send(&engine, &keyring, &recorder).expect("sent");
    assert_eq!(logins(&recorder), 2);
    let last = recorder.heard().iter().flat_map(requests_of).last().expect("a request");
    assert!(String::from_utf8_lossy(&last).contains("Bearer t0ken-1\r\n"));
}

#[test]
fn a_program_that_hangs_ends_with_its_job() {
    let recorder = Recorder::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (run, mark) = (folder.path().join("run"), folder.path().join("mark"));
    std::fs::write(&run, format!("echo $$ > {}; exec sleep 600", mark.display())).expect("a program");
    let (engine, keyring, _folder) = begun(&recorder, &format!("command:sh {}", run.display()), "");
    let said = std::thread::scope(|scope| {
        let job = scope.spawn(|| send(&engine, &keyring, &recorder));
        while std::fs::read_to_string(&mark).unwrap_or_default().trim().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        engine.cancel_all();
        job.join().expect("no panic")
    });
    assert!(said.expect_err("stopped").to_string().contains("stopped before the credential was there"));
    let pid = std::fs::read_to_string(&mark).expect("a pid").trim().to_owned();
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::path::Path::new("/proc").join(&pid).exists() {
        assert!(Instant::now() < deadline, "the program still runs");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_endpoint_that_refuses_everybody_does_not_log_in_for_ever() {
    let token = b"HTTP/1.1 200 OK\r\nX-Token: t0ken\r\nContent-Length: 0\r\n\r\n".to_vec();
    let refusal = b"HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n".to_vec();
    let replies = vec![token.clone(), refusal.clone(), token.clone(), refusal.clone(), refusal, OK.to_vec()];
    let more = vec![b"HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n".to_vec(), token, OK.to_vec()];
    let recorder = Recorder::scripted([replies, more].concat(), true);
    let (engine, keyring, _folder) = begun(&recorder, "login:FILE", &format!("{HEADER}POST http://HOST/login\n"));
    let status = || send(&engine, &keyring, &recorder).expect("sent").exchange.status();
    assert_eq!((status(), logins(&recorder)), (Some(401), 2), "renewed once, and refused again");
    assert_eq!((status(), logins(&recorder)), (Some(401), 2), "what did not help is not tried again");
    assert_eq!((status(), logins(&recorder)), (Some(200), 2));
    assert_eq!((status(), logins(&recorder)), (Some(200), 3), "once it was taken, a refusal is a sign again");
}

#[test]
fn cookies_are_kept_by_identity_and_go_along_once_that_is_switched_on() {
    let first = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=from-the-server; Path=/\r\nContent-Length: 0\r\n\r\n".to_vec();
    let recorder = Recorder::scripted(vec![first, OK.to_vec()], true);
    let (engine, keyring, _folder) = begun(&recorder, "cookie:sid=at-first-typed", "");
    let send = |identity: Option<&str>| {
        let mut request = request(&recorder);
        request.identity = identity.map(str::to_owned);
        let keyring = Arc::clone(&keyring);
        let ended = engine
            .run(Budget::HAND, move |t| Box::pin(async move { keyring.send(t, request, Policy::default()).await }));
        ended.expect("the job ends").expect("sent").exchange
    };
    assert_eq!(send(Some("alice")).altered, []);
    let held = keyring.jars.held(Some("alice"));
    assert_eq!((held.all.len(), held.all[0].0.domain.as_str(), held.all[0].1), (1, "127.0.0.1", true));
    assert!(!format!("{held:?}").contains("from-the-server") && keyring.jars.held(None).all.is_empty());
    send(Some("alice"));
    keyring.jars.use_everywhere(true);
    let told = send(Some("alice")).altered;
    assert_eq!((told.len(), told[0].by.as_ref()), (1, "cookies"));
    send(None);
    let heard = recorder.requests(4, Duration::from_secs(20));
    let cookies: Vec<Option<String>> = heard
        .iter()
        .map(|r| {
            let text = String::from_utf8_lossy(r).into_owned();
            text.lines().find_map(|l| l.strip_prefix("Cookie: ").map(str::to_owned))
        })
        .collect();
    let (typed, newer) = (Some("sid=at-first-typed".to_owned()), Some("sid=from-the-server".to_owned()));
    assert_eq!(cookies, [typed.clone(), typed, newer, None]);
}
