//! openssl as a maker of certificates, good and bad, and as a server that serves them.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// What one certificate is made of.
#[derive(Clone, Copy)]
pub struct Made<'a> {
    /// `rsa:2048`, `rsa:1024`, `P-256`.
    pub key: &'a str,
    /// Hash of its signature.
    pub hash: &'a str,
    /// Begin and end, `YYYYMMDDHHMMSSZ`.
    pub dates: (&'a str, &'a str),
    /// Extensions, a line each; with none it is of version 1.
    pub extensions: &'a str,
    /// The one that signs it; itself where there is none.
    pub by: Option<&'a str>,
}

/// A year that has passed.
pub const PAST: (&str, &str) = ("20000101000000Z", "20010101000000Z");
/// A year to come.
pub const FUTURE: (&str, &str) = ("20900101000000Z", "20910101000000Z");
/// Times around now.
pub const NOW: (&str, &str) = ("20000101000000Z", "20950101000000Z");

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            key: "P-256",
            hash: "sha256",
            dates: NOW,
            extensions: "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost",
            by: None,
        }
    }
}

/// A folder in which certificates are made: `NAME.pem` and `NAME.key`.
pub struct Maker(tempfile::TempDir);

impl Maker {
    /// An empty one.
    pub fn new() -> Self {
        let maker = Self(tempfile::tempdir().expect("a folder"));
        std::fs::write(
            maker.path("ca.cnf"),
            "[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\nunique_subject=no\n\
             policy=any\nemail_in_dn=no\n[any]\ncommonName=supplied\n",
        )
        .expect("a configuration");
        std::fs::write(maker.path("index.txt"), "").expect("a database");
        maker
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of it, read.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    /// Runs openssl here, and gives what it wrote.
    pub fn run(&self, arguments: &[&str]) -> String {
        let out = Command::new("openssl")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .expect("openssl");
        let (said, wrong) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "openssl {arguments:?}: {wrong}");
        format!("{said}{wrong}")
    }

    /// Makes a certificate whose common name is `name`.
    pub fn make(&self, name: &str, made: Made<'_>) {
        let (key, request, subject) = (format!("{name}.key"), format!("{name}.csr"), format!("/CN={name}"));
        let algorithm: &[&str] = match made.key.strip_prefix("rsa:") {
            Some(bits) => &["genrsa", "-out", &key, bits],
            None => &["ecparam", "-genkey", "-noout", "-name", made.key, "-out", &key],
        };
        self.run(algorithm);
        self.run(&["req", "-new", "-key", &key, "-subj", &subject, "-out", &request]);
        let (extensions, pem) = (format!("{name}.ext"), format!("{name}.pem"));
        std::fs::write(self.path(&extensions), made.extensions).expect("a file");
        let common = ["ca", "-batch", "-config", "ca.cnf", "-notext", "-in", &request, "-out", &pem, "-md", made.hash];
        let dates = ["-startdate", made.dates.0, "-enddate", made.dates.1];
        let mut all = [&common[..], &dates].concat();
        if !made.extensions.is_empty() {
            all.extend(["-extfile", &extensions]);
        }
        let (by_pem, by_key) = made.by.map(|by| (format!("{by}.pem"), format!("{by}.key"))).unwrap_or_default();
        if made.by.is_some() {
            all.extend(["-cert", &by_pem, "-keyfile", &by_key]);
        } else {
            all.extend(["-selfsign", "-keyfile", &key]);
        }
        self.run(&all);
    }

    /// An authority.
    pub fn authority(&self, name: &str, made: Made<'_>) {
        self.make(name, Made { extensions: "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign", ..made });
    }

    /// Serves `NAME.pem`, with those of `chain` behind it.
    pub fn serve(&self, name: &str, chain: &[&str], arguments: &[&str]) -> Served {
        let (pem, key) = (format!("{name}.pem"), format!("{name}.key"));
        let behind: String = chain.iter().map(|c| self.read(&format!("{c}.pem"))).collect();
        let file = format!("{name}.chain");
        std::fs::write(self.path(&file), behind).expect("a file");
        let mut child = Command::new("openssl");
        // A length is not told, so that a reply ends with the connection.
        child.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", &pem, "-key", &key]).args(arguments);
        if !chain.is_empty() {
            child.args(["-cert_chain", &file]);
        }
        let mut child = child
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut lines = lines.map_while(Result::ok);
        let place = lines.find_map(|l| l.strip_prefix("ACCEPT 127.0.0.1:").map(str::to_owned)).expect("a port");
        // A server whose output nobody takes would stop.
        std::thread::spawn(move || lines.for_each(drop));
        Served { child, port: place.trim().parse().expect("a number") }
    }
}

/// A server as it runs. It ends when it is dropped.
pub struct Served {
    child: Child,
    /// Its port on loopback.
    pub port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
