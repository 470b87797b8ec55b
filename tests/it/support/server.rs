//! Servers that others wrote, each in a folder of its own on a free port of loopback, from a configuration that the test gives.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How a program is found, started and told to finish.
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
    /// What its configuration is called.
    pub config: &'static str,
    /// What is the same in all of its configurations; what a test gives takes the place of `CONFIG`.
    pub frame: &'static str,
    /// Its arguments; `FOLDER` stands for its folder, `PORT` for its port.
    pub arguments: &'static [&'static str],
    /// What makes it finish what it does and end.
    pub finish: Signal,
}

/// nginx; its configuration is what stands within `http`, and says `access_log FOLDER/access.log`.
pub const NGINX: Program = Program {
    name: "nginx",
    package: "nginx-light",
    config: "nginx.conf",
    frame: "daemon off;
master_process off;
worker_processes 1;
pid FOLDER/nginx.pid;
error_log FOLDER/error.log;
events { worker_connections 256; }
http {
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
CONFIG
}
",
    arguments: &["-p", "FOLDER", "-c", "nginx.conf"],
    finish: Signal::QUIT,
};

/// Caddy; its configuration says `output file FOLDER/access.log`.
pub const CADDY: Program = Program {
    name: "caddy",
    package: "caddy",
    config: "Caddyfile",
    frame: "CONFIG",
    arguments: &["run", "--config", "FOLDER/Caddyfile", "--adapter", "caddyfile"],
    finish: Signal::TERM,
};

/// HAProxy, which writes its log to stdout; its configuration says `log stdout`.
pub const HAPROXY: Program = Program {
    name: "haproxy",
    package: "haproxy",
    config: "haproxy.cfg",
    frame: "CONFIG",
    arguments: &["-db", "-f", "FOLDER/haproxy.cfg"],
    finish: Signal::USR1,
};

/// tinyproxy, an HTTP proxy; its configuration says `Port PORT`.
pub const TINYPROXY: Program = Program {
    name: "tinyproxy",
    package: "tinyproxy-bin",
    config: "tinyproxy.conf",
    frame: "CONFIG",
    arguments: &["-d", "-c", "FOLDER/tinyproxy.conf"],
    finish: Signal::TERM,
};

/// microsocks, a SOCKS5 proxy that takes anybody. It has no configuration.
pub const MICROSOCKS: Program = Program {
    name: "microsocks",
    package: "microsocks",
    config: "none",
    frame: "CONFIG",
    arguments: &["-i", "127.0.0.1", "-p", "PORT"],
    finish: Signal::TERM,
};

/// microsocks that takes `alice` with `s0cksword` alone.
pub const MICROSOCKS_LOCKED: Program =
    Program { arguments: &["-i", "127.0.0.1", "-p", "PORT", "-u", "alice", "-P", "s0cksword"], ..MICROSOCKS };

/// A server as it runs. It ends when it is dropped.
pub struct Server {
    child: Option<Child>,
    folder: tempfile::TempDir,
    finish: Signal,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it with this configuration and these files in its folder. `FOLDER` in the configuration stands for the folder,
    /// `PORT` for the port.
    pub fn start(program: &Program, config: &str, files: &[(&str, String)]) -> Self {
        let binary = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"]
            .map(|folder| Path::new(folder).join(program.name))
            .into_iter()
            .find(|p| p.is_file())
            .unwrap_or_else(|| {
                panic!(
                    "{} is not installed; run: apt-get update && apt-get install -y {}",
                    program.name, program.package
                )
            });
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file of the server");
        }
        let place = folder.path().to_str().expect("a plain path");
        let errors = folder.path().join("error.log");
        // Between the moment a port is found free and the moment the server takes it somebody else may.
        for _ in 0..10 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("an address");
            drop(listener);
            let port = address.port().to_string();
            let config = program.frame.replace("CONFIG", config).replace("FOLDER", place).replace("PORT", &port);
            std::fs::write(folder.path().join(program.config), config).expect("the configuration");
            let log = File::options().create(true).append(true).open(folder.path().join("access.log"));
            let said = File::options().create(true).append(true).open(&errors);
            let mut child = Command::new(&binary)
                .args(program.arguments.iter().map(|a| a.replace("FOLDER", place).replace("PORT", &port)))
                .env("HOME", place)
                .env("XDG_DATA_HOME", place)
                .env("XDG_CONFIG_HOME", place)
                .stdin(Stdio::null())
                .stdout(log.expect("a log"))
                .stderr(said.expect("a log"))
                .spawn()
                .expect("the server starts");
            let deadline = Instant::now() + Duration::from_secs(20);
            while child.try_wait().expect("a state").is_none() {
                if TcpStream::connect(address).is_ok() {
                    return Self { child: Some(child), folder, finish: program.finish, address };
                }
                assert!(Instant::now() < deadline, "{} does not listen", program.name);
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        panic!("{} does not start: {}", program.name, std::fs::read_to_string(errors).unwrap_or_default());
    }

    /// Lets it finish, and gives the log it wrote.
    pub fn stop(&mut self) -> PathBuf {
        if let Some(mut child) = self.child.take() {
            let pid = Pid::from_raw(i32::try_from(child.id()).expect("a number")).expect("a process");
            kill_process(pid, self.finish).expect("it is told to finish");
            let deadline = Instant::now() + Duration::from_secs(20);
            while child.try_wait().expect("a state").is_none() {
                if Instant::now() > deadline {
                    let _ = child.kill();
                    panic!("the server does not finish");
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.folder.path().join("access.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
