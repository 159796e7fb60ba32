use super::{pattern::is_like, *};
use crate::{
    model::{Container, HostId, fixtures::container},
    protocol::codec,
};
use proptest::prelude::*;

fn pattern(text: &str) -> ScopePattern {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Grants of (role, scope).
fn grants(list: &[(Role, &str)]) -> Grants {
    let grants = list.iter();
    Grants::new(grants.map(|(role, scope)| Grant::new(*role, pattern(scope)))).unwrap()
}

/// Small alphabets, so that patterns often match and cover one another.
fn any_pattern() -> impl Strategy<Value = ScopePattern> {
    let text = prop_oneof![
        1 => Just("*".to_owned()),
        2 => "host:[ab]",
        2 => "cluster:[ab](/[ab])?",
        2 => "project:[ab]",
        2 => "label:[ab]=[ab]?",
        4 => "name:[ab*]{1,4}",
    ];
    text.prop_map(|text| pattern(&text))
}

fn any_grant() -> impl Strategy<Value = Grant> {
    (prop::sample::select(&Role::ALL[..]), any_pattern())
        .prop_map(|(role, scope)| Grant { role, scope })
}

prop_compose! {
    fn any_container()(
        name in "[ab]{0,4}",
        project in prop::option::of("[ab]"),
        labels in prop::collection::btree_map("[ab]", "[ab]?", 0..3),
    ) -> Container {
        Container { name, project, labels, ..container(1) }
    }
}

fn any_host() -> impl Strategy<Value = HostId> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(|host| host.parse().unwrap())
}

/// The definition of a match, by trying every length for each `*`.
fn is_like_by_definition(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|n| is_like_by_definition(rest, &text[n..])),
        Some((letter, rest)) => text
            .split_first()
            .is_some_and(|(first, text)| first == letter && is_like_by_definition(rest, text)),
    }
}

proptest! {
    #[test]
    fn a_pattern_is_its_text_in_every_form(scope in any_pattern(), role in prop::sample::select(&Role::ALL[..])) {
        let text = scope.to_string();
        prop_assert_eq!(text.parse(), Ok(scope.clone()));
        let json = serde_json::to_value(&scope).unwrap();
        prop_assert_eq!(&json, &serde_json::Value::from(text));
        let decoded: ScopePattern = serde_json::from_value(json).unwrap();
        prop_assert_eq!(&decoded, &scope);
        let grant = Grant { role, scope };
        prop_assert_eq!(codec::decode(&codec::encode(&grant)), Ok(grant));
    }

    #[test]
    fn no_text_makes_the_parser_panic_and_what_it_accepts_is_kept(text in ".{0,12}|(host|cluster|project|label|name):.{0,12}") {
        if let Ok(scope) = text.parse::<ScopePattern>() {
            prop_assert_eq!(scope.to_string().parse(), Ok(scope));
        }
    }

    #[test]
    fn names_match_by_definition(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
        let expected = is_like_by_definition(pattern.as_bytes(), text.as_bytes());
        prop_assert_eq!(is_like(&pattern, &text), expected);
    }

    #[test]
    fn what_a_covered_pattern_matches_the_other_matches(
        wider in any_pattern(), narrower in any_pattern(), host in any_host(), container in any_container(),
    ) {
        let subject = Subject::of(host, &container);
        if wider.covers(&narrower) {
            prop_assert!(wider.matches(&subject) || !narrower.matches(&subject));
            prop_assert!(wider.includes_host(host) || !narrower.includes_host(host));
        }
    }

    #[test]
    fn a_name_pattern_covers_another_unless_a_name_tells_them_apart(wider in "[ab*]{1,4}", narrower in "[ab*]{1,4}") {
        let covers = ScopePattern::Name(wider.clone()).covers(&ScopePattern::Name(narrower.clone()));
        // A letter that is in neither pattern stands for everything that `*` may stand for.
        let example = narrower.replace('*', "c");
        prop_assert_eq!(covers, is_like(&wider, &example));
    }

    #[test]
    fn several_grants_add_up(
        list in prop::collection::vec(any_grant(), 0..6), host in any_host(), container in any_container(),
    ) {
        let subject = Subject::of(host, &container);
        let all = Grants::new(list.clone()).unwrap();
        for right in Right::ALL {
            let any_alone = list.iter().any(|grant| {
                grant.role.has(right) && grant.scope.matches(&subject)
            });
            prop_assert_eq!(all.allows(right, &subject), any_alone);
            let normal = all.scopes(right);
            prop_assert_eq!(normal.iter().any(|scope| scope.matches(&subject)), any_alone);
            prop_assert!(!all.everywhere(right) || all.allows(right, &subject));
            prop_assert_eq!(all.anywhere(right), !normal.is_empty());
            prop_assert_eq!(all.anywhere(right), all.rights().contains(&right));
        }
    }

    #[test]
    fn a_covered_grant_changes_nothing(list in prop::collection::vec(any_grant(), 0..6), more in any_grant()) {
        let before = Grants::new(list.clone()).unwrap();
        let after = Grants::new(list.into_iter().chain([more.clone()])).unwrap();
        let are_covered = more.role.rights().iter().all(|right| before.scopes(*right) == after.scopes(*right));
        prop_assert_eq!(before.includes(&more), are_covered);
        prop_assert!(after.includes(&more));
        for right in Right::ALL {
            let scopes = after.scopes(right);
            for scope in &scopes {
                let others = scopes.iter().filter(|other| *other != scope);
                prop_assert!(others.clone().all(|other| !other.covers(scope)), "{:?}", scopes);
            }
        }
    }
}

