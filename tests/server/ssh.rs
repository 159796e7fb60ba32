//! An engine that is reached through SSH.

use crate::support::{
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    process::Process,
    raw,
};
use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

#[expect(
    clippy::disallowed_methods,
    reason = "what the test runs with is no configuration"
)]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// A folder with a program called `ssh`, to be first on the PATH.
struct FirstOnPath(TempDir);

impl FirstOnPath {
    /// A folder with this script as `ssh`.
    fn script(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ssh = folder.path().join("ssh");
        std::fs::write(&ssh, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&ssh, PermissionsExt::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn variable(&self) -> String {
        let path = variable("PATH");
        format!("{}:{path}", self.0.path().display())
    }
}

/// A server that watches `engine` as the host `nas`, with this PATH.
async fn watching(engine: &str, path: &str) -> Process {
    let hosts = format!("nas={engine}");
    let here = [("DECKWATCH_HOSTS", hosts.as_str()), ("PATH", path)];
    Process::start_with(&here).await
}

async fn eventually_reports(process: &Process, words: &str) {
    let mut reported = String::new();
    eventually(words, async || {
        reported = raw::ask(process.address, "GET /", &[], "").await.body;
        reported.contains(words)
    })
    .await;
}

#[tokio::test]
async fn an_ssh_failure_is_reported_with_the_message_of_ssh() {
    let address = "ssh://me@nas.example";
    let denied = "me@nas.example: Permission denied (publickey).";
    let refused = FirstOnPath::script(&format!("echo '{denied}' >&2; exit 255"));
    let process = watching(address, &refused.variable()).await;
    eventually_reports(&process, "Permission denied (publickey)").await;

    let silent = FirstOnPath::script("exit 3");
    let process = watching(address, &silent.variable()).await;
    eventually_reports(&process, "exit status: 3").await;

    let process = watching(address, "/nonexistent").await;
    eventually_reports(&process, "there is no `ssh` on this machine").await;
}

#[tokio::test]
async fn no_option_can_be_injected_and_ssh_never_prompts() {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("arguments");
    let script = format!("printf '%s\\n' \"$@\" >{}; exit 1", said.display());
    let spy = FirstOnPath::script(&script);
    let _process = watching("ssh://me@nas.example:2222/run/x.sock", &spy.variable()).await;
    let mut arguments = String::new();
    eventually("ssh is started", async || {
        arguments = std::fs::read_to_string(&said).unwrap_or_default();
        arguments.ends_with("nas.example\n")
    })
    .await;
    let all: Vec<_> = arguments.lines().collect();
    assert_eq!(
        all[all.len() - 6..],
        ["-p", "2222", "-l", "me", "--", "nas.example"]
    );
    assert!(all.contains(&"BatchMode=yes"), "{arguments}");
    assert!(arguments.contains(":/run/x.sock"), "{arguments}");
}

/// A real SSH server for this user, on this machine only; killed when dropped.
struct Sshd {
    folder: TempDir,
    port: u16,
    user: String,
    child: Option<Child>,
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Sshd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for key in ["host", "client"] {
            let generate = ["-q", "-t", "ed25519", "-N", "", "-f"];
            run(Command::new("ssh-keygen").args(generate).arg(at(key)));
        }
        // As root it needs a user of its own; then it accepts an unprivileged user instead.
        let user = run(Command::new("id").arg("-un"));
        let user = if user == "root" {
            "daemon".to_owned()
        } else {
            user
        };
        let readable = PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), readable).unwrap();
        std::fs::set_permissions(at("host"), PermissionsExt::from_mode(0o644)).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let shown = |name: &str| at(name).display().to_string();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\n\
             PidFile none\nStrictModes no\nAllowStreamLocalForwarding yes\n",
            shown("host"),
            shown("client.pub"),
        );
        std::fs::write(at("sshd_config"), server).unwrap();
        let key = std::fs::read_to_string(at("host.pub")).unwrap();
        std::fs::write(at("known"), format!("[127.0.0.1]:{port} {key}")).unwrap();
        let client = format!(
            "IdentityFile {}\nUserKnownHostsFile {}\nIdentitiesOnly yes\n",
            shown("client"),
            shown("known"),
        );
        std::fs::write(at("ssh_config"), client).unwrap();
        let mut sshd = Self {
            folder,
            port,
            user,
            child: None,
        };
        sshd.resume();
        sshd
    }

    /// Starts the server, or restarts it.
    fn resume(&mut self) {
        let program = self.program();
        let mut command = if self.user == "daemon" {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=daemon",
                "--regid=daemon",
                "--clear-groups",
                &program,
            ]);
            command
        } else {
            Command::new(program)
        };
        command
            .args(["-D", "-e", "-f"])
            .arg(self.folder.path().join("sshd_config"));
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        self.child = Some(command.stderr(log).stdin(Stdio::null()).spawn().unwrap());
    }

    /// The server's program, at a path where its user can access it.
    fn program(&self) -> String {
        let program = variable("DECKWATCH_TEST_SSHD");
        if self.user != "daemon" || program.starts_with("/usr") {
            return program;
        }
        let copy = self.folder.path().join("program");
        if !copy.exists() {
            let folder = Path::new(&program).parent().unwrap();
            run(Command::new("cp").arg("-r").arg(folder).arg(&copy));
        }
        copy.join("sshd").display().to_string()
    }

    /// Kills the listening server: it accepts no more connections.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// An `ssh` that is configured with this server's keys.
    fn client(&self) -> FirstOnPath {
        let real = run(Command::new("sh").args(["-c", "command -v ssh"]));
        let config = self.folder.path().join("ssh_config");
        FirstOnPath::script(&format!("exec {real} -F {} \"$@\"", config.display()))
    }

    fn address(&self, socket: &Path) -> String {
        format!(
            "ssh://{}@127.0.0.1:{}{}",
            self.user,
            self.port,
            socket.display()
        )
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test]
#[ignore = "needs sshd"]
async fn an_engine_behind_ssh_is_watched_read_and_acted_on_and_recovers() {
    let engine = FakeEngine::start().with(FakeContainer::running("web-1").lines(3));
    let socket = engine.address().replace("unix://", "");
    let mut sshd = Sshd::start();
    let client = sshd.client();
    let mut process = watching(&sshd.address(Path::new(&socket)), &client.variable()).await;
    if sshd.user == "daemon" {
        eventually_reports(&process, "cannot be opened there").await;
    }
    // The user that the server accepts must be able to access it.
    let folder = Path::new(&socket).parent().unwrap();
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o666)).unwrap();
    let address = process.address;
    let get = async |path: &str| raw::ask(address, &format!("GET {path}"), &[], "").await;
    eventually("the container is known", async || {
        get("/api/containers?host=nas").await.body.contains("web-1")
    })
    .await;
    let id = id_of("web-1");
    let log = get(&format!("/api/containers/{id}/logs")).await.body;
    assert_eq!(log.matches("line ").count(), 3, "{log}");
    eventually("figures come through the engine", async || {
        get("/api/snapshot?channels=stats")
            .await
            .body
            .contains("\"nas\"")
    })
    .await;
    let stop = format!("POST /api/containers/{id}/stop");
    let stopped = raw::ask(process.address, &stop, &[], "").await;
    assert_eq!(stopped.status, 200, "{}", stopped.body);

    sshd.kill();
    // The connection outlives the server that accepted it.
    let parent = process.id().to_string();
    run(Command::new("pkill").args(["-KILL", "-P", &parent, "ssh"]));
    eventually_reports(&process, "ssh: ").await;
    engine.start_container("web-1");
    sshd.resume();
    eventually("what happened meanwhile is shown", async || {
        get("/api/containers?host=nas")
            .await
            .body
            .contains("\"running\"")
    })
    .await;
    // Its `ssh` exits with it, unless it is killed.
    process.terminate().await;
    process.ended().await;
}
