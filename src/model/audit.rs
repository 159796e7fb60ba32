//! The audit: outcomes of entries, and the filters of its page, which are in the URL.

use super::{Page, Section, Timestamp, percent_encoded};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What came of what an entry of the audit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// It has begun, and its end is not known: it still runs, or the server stopped meanwhile.
    Begun,
    /// It was done.
    Done,
    /// It was not allowed.
    Refused,
    /// It was tried, and failed.
    Failed,
}

impl AuditOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::Begun, Self::Done, Self::Refused, Self::Failed];

    /// The name in JSON, in storage and in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// How far back the page of the audit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditPeriod {
    /// One hour.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
}

impl AuditPeriod {
    /// Every period, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    const fn duration(self) -> Duration {
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        };
        Duration::from_secs(hours * 3_600)
    }
}

/// The filters of the page of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// How far back it goes; `None` for everything that is kept.
    pub since: Option<AuditPeriod>,
    /// The principal; empty for any.
    pub who: String,
    /// What was done; empty for anything.
    pub did: String,
    /// What it was done to; empty for anything.
    pub on: String,
    /// The outcome; `None` for any.
    pub outcome: Option<AuditOutcome>,
    /// The number of an entry: only older ones are shown.
    pub before: Option<u64>,
}

impl AuditQuery {
    /// Parses the query of the page, whose values `get` returns; invalid values are ignored.
    pub fn from_url(get: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name| get(name).unwrap_or_default().trim().to_owned();
        let (since, outcome) = (text("since"), text("outcome"));
        let mut periods = AuditPeriod::ALL.into_iter();
        let mut outcomes = AuditOutcome::ALL.into_iter();
        Self {
            since: periods.find(|period| period.as_str() == since),
            who: text("who"),
            did: text("did"),
            on: text("on"),
            outcome: outcomes.find(|known| known.as_str() == outcome),
            before: text("before").parse().ok(),
        }
    }

    /// The URL of the page.
    pub fn href(&self) -> String {
        let since = self.since.map(|since| since.as_str().to_owned());
        Page::Settings(Section::Audit).href_with(&self.pairs(since))
    }

    /// The path of the request for these entries at `now`, below the base path.
    pub fn request(&self, now: Timestamp) -> String {
        let pairs = self.pairs(self.start(now).map(|start| start.to_string()));
        match pairs.as_str() {
            "" => "/api/audit".to_owned(),
            pairs => format!("/api/audit?{pairs}"),
        }
    }

    /// The path of the same entries, and all older ones, as comma-separated values.
    pub fn csv(&self, now: Timestamp) -> String {
        let path = self.request(now);
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("{path}{mark}format=csv")
    }

    /// The time of the earliest entry at `now`; `None` for any.
    pub fn start(&self, now: Timestamp) -> Option<Timestamp> {
        self.since.map(|since| now.minus(since.duration()))
    }

    fn pairs(&self, since: Option<String>) -> String {
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        let pairs = [
            ("since", since),
            ("who", text(&self.who)),
            ("did", text(&self.did)),
            ("on", text(&self.on)),
            ("outcome", self.outcome.map(|it| it.as_str().to_owned())),
            ("before", self.before.map(|before| before.to_string())),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| {
            let value = percent_encoded(&value?);
            Some(format!("{name}={value}"))
        });
        pairs.collect::<Vec<_>>().join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> AuditQuery {
        AuditQuery::from_url(|name| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(known, _)| *known == name)?;
            Some(value.replace("%3A", ":"))
        })
    }

    #[test]
    fn filters_survive_the_url_and_nonsense_is_ignored() {
        let query = AuditQuery {
            since: Some(AuditPeriod::Week),
            who: "token:ci".into(),
            did: "restart".into(),
            on: "web".into(),
            outcome: Some(AuditOutcome::Refused),
            before: Some(7),
        };
        let href = query.href();
        let (path, text) = href.split_once('?').unwrap();
        assert_eq!(path, "/settings/audit");
        assert_eq!(parse(text), query);
        assert_eq!(AuditQuery::default().href(), "/settings/audit");
        assert_eq!(
            parse("since=ever&outcome=perhaps&before=x&who="),
            AuditQuery::default()
        );
    }

    #[test]
    fn a_period_becomes_a_time_in_requests() {
        let now = Timestamp::from_millis(1_763_687_885_042);
        let query = AuditQuery {
            since: Some(AuditPeriod::Day),
            outcome: Some(AuditOutcome::Failed),
            ..AuditQuery::default()
        };
        assert_eq!(
            query.request(now),
            "/api/audit?since=2025-11-20T01%3A18%3A05.042Z&outcome=failed"
        );
        assert_eq!(AuditQuery::default().request(now), "/api/audit");
        assert_eq!(AuditQuery::default().csv(now), "/api/audit?format=csv");
        assert!(query.csv(now).ends_with("&outcome=failed&format=csv"));
    }
}