#[test]
fn a_pattern_has_the_documented_form() {
    use ScopePattern as P;
    let cluster = |namespace: Option<&str>| P::Cluster {
        cluster: "prod.eu-1".into(),
        namespace: namespace.map(str::to_owned),
    };
    let label = |value: &str| P::Label {
        name: "com.example/team".into(),
        value: value.to_owned(),
    };
    for (text, expected) in [
        ("*", P::Everything),
        ("host:nas", P::Host("nas".parse().unwrap())),
        ("cluster:prod.eu-1", cluster(None)),
        ("cluster:prod.eu-1/shop", cluster(Some("shop"))),
        ("project:my shop", P::Project("my shop".into())),
        ("label:com.example/team=web=1", label("web=1")),
        ("label:com.example/team=", label("")),
        ("name:web-*", P::Name("web-*".into())),
        ("name:*:x", P::Name("*:x".into())),
    ] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
        assert_eq!(pattern(text).to_string(), text);
    }
    assert_eq!(pattern("name:a***b**"), P::Name("a*b*".into()));
}

#[test]
fn anything_else_is_refused_with_the_reason() {
    use NotAScopePattern as E;
    let longest = format!("project:{}", "x".repeat(MAX_PATTERN_LEN - 8));
    let too_long = format!("{longest}x");
    assert!(longest.parse::<ScopePattern>().is_ok());
    for (text, reason) in [
        ("", E::Kind),
        ("**", E::Kind),
        ("web", E::Kind),
        ("Host:nas", E::Kind),
        (":nas", E::Kind),
        ("user:me", E::Kind),
        ("host:", E::Empty),
        ("name:", E::Empty),
        ("host:*", E::Host),
        ("host:a b", E::Host),
        ("cluster:/shop", E::Cluster),
        ("cluster:prod/", E::Cluster),
        ("cluster:prod/a/b", E::Cluster),
        ("cluster:prod/Shop", E::Cluster),
        ("cluster:*", E::Cluster),
        ("project:*", E::Wildcard),
        ("label:team", E::Label),
        ("label:=web", E::Label),
        ("label:team=*", E::Wildcard),
        (" *", E::Character),
        ("project:a\n", E::Character),
        ("project:a\u{0}b", E::Character),
        (too_long.as_str(), E::TooLong),
    ] {
        assert_eq!(text.parse::<ScopePattern>(), Err(reason), "{text}");
        assert!(!reason.to_string().is_empty());
        assert!(serde_json::from_value::<ScopePattern>(text.into()).is_err());
        let frame = codec::encode(&text.to_owned());
        assert!(codec::decode::<ScopePattern>(&frame).is_err(), "{text}");
    }
}

#[test]
fn each_kind_of_pattern_matches_what_it_names() {
    let host = "nas".parse().unwrap();
    let labels = [("team".to_owned(), "web".to_owned())].into();
    let subject = Subject {
        host,
        name: "web-1",
        project: Some("shop"),
        labels: &labels,
    };
    let matching = [
        "*",
        "host:nas",
        "project:shop",
        "label:team=web",
        "name:web-*",
        "name:*1",
    ];
    for text in matching {
        assert!(pattern(text).matches(&subject), "{text}");
    }
    let others = [
        "host:local",
        "project:sho",
        "label:team=we",
        "label:team=",
        "name:web",
        "name:*web",
        "name:Web-*",
        "cluster:nas",
        "cluster:nas/shop",
    ];
    for text in others {
        assert!(!pattern(text).matches(&subject), "{text}");
    }
    let with_host = ["*", "host:nas"];
    for text in matching.iter().chain(&others) {
        let includes = pattern(text).includes_host(host);
        assert_eq!(includes, with_host.contains(text), "{text}");
    }
}

