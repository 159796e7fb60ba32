//! One row on the page.

use super::{super::browser, columns::DRAWN_BYTES, seek::Seeker};
use crate::{
    client::{
        LogLooks, LogSource,
        logs::{Entry, Kind, Level, Store, ansi, excerpt, json, searched},
    },
    model::{LogStream, LogTimes, Timestamp, format},
};
use leptos::prelude::document;
use std::ops::Range;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The elements of one row, reused for different entries.
pub(super) struct Row {
    id: u32,
    node: HtmlElement,
    time: HtmlElement,
    source: HtmlElement,
    level: HtmlElement,
    more: HtmlElement,
    text: HtmlElement,
    number: Option<u64>,
    version: u32,
    may_be_high: bool,
}

impl Row {
    pub(super) fn new(id: u32) -> Option<Self> {
        let row = Self {
            id,
            node: element("div", "line")?,
            time: element("time", "")?,
            source: element("span", "source")?,
            level: element("span", "level")?,
            more: element("button", "more")?,
            text: element("span", "text")?,
            number: None,
            version: 0,
            may_be_high: false,
        };
        row.more.set_attribute("type", "button").ok()?;
        row.more.set_attribute("data-row", &id.to_string()).ok()?;
        for part in [&row.time, &row.source, &row.level, &row.more, &row.text] {
            row.node.append_child(part).ok()?;
        }
        Some(row)
    }

    pub(super) const fn id(&self) -> u32 {
        self.id
    }

    pub(super) const fn node(&self) -> &HtmlElement {
        &self.node
    }

    /// The number of the entry that it shows.
    pub(super) const fn number(&self) -> Option<u64> {
        self.number
    }

    /// Whether it may have more than one line of text.
    pub(super) const fn may_be_high(&self) -> bool {
        self.may_be_high
    }

    /// Width of its text in pixels.
    pub(super) fn text_width(&self) -> f64 {
        self.text.client_width().into()
    }

    /// Shows the entry `number`, unless it is shown already.
    #[expect(clippy::too_many_arguments, reason = "all that a row is made of")]
    pub(super) fn draw(
        &mut self,
        number: u64,
        store: &Store,
        sources: &[LogSource],
        looks: LogLooks,
        seeker: &Seeker,
        now: Timestamp,
        version: u32,
    ) {
        if self.number == Some(number) && self.version == version {
            return;
        }
        let Some(entry) = store.get(number) else {
            return;
        };
        let head = &entry.head;
        (self.number, self.version) = (Some(number), version);
        self.may_be_high = looks.wrap || head.is_expanded;
        let source = sources.get(usize::from(head.source));
        let name = source.map_or("", |source| source.name.as_str());
        let is_current = seeker.is_current(number);
        self.node.set_class_name(&class(&entry, is_current));
        let local = head.time.get().map(browser::local);
        let time = match looks.times {
            LogTimes::Absolute => local.map(|time| time.clock_with_millis()),
            LogTimes::Relative => head.time.get().map(|time| format::age(time.age(now))),
            LogTimes::Off => None,
        };
        self.time.set_text_content(time.as_deref());
        let _ = match local {
            Some(time) => self.time.set_attribute("title", &time.to_string()),
            None => self.time.remove_attribute("title"),
        };
        self.source.set_text_content(Some(name));
        self.level
            .set_text_content(head.level.filter(|_| head.is_line()).map(Level::as_str));
        if head.is_line() {
            self.draw_line(number, &entry, looks, seeker);
        } else {
            self.more.set_hidden(true);
            self.text
                .set_text_content(Some(&marker_text(&entry, name, looks)));
        }
    }

    fn draw_line(&self, number: u64, entry: &Entry, looks: LogLooks, seeker: &Seeker) {
        let head = entry
            .text
            .get(..entry.text.floor_char_boundary(DRAWN_BYTES));
        let head = head
            .filter(|_| !entry.head.is_expanded)
            .unwrap_or(&entry.text);
        let mut styled = ansi::parse(head);
        let looks_like_json = entry.text.starts_with('{') && entry.text.ends_with('}');
        let pretty = if looks_like_json {
            json::pretty(&ansi::plain(&entry.text))
        } else {
            None
        };
        let has_more = pretty.is_some() || entry.text.len() > DRAWN_BYTES;
        self.more.set_hidden(!has_more);
        if has_more {
            let label = if entry.head.is_expanded {
                looks.words.show_less
            } else {
                looks.words.show_all
            };
            let _ = self.more.set_attribute(
                "aria-expanded",
                if entry.head.is_expanded {
                    "true"
                } else {
                    "false"
                },
            );
            let _ = self.more.set_attribute("aria-label", label);
        }
        let is_found = entry.head.is_match == Some(true);
        let mut ranges = Vec::new();
        if let Some(pretty) = pretty.filter(|_| entry.head.is_expanded) {
            styled.spans = vec![(pretty.len(), ansi::Style::default())];
            styled.text = pretty;
            // Positions in a formatted line differ from those in the searched line.
            if is_found {
                ranges = seeker.ranges(number, &styled.text);
            }
        } else if is_found {
            ranges = cut(&mut styled, seeker, number, &searched(&entry.text));
        } else if head.len() < entry.text.len() {
            styled.text.push('…');
        }
        self.draw_text(&styled, &ranges);
    }

