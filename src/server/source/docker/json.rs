//! Reads JSON field by field, so that a field of an unexpected type affects only itself.
//!
//! An answer is split into the raw text of its parts, and a part is parsed only when its field is read. The
//! other fields (with a number out of range, another type, a deep nesting) are only checked for valid
//! syntax and skipped.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// Deepest nesting that [`Json::value`] resolves in an answer with an invalid part; engines' answers have
/// ten levels. Every level is scanned once more, so this also bounds the cost of a hostile answer.
const DEEPEST: usize = 32;

/// A value in an engine's answer, not parsed yet. Every accessor returns `None` (or nothing) when the value
/// is absent or has another type.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Json<'a>(Option<&'a RawValue>);

/// The fields of an object, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Json<'a> {
    /// The value in `text`; `None` when `text` is not one JSON value.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok().map(|raw| Self(Some(raw)))
    }

    /// The value as a string.
    pub(super) fn text(self) -> Option<String> {
        self.owned()
    }

    /// The value as a boolean.
    pub(super) fn flag(self) -> Option<bool> {
        self.owned()
    }

    /// The value as an integer. `2.0` and `2e3` are accepted; `None` outside of the range of `T`.
    pub(super) fn number<T: TryFrom<i128>>(self) -> Option<T> {
        let text = self.0?.get();
        let whole = text.parse::<i128>().ok().or_else(|| {
            let number = text.parse::<f64>().ok()?;
            // Beyond 2^64 no integer type used here fits.
            (number.fract() == 0.0 && number.abs() <= 2e19).then_some(number as i128)
        })?;
        T::try_from(whole).ok()
    }

    /// The elements of an array.
    pub(super) fn items(self) -> Option<Vec<Self>> {
        let items: Vec<&RawValue> = serde_json::from_str(self.0?.get()).ok()?;
        Some(items.into_iter().map(|raw| Self(Some(raw))).collect())
    }

    /// The strings of an array, without elements of another type. A single string counts as an array of
    /// one: some engines write `Entrypoint` and `Cmd` like that.
    pub(super) fn texts(self) -> Vec<String> {
        match self.items() {
            Some(items) => items.into_iter().filter_map(Self::text).collect(),
            None => self.text().into_iter().collect(),
        }
    }

    /// Whether the value is an object.
    pub(super) fn is_object(self) -> bool {
        self.0.is_some_and(|raw| raw.get().starts_with('{'))
    }

    /// The fields of an object; empty when it is not an object.
    pub(super) fn fields(self) -> Fields<'a> {
        let fields = self.0.and_then(|raw| serde_json::from_str(raw.get()).ok());
        fields.unwrap_or_default()
    }

    /// The fields of an object whose values are strings.
    pub(super) fn map(self) -> BTreeMap<String, String> {
        let fields = self.fields().0.into_iter();
        fields
            .filter_map(|(name, raw)| Some((name.into_owned(), Self(Some(raw)).text()?)))
            .collect()
    }

    /// The whole value as a tree. A part that cannot be represented, such as a number out of range, becomes
    /// `null`.
    pub(super) fn value(self) -> Value {
        self.tree(DEEPEST)
    }

    fn tree(self, levels: usize) -> Value {
        if let Some(value) = self.owned() {
            return value;
        }
        // The slow path, for values with an invalid part.
        let Some(levels) = levels.checked_sub(1) else {
            return Value::Null;
        };
        if let Some(items) = self.items() {
            return items.into_iter().map(|item| item.tree(levels)).collect();
        }
        let fields = self.fields().0.into_iter();
        let fields: Map<String, Value> = fields
            .map(|(name, raw)| (name.into_owned(), Self(Some(raw)).tree(levels)))
            .collect();
        if fields.is_empty() {
            Value::Null
        } else {
            Value::Object(fields)
        }
    }

    fn owned<T: DeserializeOwned>(self) -> Option<T> {
        serde_json::from_str(self.0?.get()).ok()
    }
}

impl<'a> Fields<'a> {
    /// Whether there are no fields.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of the field `name`; the last one if it occurs several times, as in other JSON parsers.
    pub(super) fn get(&self, name: &str) -> Json<'a> {
        let mut fields = self.0.iter().rev();
        Json(fields.find(|(field, _)| field == name).map(|(_, raw)| *raw))
    }

    /// The values of all fields.
    pub(super) fn values(self) -> impl Iterator<Item = Json<'a>> {
        self.0.into_iter().map(|(_, raw)| Json(Some(raw)))
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        /// Serde borrows a string only with this attribute.
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        let mut fields = Vec::new();
        while let Some((Name(name), raw)) = map.next_entry()? {
            fields.push((name, raw));
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field<'a>(text: &'a str, name: &str) -> Json<'a> {
        Json::parse(text).unwrap().fields().get(name)
    }

    #[test]
    fn a_field_of_another_type_affects_only_itself() {
        let text =
            r#"{"Id": "a", "Created": 1e999, "Names": 5, "Odd": "\ud800", "N": 3, "Id": "b"}"#;
        assert_eq!(field(text, "Created").number::<i64>(), None);
        assert!(field(text, "Names").items().is_none());
        assert_eq!(field(text, "Odd").text(), None);
        assert_eq!(field(text, "N").number::<u8>(), Some(3));
        assert_eq!(field(text, "N").text(), None);
        assert_eq!(field(text, "Missing").text(), None);
        assert_eq!(
            field(text, "Id").text().as_deref(),
            Some("b"),
            "the last one counts"
        );
    }

    #[test]
    fn only_integers_in_range_are_numbers() {
        let number = |text| Json::parse(text).unwrap().number::<u16>();
        let numbers = [
            "80", "8e1", "80.0", "80.5", "-80", "65536", "1e999", "\"80\"", "null",
        ];
        let some = Some(80);
        assert_eq!(
            numbers.map(number),
            [some, some, some, None, None, None, None, None, None]
        );
        let most = Json::parse("18446744073709551615").unwrap();
        assert_eq!(most.number(), Some(u64::MAX));
    }

    #[test]
    fn a_deep_nesting_is_skipped() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        let text = format!(r#"{{"Deep": {deep}, "Id": "a"}}"#);
        assert_eq!(field(&text, "Id").text().as_deref(), Some("a"));
        let value = Json::parse(&text).unwrap().value();
        assert_eq!(value["Id"], "a");
    }

    #[test]
    fn an_unrepresentable_value_is_null_and_the_rest_is_kept() {
        let text = r#"{"A": [1, 1e999, "x"], "B": {"C": "\ud800", "D": {}}}"#;
        assert_eq!(
            Json::parse(text).unwrap().value(),
            json!({"A": [1, null, "x"], "B": {"C": null, "D": {}}})
        );
    }

    #[test]
    fn texts_are_the_strings_of_an_array_or_a_single_string() {
        let texts = |text| Json::parse(text).unwrap().texts();
        assert_eq!(texts(r#"["a", 5, "b"]"#), ["a", "b"]);
        assert_eq!(texts(r#""sh -c x""#), ["sh -c x"]);
        assert_eq!(texts("null"), [""; 0]);
        let map = Json::parse(r#"{"a": "b", "c": 5}"#).unwrap().map();
        assert_eq!(
            map.into_iter().collect::<Vec<_>>(),
            [("a".into(), "b".into())]
        );
    }

    #[test]
    fn invalid_json_is_none() {
        for text in ["", "{", "[1,]", "{} {}", "nul", "\u{1}"] {
            assert!(Json::parse(text).is_none(), "{text}");
        }
    }
}