#[test]
fn normal_forms_have_no_covered_patterns() {
    let cases: [(&[&str], &[&str]); 4] = [
        (
            &["cluster:prod/shop", "cluster:prod", "cluster:test/shop"],
            &["cluster:prod", "cluster:test/shop"],
        ),
        (
            &["name:web-1", "name:w*", "name:*1"],
            &["name:*1", "name:w*"],
        ),
        (
            &["project:a", "name:*", "host:nas", "label:a=b"],
            &["host:nas", "name:*"],
        ),
        (&["host:nas", "project:a", "*"], &["*"]),
    ];
    for (list, normal) in cases {
        let all: Vec<_> = list.iter().map(|scope| (Role::Viewer, *scope)).collect();
        let expected = normal.iter().map(|scope| pattern(scope)).collect();
        assert_eq!(grants(&all).scopes(Right::See), expected);
    }
}

#[test]
fn a_role_has_the_rights_of_all_weaker_ones_only_where_it_is_granted() {
    for pair in Role::ALL.windows(2) {
        assert!(pair[0].rights().iter().all(|right| pair[1].has(*right)));
        assert!(pair[0].rights().len() < pair[1].rights().len());
    }
    let mixed = grants(&[(Role::Viewer, "*"), (Role::Operator, "project:shop")]);
    let (mut own, other) = (container(1), container(2));
    own.project = Some("shop".into());
    let (own, other) = (
        Subject::of(HostId::local(), &own),
        Subject::of(HostId::local(), &other),
    );
    assert!(mixed.allows(Right::Act, &own) && !mixed.allows(Right::Act, &other));
    assert!(mixed.allows(Right::Logs, &own) && mixed.allows(Right::Logs, &other));
    assert!(mixed.everywhere(Right::See) && !mixed.everywhere(Right::Act));
    assert!(mixed.anywhere(Right::Deploy) && !mixed.anywhere(Right::Reveal));
    let rights = [Right::See, Right::Logs, Right::Act, Right::Deploy];
    assert_eq!(mixed.rights(), rights.into());
    assert!(Grants::default().is_empty() && Grants::default().rights().is_empty());
    assert!(Grants::everything(Role::Admin).everywhere(Right::Admin));
}

#[test]
fn only_held_rights_can_be_passed_on() {
    let own = grants(&[(Role::Operator, "host:nas"), (Role::Viewer, "name:web-*")]);
    for (role, scope, is_included) in [
        (Role::Viewer, "host:nas", true),
        (Role::Operator, "host:nas", true),
        (Role::Admin, "host:nas", false),
        (Role::Viewer, "name:web-1", true),
        (Role::Operator, "name:web-1", false),
        (Role::Viewer, "host:local", false),
        (Role::Viewer, "*", false),
    ] {
        let grant = Grant::new(role, pattern(scope));
        assert_eq!(own.includes(&grant), is_included, "{grant:?}");
    }
}

#[test]
fn the_number_of_grants_is_limited() {
    let grant = |n| Grant::new(Role::Viewer, ScopePattern::Project(format!("p{n}")));
    let most: Vec<_> = (0..MAX_GRANTS).map(grant).collect();
    let all = Grants::new(most.iter().chain(&most).cloned()).unwrap();
    assert_eq!(all.iter().count(), MAX_GRANTS, "equal grants count once");
    let more: Vec<_> = (0..=MAX_GRANTS).map(grant).collect();
    assert_eq!(Grants::new(more.clone()), Err(TooManyGrants));
    let json = serde_json::to_value(&all).unwrap();
    assert_eq!(serde_json::from_value::<Grants>(json).unwrap(), all);
    assert!(serde_json::from_value::<Grants>(serde_json::to_value(more).unwrap()).is_err());
}

#[test]
fn names_of_rights_and_roles_are_lower_case_words() {
    for right in Right::ALL {
        assert_eq!(right.as_str().parse(), Ok(right));
        assert_eq!(serde_json::to_value(right).unwrap(), right.as_str());
        assert_eq!(codec::decode(&codec::encode(&right)), Ok(right));
    }
    for role in Role::ALL {
        assert_eq!(role.as_str().parse(), Ok(role));
        assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
    }
    assert_eq!("See".parse::<Right>(), Err(UnknownRight));
    assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    let grant = serde_json::to_value(Grant::new(Role::Viewer, ScopePattern::Everything)).unwrap();
    assert_eq!(grant, serde_json::json!({"role": "viewer", "scope": "*"}));
}
