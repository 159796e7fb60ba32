//! `deckwatch user` and `deckwatch token`, for those who are locked out: they change the database, beside the
//! server or without it. A running server notices the change within a second.

use super::{
    Actor, Name, Secret,
    accounts::Accounts,
    password,
    tokens::{self, Stored},
    users::{self, checked, end_all, parse_name},
};
use crate::{
    model::{AuditOutcome, AuthMode, Grant, Grants, Role},
    protocol::{NewToken, TokenKind},
    server::{
        clock,
        config::{HumanDuration, TokenCommand, UserCommand, grant},
        storage::open_for_command,
    },
};
use rusqlite::{Connection, Transaction, params};
use std::{
    error::Error,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

type Done = Result<String, Box<dyn Error>>;

/// Runs a command about users on the database in `folder` and prints its result.
pub fn user(command: &UserCommand, folder: Option<&Path>) -> ExitCode {
    finish(folder, |database| match command {
        UserCommand::Add { name, grants } => add(database, &parse_name(name)?, grants),
        UserCommand::Passwd { name } => passwd(database, &parse_name(name)?),
        UserCommand::List => list(database),
        UserCommand::Disable { name } => disable(database, &parse_name(name)?),
    })
}

/// Runs a command about tokens on the database in `folder` and prints its result.
pub fn token(command: &TokenCommand, folder: Option<&Path>) -> ExitCode {
    finish(folder, |database| match command {
        TokenCommand::Create {
            name,
            grants,
            valid,
        } => create_token(database, name, grants, *valid),
    })
}

fn finish(folder: Option<&Path>, run: impl FnOnce(&mut Connection) -> Done) -> ExitCode {
    let done = match folder {
        Some(folder) => open_for_command(folder)
            .map_err(Into::into)
            .and_then(|mut database| run(&mut database)),
        None => Err("There is no folder for the database. Name one with --data-dir.".into()),
    };
    let printed = match &done {
        Ok(text) => io::stdout().lock().write_all(text.as_bytes()),
        Err(error) => writeln!(io::stderr().lock(), "{error}"),
    };
    match done.is_ok() && printed.is_ok() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn add(database: &mut Connection, name: &Name, grants: &[String]) -> Done {
    let grants = match grants.is_empty() {
        true => Grants::everything(Role::Admin),
        false => parse_grants(grants)?,
    };
    if Accounts::load(database)?.users.contains_key(name) {
        return Err(format!("{name} exists already").into());
    }
    let hash = password::hash(&read_password(name)?)?;
    change(database, "create user", name.as_str(), |to| {
        let source = AuthMode::Password;
        users::insert(to, name, Some(&hash), source, clock::now())?;
        users::grant(to, name, grants.iter())
    })?;
    Ok(format!("{name} can sign in.\n"))
}

fn passwd(database: &mut Connection, name: &Name) -> Done {
    known(database, name)?;
    let accounts = Accounts::load(database)?;
    users::check_has_password(&accounts, name)?;
    let hash = password::hash(&read_password(name)?)?;
    change(database, "set password", name.as_str(), |to| {
        to.execute(
            "UPDATE users SET password = ?2, disabled = 0 WHERE name = ?1",
            params![name.as_str(), hash],
        )?;
        end_all(to, name)
    })?;
    Ok(format!(
        "The password of {name} is changed, and all sessions have ended.\n"
    ))
}

fn disable(database: &mut Connection, name: &Name) -> Done {
    known(database, name)?;
    // The command does not know which ways to sign in are on.
    if Accounts::load(database)?.is_only_admin(name, |_| true) {
        return Err(format!("{name} is the only administrator").into());
    }
    change(database, "disable", name.as_str(), |to| {
        to.execute(
            "UPDATE users SET disabled = 1 WHERE name = ?1",
            [name.as_str()],
        )?;
        end_all(to, name)
    })?;
    Ok(format!(
        "{name} is disabled, and all sessions have ended.\n"
    ))
}

fn list(database: &mut Connection) -> Done {
    let accounts = Accounts::load(database)?;
    let line = |(name, user): (&Name, &super::accounts::User)| {
        let grants: Vec<_> = user.grants.iter().map(written).collect();
        let note = if user.disabled { " (disabled)" } else { "" };
        format!("{name}{note}: {}\n", grants.join(", "))
    };
    Ok(accounts.users.iter().map(line).collect())
}

fn create_token(
    database: &mut Connection,
    name: &str,
    grants: &[String],
    valid: Option<HumanDuration>,
) -> Done {
    let grants = parse_grants(grants)?;
    let new = NewToken {
        name: name.to_owned(),
        grants: grants.iter().cloned().collect(),
        expires_at: valid.map(|HumanDuration(valid)| clock::now().plus(valid)),
        kind: TokenKind::Api,
    };
    tokens::check(&new, &grants)?;
    let secret = Secret::random(tokens::PREFIX)?;
    // Without a creator: it does not end with a user.
    let stored = Stored::new(&secret, "", new, grants)?;
    change(database, "create token", name, |to| stored.insert(to))?;
    Ok(format!("{}\n", secret.reveal()))
}

fn known(database: &Connection, name: &Name) -> Result<(), Box<dyn Error>> {
    let is_known = Accounts::load(database)?.users.contains_key(name);
    is_known
        .then_some(())
        .ok_or_else(|| format!("there is no user {name}").into())
}

fn change<T>(
    database: &mut Connection,
    did: &str,
    target: &str,
    change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> Result<(), Box<dyn Error>> {
    let transaction = database.transaction()?;
    let actor = Actor {
        who: "command line".to_owned(),
        from: None,
    };
    super::audit::insert(&transaction, &actor, did, target, (AuditOutcome::Done, ""))?;
    change(&transaction)?;
    Ok(transaction.commit()?)
}

fn parse_grants(texts: &[String]) -> Result<Grants, Box<dyn Error>> {
    let grants: Option<Vec<Grant>> = texts.iter().map(|text| grant(text)).collect();
    let grants = grants.ok_or("a grant is a role and a scope, such as \"operator host:nas\"")?;
    Ok(checked(grants)?)
}

fn written(grant: &Grant) -> String {
    format!("{} {}", grant.role, grant.scope)
}

/// Reads a password twice from the terminal without showing it, or once from another input.
fn read_password(name: &Name) -> Result<String, Box<dyn Error>> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password(format!("New password of {name}: "))?;
    if rpassword::prompt_password("Again: ")? != password {
        return Err("the two passwords differ".into());
    }
    Ok(password)
}
