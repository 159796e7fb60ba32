//! Decides which values of secret variables are searched for in other text.
//!
//! As the value of its own variable a secret is always masked. To be searched for elsewhere it must be
//! specific: with `POSTGRES_PASSWORD=postgres` the word `postgres` occurs in every other line of the log,
//! in the image and in every path; masking it there would hide much and even reveal the password.

use std::collections::BTreeSet;

/// Least length of a specific value, in bytes: `true`, `admin` or `5432` would occur in every other line.
pub(in crate::server::source) const SHORTEST: usize = 6;
/// Least length of a specific number: sizes, ports, dates and process ids have fewer digits.
const SHORTEST_NUMBER: usize = 8;
/// Least number of different characters: values with fewer are rules, as `------`, or placeholders, as
/// `xxxxxx`.
const FEWEST_CHARACTERS: usize = 3;

/// Words that are used as passwords and are common in logs and paths. They are compared without regard to
/// case.
const ORDINARY: &str = "\
    account accounts actual address administrator allowed anonymous apache \
    application archive authenticated authentication authorization backend backup balance bearer \
    bitnami browser bucket cached cassandra change changed \
    channel circle clickhouse client cluster command community config configuration connect \
    connected connection consul container content context control couchbase couchdb create created \
    credential credentials customer dashboard database databases debian default delete \
    deploy derived desktop details developer development devops directory disable disabled \
    discord docker domain elastic elasticsearch enable enabled engine entrypoint environment \
    error example example.com export external failed failure feature finished firebase folder \
    format forward frontend gateway generate generated ghost gitea github gitlab google grafana graylog \
    handler harbor haproxy health healthy history hostname ignore image \
    influx influxdb initial insecure install installed instance integration internal invalid jenkins \
    kernel keycloak kibana kubernetes laravel library listen listening local localhost \
    location logger logging logstash machine mailhog manage manager mariadb master mastodon matomo \
    mattermost memcached memory message messages metabase metrics minimal missing \
    mongodb monitor monitoring mosquitto mysqld nextcloud nextauth nobody \
    nodejs normal notification openid openldap openssl operator optional oracle package passphrase passwd \
    password passwords phpmyadmin plugin portainer postgis postgres postgresql prefer prisma private \
    process processed production profile project prometheus protect provider publish public python query \
    rabbit rabbitmq random readonly ready redmine register registry release remote removed \
    request requests require required response result router running sample schema scheduler \
    scram-sha-256 search secret secrets secure security sentry server service services session sessions \
    settings shared signal simple single source staging standard standby started starting status stopped \
    storage strapi string success superuser support synapse system target template \
    temporary testing timeout token tokens tomcat traefik trusted ubuntu \
    undefined unhealthy unknown unlimited update updated upload upstream username \
    value vaultwarden verify version volume warning webhook website welcome windows wordpress worker \
    workers workspace zabbix zookeeper";

/// Folders at the root of a container: a value that begins with one is the path of a secret, which is shown
/// as a mount.
const ROOTS: [&str; 19] = [
    "/app/",
    "/bin/",
    "/certs/",
    "/config/",
    "/data/",
    "/dev/",
    "/etc/",
    "/home/",
    "/lib/",
    "/mnt/",
    "/opt/",
    "/proc/",
    "/root/",
    "/run/",
    "/secrets/",
    "/srv/",
    "/tmp/",
    "/usr/",
    "/var/",
];

/// The public properties of a container, which are not secret.
#[derive(Debug, Default)]
pub(in crate::server::source) struct Shown<'a> {
    /// Its name, image, project and the like. Parts of them are public, too.
    pub(in crate::server::source) identity: Vec<String>,
    /// The values of variables whose names are not secret.
    pub(in crate::server::source) plain: BTreeSet<&'a str>,
}

impl Shown<'_> {
    /// Whether `value` can be searched for in other text without matching ordinary words.
    pub(in crate::server::source) fn is_specific(&self, value: &str) -> bool {
        let lower = value.to_lowercase();
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let different: BTreeSet<char> = value.chars().take(64).collect();
        let is_word = || ORDINARY.split_ascii_whitespace().any(|word| word == lower);
        let is_path = || ROOTS.iter().any(|root| value.starts_with(root));
        let is_identity = || self.identity.iter().any(|own| own.contains(&lower));
        let is_long_enough = value.len() >= if is_number { SHORTEST_NUMBER } else { SHORTEST };
        is_long_enough
            && different.len() >= FEWEST_CHARACTERS
            && !is_word()
            && !is_path()
            && !is_armour(value)
            && !is_identity()
            && (!self.plain.contains(value) || is_random(value))
    }
}

/// Whether `line` is the first or last line of a PEM key.
fn is_armour(line: &str) -> bool {
    line.starts_with("-----BEGIN ") || line.starts_with("-----END ")
}

/// Whether letters and digits are mixed as in no ordinary word: such a value of another variable is a copy
/// of the secret, while `shopdb` is the name of a database.
fn is_random(value: &str) -> bool {
    let has = |is_of_kind: fn(&char) -> bool| value.chars().any(|c| is_of_kind(&c));
    value.len() >= SHORTEST_NUMBER && has(char::is_ascii_alphabetic) && has(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_specific_values_are_searched_for() {
        let shown = Shown {
            identity: vec!["shop-db-1".into(), "registry.example/shop:1.2".into()],
            plain: ["appuser", "s3cr3t-abc9", "v1.27.3-alpine"].into(),
        };
        for value in [
            "hunter2!",
            "changeme",
            "password123",
            "hunter2",
            "S3CRET-with-more",
            "correct horse",
            "20240101",
            "/9j4AAQ+SkZJ/Rg",
            "s3cr3t-abc9",
            "비밀번호",
        ] {
            assert!(shown.is_specific(value), "{value}");
        }
        for value in [
            "admin",
            "postgres",
            "Postgres",
            "123456",
            "------",
            "ababab",
            "shop-db",
            "Shop-DB-1",
            "appuser",
            "/run/secrets/db",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(!shown.is_specific(value), "{value}");
        }
    }
}
