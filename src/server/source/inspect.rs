//! Masks the secrets in an engine's description of a container, and unmasks single fields.

use super::{EngineError, redact::is_secret_name, redactor::Redactor, secrets::Secrets};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Masks all probable secrets in an engine's description of a container, also where the value of a secret
/// variable occurs elsewhere, as in its command.
pub(super) fn mask_inspect(value: &mut Value, redactor: &Redactor) {
    let redactor = redactor.with(Secrets::of_inspected(value));
    mask_field(value, &redactor);
}

/// The description `value`, in which only `fields` are not masked, or nothing is masked without `fields`.
///
/// A field is named by the names on the way to it, joined by dots, and a variable by its name within `Env`:
/// `Config.Env.DB_PASSWORD`. The first name may be omitted if it is `Config`.
///
/// # Errors
/// `Invalid` if the description has no such field.
pub(super) fn revealed(
    value: Value,
    fields: Option<&[String]>,
    redactor: &Redactor,
) -> Result<Value, EngineError> {
    let Some(fields) = fields else {
        return Ok(value);
    };
    let mut shown = value.clone();
    mask_inspect(&mut shown, redactor);
    for field in fields {
        let is_there = unmask(&mut shown, &value, field)
            || unmask(&mut shown, &value, &format!("Config.{field}"));
        if !is_there {
            let message = "the description has no field of this name".to_owned();
            return Err(EngineError::Invalid(message));
        }
    }
    Ok(shown)
}

/// Copies the field at `path` from `value` to `shown`; returns whether both have it. Names may contain dots.
fn unmask(shown: &mut Value, value: &Value, path: &str) -> bool {
    match (shown, value) {
        (Value::Object(shown), Value::Object(value)) => shown.iter_mut().any(|(name, shown)| {
            let Some((rest, value)) = path.strip_prefix(name).zip(value.get(name)) else {
                return false;
            };
            if rest.is_empty() {
                shown.clone_from(value);
            }
            rest.is_empty()
                || rest
                    .strip_prefix('.')
                    .is_some_and(|rest| unmask(shown, value, rest))
        }),
        (Value::Array(shown), Value::Array(value)) => {
            let is_named = |item: &Value| {
                let variable = item.as_str().and_then(|item| item.split_once('='));
                variable.is_some_and(|(name, _)| name == path)
            };
            let mut items = shown.iter_mut().zip(value);
            let found = items.find(|(_, item)| is_named(item));
            found.map(|(shown, item)| shown.clone_from(item)).is_some()
        }
        _ => false,
    }
}

