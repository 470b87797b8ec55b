use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use age::secrecy::ExposeSecret as _;
use age::x25519;
use tempfile::TempDir;

use super::*;

/// A passphrase with hardly any work, as only tests make one.
fn passphrase(text: &str) -> Key {
    Key::Passphrase(text.into(), 1)
}

fn identity() -> (Key, String) {
    let identity = x25519::Identity::generate();
    let text = format!("# made by age-keygen\n{}\n", identity.to_string().expose_secret());
    (Key::identities(text.as_str().into()).expect("an identity"), identity.to_public().to_string())
}

fn begun(key: &Key) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    init(folder.path(), Vec::new(), Some(key)).expect("a vault");
    folder
}

fn said<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.expect_err("an error").to_string()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn what_is_set_is_there_and_what_is_removed_is_not() {
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    assert_eq!((mode(&path(w)), takes_passphrase(w)), (0o600, Ok(true)));
    assert_eq!(Vault::set(w, &key, "shop:alice", "one".into()), Ok(false));
    assert_eq!(Vault::set(w, &key, "shop:alice", "two".into()), Ok(true));
    let vault = Vault::open(w, &key).expect("open");
    assert_eq!(vault.get("shop:alice").expect("there").expose(), b"two");
    assert_eq!(vault.list().map(|(n, _)| n).collect::<Vec<_>>(), ["shop:alice"]);
    assert!(said(vault.get("shop:alicd").cloned()).contains("did you mean shop:alice?"));
    assert!(said(Vault::remove(w, &key, "nothing")).contains("no secret of this name"));
    Vault::remove(w, &key, "shop:alice").expect("removed");
    assert_eq!(Vault::open(w, &key).expect("open").list().count(), 0);
    assert!(said(Vault::set(w, &key, "-x", "v".into())).contains("not a name"));
    assert!(said(Vault::set(w, &key, "x", Secret::default())).contains("1 to 65536 bytes"));
    assert!(said(init(w, Vec::new(), Some(&key))).contains("a vault here already, and nothing was changed"));
    assert_eq!(mode(&path(w)), 0o600);
}

#[test]
fn a_wrong_key_opens_nothing_and_changes_nothing() {
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    let before = fs::read(path(w)).expect("the vault");
    for wrong in ["", "pW", "pw "] {
        assert!(said(Vault::set(w, &passphrase(wrong), "n", "v".into())).contains("the passphrase is wrong"));
    }
    let (other, recipient) = identity();
    assert!(said(Vault::open(w, &other)).contains("opens with a passphrase, and not with an identity"));
    assert_eq!(fs::read(path(w)).expect("the vault"), before);

    let folder = tempfile::tempdir().expect("a folder");
    init(folder.path(), vec![recipient], None).expect("a vault");
    assert!(said(Vault::open(folder.path(), &key)).contains("opens with an identity, and not with a passphrase"));
    assert!(said(Vault::open(folder.path(), &identity().0)).contains("none of the identities opens it"));
    assert!(Vault::open(folder.path(), &other).is_ok());
    assert!(said(Key::passphrase(Secret::default())).contains("empty passphrase"));
    assert!(said(Key::passphrase(vec![0xff].into())).contains("UTF-8"));
    let leaked = said(Key::identities("AGE-SECRET-KEY-1QQQ".into()));
    assert!(leaked.starts_with("line 1 is not an identity") && !leaked.contains("QQQ"), "{leaked}");
    assert!(said(super::recipient("AGE-SECRET-KEY-1QQQ")).starts_with("--recipient: this is not a recipient"));
}

#[test]
fn every_flipped_byte_and_every_cut_is_an_error_and_gives_nothing() {
    let (key, recipient) = identity();
    let folder = tempfile::tempdir().expect("a folder");
    let w = folder.path();
    init(w, vec![recipient], None).expect("a vault");
    Vault::set(w, &key, "n", "v4lue-in-the-vault".into()).expect("set");
    let whole = fs::read(path(w)).expect("the vault");
    let check = |bytes: &[u8], what: &str| {
        fs::write(path(w), bytes).expect("write");
        let said = said(Vault::open(w, &key));
        assert!(said.contains("vault.age: ") && !said.contains("v4lue") && !said.contains('\n'), "{what}: {said}");
    };
    for i in 0..whole.len() {
        for bit in [0, 7] {
            let mut changed = whole.clone();
            changed[i] ^= 1 << bit;
            check(&changed, &format!("byte {i} bit {bit}"));
        }
        check(&whole[..i], &format!("cut at {i}"));
    }
    check(&[&whole[..], b"x"].concat(), "longer");
    fs::write(path(w), &whole).expect("write");
    Vault::open(w, &key).expect("as it was");

    // With a passphrase the head differs.
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    let whole = fs::read(path(w)).expect("the vault");
    let head = memchr::memmem::find(&whole, b"\n---").expect("the end of the head") + 50;
    for i in 0..head {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[i] ^= 1 << bit;
            fs::write(path(w), &changed).expect("write");
            assert!(Vault::open(w, &key).is_err(), "byte {i} bit {bit}");
        }
    }
}

