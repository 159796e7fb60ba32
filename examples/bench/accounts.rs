//! A server with sign-in, and users who are signed in, each at an address of its own.

use crate::{
    Failure, Setting,
    api::{Api, cookie, success},
    process::{NOWHERE, Process},
};
use reqwest::Method;
use serde_json::json;
use std::{
    io::Write,
    net::Ipv4Addr,
    path::Path,
    process::{Command, Stdio},
};

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A user who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    /// The user's own address, because the server limits the connections of each.
    pub(crate) address: Ipv4Addr,
    /// The cookie of the session.
    pub(crate) cookie: String,
}

/// Starts Deckwatch with synthetic containers and sign-in. Each of `grants` is a user with these grants. The
/// server has been started again after they have signed in, so that no memory of password hashes is in it.
pub(crate) async fn demo(
    setting: &Setting,
    containers: usize,
    grants: &[&[&str]],
    more: &[&str],
) -> Result<(Process, Vec<User>), Failure> {
    let data = tempfile::tempdir()?;
    let names = (0..grants.len()).map(|n| format!("user-{n}"));
    for (name, grants) in names.clone().zip(grants) {
        create(&setting.binary, data.path(), &name, grants)?;
    }
    let containers = containers.to_string();
    let demo = ["--demo", &containers, "--docker-host", NOWHERE];
    let arguments = [&demo[..], &["--auth-mode", "password"], more].concat();
    let server = Process::with_data(&setting.binary, data, &arguments)?;
    let mut users = Vec::new();
    for (n, name) in (1_u16..).zip(names) {
        let [high, low] = n.to_be_bytes();
        let address = Ipv4Addr::new(127, 1, high, low);
        let api = Api::new(server.address, address)?;
        let cookie = sign_in(&api, &name).await?;
        users.push(User {
            name,
            address,
            cookie,
        });
    }
    let data = server.stop().ok_or("no database")?;
    let server = Process::with_data(&setting.binary, data, &arguments)?;
    Ok((server, users))
}

/// Signs a user in and returns the cookie of the session.
pub(crate) async fn sign_in(api: &Api, name: &str) -> Result<String, Failure> {
    let body = json!({"username": name, "password": PASSWORD});
    let answer = api.send(Method::POST, "/api/sign-in", "", Some(body));
    Ok(cookie(&success(answer.await?).await?).ok_or("no session")?)
}

fn create(binary: &Path, data: &Path, name: &str, grants: &[&str]) -> Result<(), Failure> {
    let mut command = Command::new(binary);
    command.args(["user", "add", name]);
    for grant in grants {
        command.args(["--grant", grant]);
    }
    let mut child = command
        .arg("--data-dir")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    writeln!(input, "{PASSWORD}")?;
    drop(input);
    match child.wait()?.success() {
        true => Ok(()),
        false => Err(format!("{name} could not be created").into()),
    }
}
