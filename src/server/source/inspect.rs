//! Masks the secrets in an engine's description of a container.

use super::{
    redact::{MASK, is_secret_name, mask_args, mask_text, mask_value, mask_variable},
    secrets::Secrets,
};
use serde_json::Value;
use std::borrow::Cow;

/// Masks all probable secrets in an engine's description of a container, also where the value of a secret
/// variable occurs elsewhere, as in its command.
pub(super) fn mask_inspect(value: &mut Value) {
    let secrets = Secrets::of_inspected(value);
    mask_fields(value);
    mask_strings(value, &secrets);
}

fn mask_strings(value: &mut Value, secrets: &Secrets) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = secrets.mask_str(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| mask_strings(item, secrets)),
        Value::Object(fields) => {
            if fields.keys().any(|name| is_masked(name, secrets)) {
                let named = std::mem::take(fields).into_iter();
                *fields = named
                    .map(|(name, field)| (secrets.mask_str(&name).into_owned(), field))
                    .collect();
            }
            fields
                .values_mut()
                .for_each(|field| mask_strings(field, secrets));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_masked(name: &str, secrets: &Secrets) -> bool {
    matches!(secrets.mask_str(name), Cow::Owned(_))
}

fn mask_fields(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, field) in fields {
        match (name.as_str(), field) {
            ("Env", Value::Array(variables)) => each_text(variables, mask_variable),
            ("Cmd" | "Entrypoint" | "Args" | "Test", Value::Array(args)) => mask_arg_values(args),
            (name, Value::String(text)) => *text = mask_value(name, text),
            (name, Value::Array(items)) if is_secret_name(name) => {
                each_text(items, |_| MASK.to_owned());
            }
            (_, Value::Array(items)) => items.iter_mut().for_each(mask_item),
            (_, field) => mask_fields(field),
        }
    }
}

fn mask_item(item: &mut Value) {
    match item {
        Value::String(text) => *text = mask_text(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(mask_item),
        other => mask_fields(other),
    }
}

fn each_text(items: &mut [Value], mask: impl Fn(&str) -> String) {
    for item in items {
        if let Value::String(text) = item {
            *text = mask(text);
        }
    }
}

fn mask_arg_values(args: &mut [Value]) {
    let masked = mask_args(args.iter().map(|arg| arg.as_str().unwrap_or_default()));
    for (arg, masked) in args.iter_mut().zip(masked) {
        if arg.is_string() {
            *arg = Value::String(masked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_inspected_container_keeps_names_and_loses_values() {
        let mut value = json!({
            "Args": ["--token", "abc"],
            "Config": {
                "Env": ["PATH=/bin", "DB_PASSWORD=x", "EMPTY="],
                "Cmd": ["sh", "-c", "serve --secret=abc"],
                "Labels": {"api_key": "abc", "url": "redis://:pw@cache", "n": "1"},
                "Tty": true,
            },
            "HostConfig": {"LogConfig": {"Config": {"splunk-token": "abc"}}, "Tokens": ["abc"]},
        });
        mask_inspect(&mut value);
        assert_eq!(
            value,
            json!({
                "Args": ["--token", MASK],
                "Config": {
                    "Env": [format!("PATH={MASK}"), format!("DB_PASSWORD={MASK}"), "EMPTY="],
                    "Cmd": ["sh", "-c", format!("serve --secret={MASK}")],
                    "Labels": {"api_key": MASK, "url": format!("redis://:{MASK}@cache"), "n": "1"},
                    "Tty": true,
                },
                "HostConfig": {"LogConfig": {"Config": {"splunk-token": MASK}}, "Tokens": [MASK]},
            })
        );
    }

    #[test]
    fn the_value_of_a_secret_variable_is_masked_everywhere() {
        let mut value = json!({
            "Config": {"Env": ["DB_PASSWORD=hunter2-long"], "Cmd": ["connect", "hunter2-long"]},
            "State": {"Health": {"Log": [{"Output": "denied to app:hunter2-long"}]}},
            "HostConfig": {"Sysctls": {"hunter2-long": "1"}},
        });
        mask_inspect(&mut value);
        assert!(!value.to_string().contains("hunter2"), "{value}");
    }

    #[test]
    fn a_password_that_is_an_ordinary_word_is_masked_only_in_its_variable() {
        let described = json!({
            "Name": "/postgres-1",
            "Config": {
                "Env": ["POSTGRES_PASSWORD=postgres", "PGDATA=/var/lib/postgresql/data"],
                "Image": "postgres:16", "Cmd": ["postgres"],
                "Labels": {"com.docker.compose.service": "postgres", "auth.type": "oidc"},
            },
            "Mounts": [{"Destination": "/var/lib/postgresql/data"}],
        });
        let mut masked = described.clone();
        mask_inspect(&mut masked);
        let mut expected = described;
        expected["Config"]["Env"] = json!([
            format!("POSTGRES_PASSWORD={MASK}"),
            format!("PGDATA={MASK}")
        ]);
        assert_eq!(masked, expected);
    }
}