#[test]
fn a_work_factor_beyond_the_cap_is_not_tried() {
    let folder = begun(&Key::Passphrase("pw".into(), 1));
    let w = folder.path();
    let text = fs::read(path(w)).expect("the vault");
    let at = memchr::memmem::find(&text, b" 1\n").expect("the factor");
    let changed = [&text[..at], b" 30\n", &text[at + 3..]].concat();
    fs::write(path(w), changed).expect("write");
    assert!(said(Vault::open(w, &passphrase("pw"))).contains("a work factor of 2^30, and 2^18 is the most"));
}

#[test]
fn what_others_may_read_and_what_is_no_plain_file_is_refused() {
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    let file = path(w);
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("chmod");
        let said = said(Vault::open(w, &key));
        assert!(said.contains("group or others may use it") && said.contains("chmod 600"), "{said}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("chmod");
    fs::set_permissions(w.join(".lunette"), fs::Permissions::from_mode(0o755)).expect("chmod");
    assert!(said(Vault::open(w, &key)).contains("chmod 700"));
    fs::set_permissions(w.join(".lunette"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let away = w.join("away");
    fs::rename(&file, &away).expect("rename");
    symlink(&away, &file).expect("a link");
    assert!(said(Vault::open(w, &key)).contains("not a plain file"));
    assert!(said(init(w, Vec::new(), Some(&key))).contains("here already"));
    fs::remove_file(&file).expect("remove");
    fs::create_dir(&file).expect("a folder");
    assert!(said(Vault::open(w, &key)).contains("not a plain file"));
    fs::remove_dir(&file).expect("remove");
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).expect("a pipe");
    assert!(said(Vault::open(w, &key)).contains("not a plain file"), "and it does not wait for a writer");
    fs::remove_file(&file).expect("remove");
    let huge = fs::File::create(&file).expect("a file");
    huge.set_len(MOST + 1).expect("a hole");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("chmod");
    assert!(said(Vault::open(w, &key)).contains("larger than"));
    fs::remove_file(&file).expect("remove");
    assert!(said(Vault::open(w, &key)).contains("no vault in this workspace"));
    let none = tempfile::tempdir().expect("a folder");
    assert!(said(Vault::set(none.path(), &key, "n", "v".into())).contains("no vault"));
    assert!(!none.path().join(".lunette").exists(), "nothing is made");
}

#[test]
fn what_a_crash_left_is_never_the_vault() {
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    let left = w.join(".lunette/vault.new");
    fs::write(&left, b"age-encryption.org/v1\n-> half").expect("write");
    Vault::open(w, &key).expect("the vault is what it was");
    Vault::set(w, &key, "n", "v".into()).expect("set");
    assert!(!left.exists());
    // A link that stands there is not written through.
    let elsewhere = w.join("elsewhere");
    fs::write(&elsewhere, b"mine").expect("write");
    symlink(&elsewhere, &left).expect("a link");
    Vault::set(w, &key, "n", "w".into()).expect("set");
    assert_eq!(fs::read(&elsewhere).expect("read"), b"mine");
    let names: Vec<_> =
        fs::read_dir(w.join(".lunette")).expect("list").map(|e| e.expect("entry").file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_newer_vault_is_left_alone() {
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    let newer = lock::seal(b"{\"version\":2,\"all\":\"new\"}", &[], Some(&key)).expect("sealed");
    fs::write(path(w), &newer).expect("write");
    for said in [
        said(Vault::open(w, &key)),
        said(Vault::set(w, &key, "n", "v".into())),
        said(Vault::rekey(w, &key, Relock::Same)),
    ] {
        assert!(said.contains("version 2, and this program reads 1; nothing was changed"), "{said}");
    }
    assert_eq!(fs::read(path(w)).expect("the vault"), newer);
}

#[test]
fn a_rekey_changes_what_opens_it_and_old_records_stay_readable() {
    let (old, new) = (passphrase("old"), passphrase("new"));
    let folder = begun(&old);
    let w = folder.path();
    Vault::set(w, &old, "n", "v".into()).expect("set");
    let sealed = Vault::open(w, &old).and_then(|v| v.keys()).expect("keys").seal(b"1", b"record").expect("sealed");
    let vault = Vault::rekey(w, &old, Relock::Passphrase(new.clone())).expect("rekeyed");
    let keys = vault.keys().expect("keys");
    assert_eq!(keys.all().len(), 2);
    assert_eq!(keys.open(b"1", &sealed).expect("it opens"), b"record");
    assert!(said(Vault::open(w, &old)).contains("the passphrase is wrong"));
    assert_eq!(Vault::open(w, &new).expect("open").get("n").expect("there").expose(), b"v");

    let ((a, ra), (b, rb)) = (identity(), identity());
    let add = |add: &[&String], remove: &[&String]| Relock::Recipients {
        add: add.iter().map(|r| (*r).clone()).collect(),
        remove: remove.iter().map(|r| (*r).clone()).collect(),
    };
    let vault = Vault::rekey(w, &new, add(&[&ra, &rb], &[])).expect("for two");
    assert_eq!(vault.recipients(), [ra.clone(), rb.clone()]);
    assert!(Vault::open(w, &new).is_err() && Vault::open(w, &a).is_ok() && Vault::open(w, &b).is_ok());
    Vault::set(w, &a, "m", "w".into()).expect("one of them sets");
    assert_eq!(Vault::open(w, &b).expect("open").get("m").expect("the other reads").expose(), b"w");
    assert!(said(Vault::rekey(w, &a, add(&[], &[&ra, &rb]))).contains("no recipient would be left"));
    Vault::rekey(w, &a, add(&[], &[&rb])).expect("for one");
    assert!(Vault::open(w, &b).is_err() && Vault::open(w, &a).is_ok());
    assert!(said(Vault::rekey(w, &a, add(&[], &[&rb]))).contains("not one of its recipients"));
    assert_eq!(
        Vault::rekey(w, &a, Relock::Passphrase(new.clone())).expect("back").keys().expect("keys").all().len(),
        5
    );
    assert!(Vault::open(w, &new).is_ok());
}

#[test]
fn several_at_once_lose_nothing() {
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    std::thread::scope(|s| {
        for t in 0..4 {
            let key = &key;
            s.spawn(move || {
                for i in 0..5 {
                    Vault::set(w, key, &format!("n{t}-{i}"), "v".into()).expect("set");
                }
            });
        }
    });
    assert_eq!(Vault::open(w, &key).expect("open").list().count(), 20);
}

#[test]
fn it_closes_after_its_time_and_when_told_and_tells() {
    let key = passphrase("pw");
    let folder = begun(&key);
    let w = folder.path();
    Vault::set(w, &key, "n", "h3ld-in-the-vault".into()).expect("set");
    let held = Held::new(w, Duration::from_millis(50));
    let (tell, told) = std::sync::mpsc::channel();
    held.watch(move |state| tell.send(state).expect("the test listens"));
    assert_eq!(held.state(), State::Locked);
    assert!(held.keys().is_none(), "asking for keys opens nothing");
    assert!(said(held.get("n")).contains("the vault is locked; :unlock"));
    assert!(held.unlock(&passphrase("no")).is_err());
    held.unlock(&key).expect("open");
    assert_eq!(crate::base::known::redact_str("h3ld-in-the-vault"), "***");
    let patience = Duration::from_secs(20);
    assert_eq!(told.recv_timeout(patience), Ok(State::Open));
    assert_eq!(told.recv_timeout(patience), Ok(State::Locked), "by itself");
    assert_eq!(held.state(), State::Locked);

    let held = Held::new(w, Duration::from_mins(10));
    held.unlock(&key).expect("open");
    assert_eq!((held.get("n").expect("there").expose(), held.keys().is_some()), (&b"h3ld-in-the-vault"[..], true));
    held.lock();
    assert!(held.keys().is_none() && held.state() == State::Locked);
    fs::remove_file(path(w)).expect("remove");
    assert!(held.state() == State::None && said(held.get("n")).contains("vault init"));
}

#[test]
fn a_key_file_is_ones_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pass");
    assert!(said(key_file(&file)).contains("no such file"));
    fs::write(&file, "words and words\r\n").expect("write");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("chmod");
    assert!(said(key_file(&file)).contains("chmod 600"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).expect("chmod");
    assert_eq!(key_file(&file).expect("read").expose(), b"words and words");
}