    fn draw_text(&self, styled: &ansi::Styled, found: &[Range<usize>]) {
        let is_plain = styled
            .spans
            .iter()
            .all(|(_, style)| *style == ansi::Style::default());
        if is_plain && found.is_empty() {
            self.text.set_text_content(Some(&styled.text));
            return;
        }
        self.text.set_text_content(None);
        let ends = styled.spans.iter().map(|(end, _)| *end);
        let mut edges: Vec<usize> = found
            .iter()
            .flat_map(|range| [range.start, range.end])
            .chain(ends)
            .collect();
        edges.push(styled.text.len());
        edges.sort_unstable();
        let mut from = 0;
        for to in edges {
            let Some(piece) = styled.text.get(from..to).filter(|piece| !piece.is_empty()) else {
                continue;
            };
            let style = styled
                .spans
                .iter()
                .find(|(end, _)| from < *end)
                .map(|(_, style)| style.class());
            let is_found = found.iter().any(|range| range.contains(&from));
            self.append(piece, &style.unwrap_or_default(), is_found);
            from = to;
        }
    }

    fn append(&self, piece: &str, class: &str, is_found: bool) {
        let text = document().create_text_node(piece);
        let tag = if is_found { "mark" } else { "span" };
        let _ = match element(tag, class).filter(|_| is_found || !class.is_empty()) {
            Some(around) => around
                .append_child(&text)
                .and_then(|_| self.text.append_child(&around)),
            None => self.text.append_child(&text),
        };
    }
}

/// Replaces `styled`, the beginning of `whole`, by the part with the first match if that is further back;
/// returns the positions of the matches in it.
fn cut(styled: &mut ansi::Styled, seeker: &Seeker, number: u64, whole: &str) -> Vec<Range<usize>> {
    let mut ranges = seeker.ranges(number, whole);
    let first = ranges.first().map(|range| range.start);
    let drawn = excerpt(whole, first, styled.text.len());
    if drawn.start > 0 || !whole.starts_with(&styled.text) {
        let lead = if drawn.start > 0 { "…" } else { "" };
        styled.text = format!("{lead}{}", whole.get(drawn.clone()).unwrap_or_default());
        styled.spans = vec![(styled.text.len(), ansi::Style::default())];
        for range in &mut ranges {
            let moved = |at: usize| (at + lead.len()).saturating_sub(drawn.start);
            *range = moved(range.start)..moved(range.end);
        }
    }
    ranges.retain(|range| range.end <= styled.text.len());
    if drawn.end < whole.len() {
        styled.text.push('…');
    }
    ranges
}

fn class(entry: &Entry, is_current: bool) -> String {
    let mut class = String::from(match entry.head.kind {
        Kind::Line(_) => "line",
        Kind::Gap(_) => "line between gap",
        _ => "line between",
    });
    if entry.head.kind == Kind::Line(LogStream::Stderr) {
        class.push_str(" stderr");
    }
    class.push_str(" c");
    class.push_str(&(entry.head.source + 1).to_string());
    if let Some(level) = entry.head.level {
        class.push(' ');
        class.push_str(level.as_str());
    }
    if entry.head.is_expanded {
        class.push_str(" expanded");
    }
    if is_current {
        class.push_str(" current");
    }
    class
}

/// The text of an entry other than a line.
fn marker_text(entry: &Entry, name: &str, looks: LogLooks) -> String {
    let words = looks.words;
    let event = match entry.head.kind {
        Kind::Started => words.started,
        Kind::Ended => words.ended,
        Kind::OutOfMemory => words.out_of_memory,
        Kind::Paused => words.paused,
        Kind::Unpaused => words.unpaused,
        Kind::Gap(Some(missing)) => {
            return format!(
                "{name} · {} {}",
                format::count(missing.into()),
                words.missing
            );
        }
        Kind::Gap(None) => return format!("{name} · {}", words.missing_some),
        Kind::Line(_) => return String::new(),
    };
    let mut text = format!("{name} {event}");
    if !entry.text.is_empty() {
        text.push_str(&format!(
            " · {} {}",
            words.exit_code,
            ansi::plain(&entry.text)
        ));
    }
    if let Some(time) = entry.head.time.get() {
        text.push_str(" · ");
        text.push_str(&browser::local(time).clock_with_millis());
    }
    text
}

/// Creates an element.
pub(super) fn element(tag: &str, class: &str) -> Option<HtmlElement> {
    let element = document().create_element(tag).ok()?;
    element.set_class_name(class);
    element.dyn_into().ok()
}