fn mask_field(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = redactor.mask_text(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask_field(item, redactor)),
        Value::Object(fields) => mask_fields(fields, redactor),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn mask_fields(fields: &mut Map<String, Value>, redactor: &Redactor) {
    for (name, field) in &mut *fields {
        match (name.as_str(), field) {
            ("Env", Value::Array(variables)) => {
                mask_items(variables, redactor, |variable| {
                    redactor.mask_variable(variable)
                });
            }
            ("Cmd" | "Entrypoint" | "Args" | "Test", Value::Array(args)) => {
                mask_args(args, redactor);
            }
            (name, Value::String(text)) => *text = redactor.mask_value(name, text),
            (name, Value::Array(items)) if is_secret_name(name) => {
                mask_items(items, redactor, |_| redactor.mask_whole());
            }
            (_, field) => mask_field(field, redactor),
        }
    }
    if fields.keys().any(|name| is_masked(name, redactor)) {
        let named = std::mem::take(fields).into_iter();
        *fields = named
            .map(|(name, field)| (redactor.mask_output(&name).into_owned(), field))
            .collect();
    }
}

fn is_masked(name: &str, redactor: &Redactor) -> bool {
    matches!(redactor.mask_output(name), Cow::Owned(_))
}

/// Masks the texts among `items` with `mask`, and everything else as any other field.
fn mask_items(items: &mut [Value], redactor: &Redactor, mask: impl Fn(&str) -> String) {
    for item in items {
        match item {
            Value::String(text) => *text = mask(text),
            other => mask_field(other, redactor),
        }
    }
}

fn mask_args(args: &mut [Value], redactor: &Redactor) {
    let masked = redactor.mask_args(args.iter().map(|arg| arg.as_str().unwrap_or_default()));
    for (arg, masked) in args.iter_mut().zip(masked) {
        match arg {
            Value::String(text) => *text = masked,
            other => mask_field(other, redactor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::redact::MASK, *};
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
        mask_inspect(&mut value, &Redactor::default());
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
        mask_inspect(&mut value, &Redactor::default());
        assert!(!value.to_string().contains("hunter2"), "{value}");
    }

    #[test]
    fn secrets_are_masked_by_shape_in_values_and_in_names() {
        let token = "ghp_0123456789abcdefghijABCDEFGHIJ456789";
        let mut value = json!({
            "Config": {"Cmd": ["clone", token], "Labels": {"note": format!("uses {token}")}},
            "HostConfig": {"Sysctls": {token: [["deep", token]]}},
        });
        mask_inspect(&mut value, &Redactor::default());
        assert_eq!(
            value,
            json!({
                "Config": {"Cmd": ["clone", MASK], "Labels": {"note": format!("uses {MASK}")}},
                "HostConfig": {"Sysctls": {MASK: [["deep", MASK]]}},
            })
        );
    }

    #[test]
    fn only_the_named_fields_are_revealed() {
        let described = json!({
            "Name": "/web",
            "Config": {
                "Env": ["DB_PASSWORD=hunter2-db", "API_TOKEN=hunter2-api", "A=hunter2-db"],
                "Labels": {"api.token": "hunter2-label", "api.tokens": "hunter2-more"},
                "Cmd": ["serve", "--password", "hunter2-db"],
            },
            "HostConfig": {"Secrets": [{"Password": "hunter2-deep"}]},
        });
        let reveal = |fields: &[&str]| {
            let fields: Vec<_> = fields.iter().map(|field| (*field).to_owned()).collect();
            revealed(described.clone(), Some(&fields), &Redactor::default())
        };
        let mut masked = described.clone();
        mask_inspect(&mut masked, &Redactor::default());
        assert_eq!(reveal(&[]).unwrap(), masked);
        for path in ["Env.DB_PASSWORD", "Config.Env.DB_PASSWORD"] {
            let mut expected = masked.clone();
            expected["Config"]["Env"][0] = json!("DB_PASSWORD=hunter2-db");
            assert_eq!(reveal(&[path]).unwrap(), expected, "{path}");
        }
        let mut expected = masked.clone();
        expected["Config"]["Labels"]["api.token"] = json!("hunter2-label");
        expected["Config"]["Cmd"] = described["Config"]["Cmd"].clone();
        assert_eq!(
            reveal(&["Labels.api.token", "Config.Cmd"]).unwrap(),
            expected
        );
        for missing in ["Env.NOPE", "", ".", "Config.Env.DB_PASSWORD.x", "Name.x"] {
            let answer = reveal(&["Name", missing]);
            assert!(
                matches!(answer, Err(EngineError::Invalid(_))),
                "{missing}: {answer:?}"
            );
        }
        let all = revealed(described.clone(), None, &Redactor::default());
        assert_eq!(all.unwrap(), described);
    }

    #[test]
    fn items_that_are_no_texts_are_masked_like_fields() {
        let token = "ghp_0123456789abcdefghijABCDEFGHIJ456789";
        let mut value = json!({
            "Secrets": [{"Name": "db", "Note": token}],
            "Config": {"Env": [["A", token]], "Cmd": ["serve", {"note": token}]},
        });
        mask_inspect(&mut value, &Redactor::default());
        assert_eq!(
            value,
            json!({
                "Secrets": [{"Name": "db", "Note": MASK}],
                "Config": {"Env": [["A", MASK]], "Cmd": ["serve", {"note": MASK}]},
            })
        );
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
        mask_inspect(&mut masked, &Redactor::default());
        let mut expected = described;
        expected["Config"]["Env"] = json!([
            format!("POSTGRES_PASSWORD={MASK}"),
            format!("PGDATA={MASK}")
        ]);
        assert_eq!(masked, expected);
    }
}
