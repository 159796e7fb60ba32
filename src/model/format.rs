//! Formats numbers and text: deterministic, without locale or clock, the same on both sides.

use std::{borrow::Cow, time::Duration};

/// Shown in place of an unknown figure.
pub const UNKNOWN: &str = "–";

/// `812 B`, `1.5 KiB`, `12 MiB`, `1.88 GiB`: three significant digits, binary units.
pub fn bytes(bytes: u64) -> String {
    scaled(
        bytes as f64,
        1024.0,
        &["B", "KiB", "MiB", "GiB", "TiB", "PiB"],
    )
}

/// `310 kB/s`, `1.1 MB/s`: three significant digits, decimal units as is usual for networks.
pub fn rate(bytes_per_second: u64) -> String {
    scaled(
        bytes_per_second as f64,
        1000.0,
        &["B/s", "kB/s", "MB/s", "GB/s", "TB/s"],
    )
}

fn scaled(value: f64, base: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut units = units.iter().copied().peekable();
    let mut unit = units.next().unwrap_or_default();
    // Otherwise 999.5 would be shown as "1000".
    while value >= base.min(999.5) {
        let Some(next) = units.next() else { break };
        value /= base;
        unit = next;
    }
    let is_whole_unit = matches!(unit, "B" | "B/s");
    if is_whole_unit || value >= 99.95 {
        format!("{value:.0} {unit}")
    } else if value >= 9.995 {
        format!("{} {unit}", trimmed(value, 1))
    } else {
        format!("{} {unit}", trimmed(value, 2))
    }
}

/// `value` with up to `decimals` decimal places, without trailing zeros.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `0.8 %`, `18.2 %`, `139 %`.
pub fn percent(percent: f32) -> String {
    if percent < 99.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// `0.25`, `1.5`, `2`: two decimals at most.
pub fn decimal(value: f32) -> String {
    trimmed(value.into(), 2)
}

/// The two largest units of a duration: `42 s`, `2 min`, `3 h 4 min`, `3 d 4 h`, `41 d`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => two_units(hours, "h", minutes % 60, "min"),
        (1..=9, ..) => two_units(days, "d", hours % 24, "h"),
        _ => format!("{days} d"),
    }
}

fn two_units(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// The age of a figure: `0.4 s` below ten seconds, then like [`duration`].
pub fn age(age: Duration) -> String {
    if age < Duration::from_secs(10) {
        format!("{:.1} s", age.as_secs_f32())
    } else {
        duration(age)
    }
}

/// A count with thousands separators: `18,342`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `text` with invisible and misleading characters made visible.
///
/// Control characters become their symbols (`␀`, `␛`); characters that change the text direction or have no
/// width become their code point (`⟨202E⟩`). Line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match u32::from(c) {
            _ if !is_invisible(c) => shown.push(c),
            // The symbols of control characters begin at U+2400, in the same order.
            code @ 0..0x20 => shown.extend(char::from_u32(0x2400 + code)),
            0x7f => shown.push('␡'),
            code => {
                shown.push('⟨');
                for shift in [12, 8, 4, 0] {
                    shown.extend(
                        char::from_digit(code >> shift & 0xf, 16).map(|c| c.to_ascii_uppercase()),
                    );
                }
                shown.push('⟩');
            }
        }
    }
    Cow::Owned(shown)
}

/// Source of the directional formatting characters: Unicode Standard Annex #9, section 2. The joiners U+200C
/// and U+200D are excluded: they are part of words in several scripts, and of emoji.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `text` escaped for HTML, in an element or an attribute.
pub fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_significant_digits() {
        let cases = [
            (0, "0 B"),
            (812, "812 B"),
            (999, "999 B"),
            (1_000, "0.98 KiB"),
            (1_536, "1.5 KiB"),
            (12 << 20, "12 MiB"),
            (2_018_634_629, "1.88 GiB"),
            (2 << 30, "2 GiB"),
            (1023 << 20, "1 GiB"),
            (u64::MAX, "16384 PiB"),
        ];
        for (n, text) in cases {
            assert_eq!(bytes(n), text, "{n}");
        }
        assert_eq!(rate(310_000), "310 kB/s");
        assert_eq!(rate(1_100_000), "1.1 MB/s");
    }

    #[test]
    fn durations_show_two_units() {
        let text = |seconds| duration(Duration::from_secs(seconds));
        let cases = [
            (42, "42 s"),
            (120, "2 min"),
            (3_600, "1 h"),
            (11_040, "3 h 4 min"),
            (273_600, "3 d 4 h"),
            (3_542_400, "41 d"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(text(seconds), expected);
        }
        assert_eq!(age(Duration::from_millis(440)), "0.4 s");
    }

    #[test]
    fn what_cannot_be_seen_is_made_visible() {
        for (text, shown) in [
            ("web-1", "web-1"),
            ("한국어 🧑‍💻 שלום", "한국어 🧑‍💻 שלום"),
            ("two\nlines\tand a tab", "two\nlines\tand a tab"),
            ("\u{1b}[31mred\0", "␛[31mred␀"),
            ("a\u{202e}b\u{2066}c\u{feff}", "a⟨202E⟩b⟨2066⟩c⟨FEFF⟩"),
            ("\u{7f}\u{85}", "␡⟨0085⟩"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert!(matches!(visible("web-1"), Cow::Borrowed(_)));
    }

    #[test]
    fn percentages_and_counts() {
        assert_eq!(percent(0.84), "0.8 %");
        assert_eq!(percent(139.4), "139 %");
        assert_eq!(percent(99.96), "100 %");
        assert_eq!(["0.25", "1.5", "2"], [0.25, 1.5, 2.0].map(decimal));
        assert_eq!(count(18_342), "18,342");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(count(7), "7");
    }
}
