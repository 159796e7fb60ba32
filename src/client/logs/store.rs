//! The entries of a log viewer, of all its containers, in the order of time.

use super::{
    Entry, Head, Kind, Levels,
    capacity::reserve,
    texts::{TextId, Texts},
};
use crate::model::LogStream;
use std::collections::VecDeque;

/// Most entries kept; older ones are dropped.
pub const MAX_ENTRIES: usize = 100_000;
/// Most bytes kept, as lines may be long.
pub const MAX_BYTES: usize = 48 * 1024 * 1024;

/// The entries of a log viewer. Every entry has a number; the numbers of entries after an insertion change,
/// which [`Store::insert`] reports.
#[derive(Debug, Default)]
pub struct Store {
    entries: VecDeque<Kept>,
    texts: Texts,
    /// Number of the first entry.
    first: u64,
    dropped: u64,
    matches: u64,
    last: Vec<Last>,
}

/// The last line of one source.
#[derive(Clone, Copy, Debug)]
struct Last {
    /// Its position in time.
    at: i64,
    /// The levels of the current entries of standard output and standard error.
    levels: [Levels; 2],
}

impl Default for Last {
    fn default() -> Self {
        Self {
            at: i64::MIN,
            levels: Default::default(),
        }
    }
}

#[derive(Debug)]
struct Kept {
    head: Head,
    text: TextId,
}

impl Store {
    /// Inserts entries at their positions in time. Entries of one source keep their order, whatever their
    /// times. Returns the number from which on entries are new or have moved.
    pub fn insert(&mut self, mut batch: Vec<Entry>) -> u64 {
        for entry in &mut batch {
            self.link_to_previous(entry);
        }
        batch.sort_by_key(|entry| entry.head.at);
        let Some(earliest) = batch.first().map(|entry| entry.head.at) else {
            return self.end();
        };
        let is_match = |entry: &&Entry| entry.head.is_match == Some(true);
        self.matches += batch.iter().filter(is_match).count() as u64;
        let at = self
            .entries
            .partition_point(|entry| entry.head.at <= earliest);
        let moved = self.entries.split_off(at);
        let from = self.first + at as u64;
        let texts = &mut self.texts;
        let keep = batch.into_iter().map(|Entry { head, text }| Kept {
            head,
            text: texts.push(&text),
        });
        let mut batch = keep.peekable();
        reserve(&mut self.entries, moved.len() + batch.len(), MAX_ENTRIES);
        for entry in moved {
            while let Some(new) = batch.next_if(|new| new.head.at < entry.head.at) {
                self.entries.push_back(new);
            }
            self.entries.push_back(entry);
        }
        self.entries.extend(batch);
        self.shrink();
        from.max(self.first)
    }

    /// Places a line after the one before it, and assigns its level.
    fn link_to_previous(&mut self, entry: &mut Entry) {
        let source = usize::from(entry.head.source);
        if self.last.len() <= source {
            self.last.resize(source + 1, Last::default());
        }
        let Some(last) = self.last.get_mut(source) else {
            return;
        };
        if let Kind::Line(stream) = entry.head.kind {
            entry.head.at = entry.head.at.max(last.at);
            last.at = entry.head.at;
            let [stdout, stderr] = &mut last.levels;
            let levels = match stream {
                LogStream::Stdout => stdout,
                LogStream::Stderr => stderr,
            };
            levels.follow(entry);
        } else if entry.head.time.get().is_none() {
            entry.head.at = last.at;
        }
    }

    fn shrink(&mut self) {
        while self.entries.len() > MAX_ENTRIES || self.bytes() > MAX_BYTES {
            let Some(entry) = self.entries.pop_front() else {
                return;
            };
            self.first += 1;
            self.texts.release(entry.text);
            self.dropped += u64::from(entry.head.is_line());
            self.matches -= u64::from(entry.head.is_match == Some(true));
        }
    }

    /// Removes all entries of `source`. All numbers change.
    pub fn remove_source(&mut self, source: u8) {
        self.retain(|head| head.source != source);
        if let Some(last) = self.last.get_mut(usize::from(source)) {
            *last = Last::default();
        }
    }

    /// Gives each source its new index; removes entries of sources without one. All numbers change.
    pub fn reindex(&mut self, indices: &[Option<u8>]) {
        let index = |source: u8| indices.get(usize::from(source)).copied().flatten();
        self.retain(|head| {
            let index = index(head.source);
            head.source = index.unwrap_or(head.source);
            index.is_some()
        });
        let mut last = vec![Last::default(); indices.len()];
        for (known, index) in self.last.iter().zip(indices) {
            if let Some(slot) = index.and_then(|index| last.get_mut(usize::from(index))) {
                *slot = *known;
            }
        }
        self.last = last;
    }

    fn retain(&mut self, mut is_kept: impl FnMut(&mut Head) -> bool) {
        let texts = &mut self.texts;
        self.entries.retain_mut(|entry| {
            let is_kept = is_kept(&mut entry.head);
            if !is_kept {
                texts.release(entry.text);
            }
            is_kept
        });
        self.count_matches();
    }

    /// Removes all entries, but keeps the state of the sources.
    pub fn clear(&mut self) {
        self.first = self.end();
        self.entries.clear();
        self.texts = Texts::default();
        self.dropped = 0;
        self.matches = 0;
    }

    fn count_matches(&mut self) {
        let is_match = |entry: &&Kept| entry.head.is_match == Some(true);
        self.matches = self.entries.iter().filter(is_match).count() as u64;
    }

    /// Number of the first entry.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Number after the last entry.
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Approximate size in bytes.
    pub fn bytes(&self) -> usize {
        self.entries.len() * size_of::<Kept>() + self.texts.bytes()
    }

    /// Number of lines dropped for newer ones.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Number of entries that match the search, of those that were searched.
    pub const fn matches(&self) -> u64 {
        self.matches
    }

    /// The properties of an entry except its text.
    pub fn head(&self, number: u64) -> Option<&Head> {
        self.kept(number).map(|entry| &entry.head)
    }

    /// Length of an entry's text in bytes: exact up to 65,534.
    pub fn length(&self, number: u64) -> Option<usize> {
        self.kept(number).map(|entry| entry.text.length())
    }

    /// Calls `read` with an entry's text.
    pub fn with_text<T>(&self, number: u64, read: impl FnOnce(&str) -> T) -> Option<T> {
        self.texts.with(self.kept(number)?.text, read)
    }

    /// The entry with this number.
    pub fn get(&self, number: u64) -> Option<Entry> {
        let text = self.with_text(number, |text| Box::from(text))?;
        let head = *self.head(number)?;
        Some(Entry { head, text })
    }

    /// Entries from this number on, without their texts.
    pub fn from(&self, number: u64) -> impl Iterator<Item = (u64, &Head)> {
        let skipped = self.position(number).unwrap_or(0).min(self.len());
        let heads = self.entries.range(skipped..).map(|entry| &entry.head);
        (self.first + skipped as u64..).zip(heads)
    }

    fn kept(&self, number: u64) -> Option<&Kept> {
        self.entries.get(self.position(number)?)
    }

    fn position(&self, number: u64) -> Option<usize> {
        number.checked_sub(self.first)?.try_into().ok()
    }

    fn head_mut(&mut self, number: u64) -> Option<&mut Head> {
        let position = self.position(number)?;
        self.entries.get_mut(position).map(|entry| &mut entry.head)
    }

    /// Sets whether an entry matches the search.
    pub fn set_match(&mut self, number: u64, is_match: bool) {
        if let Some(head) = self.head_mut(number) {
            let was_match = head.is_match.replace(is_match) == Some(true);
            self.matches = self.matches + u64::from(is_match) - u64::from(was_match);
        }
    }

    /// Resets the matches of all entries.
    pub fn reset_matches(&mut self) {
        self.matches = 0;
        for entry in &mut self.entries {
            entry.head.is_match = None;
        }
    }

    /// Expands an entry, or collapses it.
    pub fn toggle(&mut self, number: u64) {
        if let Some(head) = self.head_mut(number) {
            head.is_expanded = !head.is_expanded;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::logs::Level,
        model::{LogLine, Timestamp},
    };
    use proptest::prelude::*;

    fn line(source: u8, at: i64, text: &str) -> Entry {
        Entry::line(
            source,
            LogLine {
                seq: 0,
                timestamp: (at >= 0).then(|| Timestamp::from_millis(at)),
                stream: LogStream::Stdout,
                line: text.into(),
                ..LogLine::default()
            },
        )
    }

    fn entries(store: &Store) -> Vec<Entry> {
        let numbers = store.from(0).map(|(number, _)| number);
        numbers.filter_map(|number| store.get(number)).collect()
    }

    fn texts(store: &Store) -> Vec<String> {
        let entries = entries(store).into_iter();
        entries.map(|entry| entry.text.into()).collect()
    }

    #[test]
    fn lines_of_several_containers_are_in_the_order_of_time() {
        let mut store = Store::default();
        assert_eq!(store.insert(vec![line(0, 10, "a"), line(0, 30, "c")]), 0);
        assert_eq!(store.insert(vec![line(1, 20, "b"), line(1, 40, "d")]), 1);
        assert_eq!(store.insert(vec![line(0, 50, "e")]), 4);
        assert_eq!(texts(&store), ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn lines_of_one_container_keep_their_order_whatever_their_times() {
        let mut store = Store::default();
        store.insert(vec![line(0, 20, "a"), line(0, 10, "b"), line(0, -1, "c")]);
        store.insert(vec![
            line(0, 15, "d"),
            line(1, 19, "before"),
            line(0, 21, "e"),
        ]);
        assert_eq!(texts(&store), ["before", "a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_trace_has_the_level_of_its_entry_whatever_comes_between() {
        let mut store = Store::default();
        let on_stderr = |source, text| {
            let mut entry = line(source, 1, text);
            entry.head.kind = Kind::Line(LogStream::Stderr);
            entry
        };
        store.insert(vec![
            on_stderr(0, "ERROR x"),
            line(0, 1, "INFO served"),
            line(1, 1, "WARN of another"),
            on_stderr(0, "  at y"),
            line(0, 2, "z"),
        ]);
        let levels: Vec<_> = store.from(0).map(|(_, entry)| entry.level).collect();
        let [error, info, warn] = [Level::Error, Level::Info, Level::Warn].map(Some);
        assert_eq!(levels, [error, info, warn, error, None]);
    }

    #[test]
    fn a_gap_is_placed_after_the_container_s_last_line() {
        let mut store = Store::default();
        store.insert(vec![line(0, 10, "a"), line(1, 20, "z")]);
        store.insert(vec![Entry::at(0, None, Kind::Gap(Some(3)))]);
        let kinds: Vec<_> = store.from(0).map(|(_, entry)| entry.kind).collect();
        assert_eq!(kinds[1], Kind::Gap(Some(3)));
    }

    #[test]
    fn the_oldest_lines_are_dropped_and_counted() {
        let mut store = Store::default();
        for n in 0..5_i64 {
            let batch = (0..30_000).map(|m| line(0, n * 30_000 + m, "x"));
            store.insert(batch.collect());
        }
        assert_eq!((store.len(), store.dropped()), (MAX_ENTRIES, 50_000));
        assert_eq!((store.first(), store.end()), (50_000, 150_000));
        // Text that cannot be compressed.
        let mut random = 1_u64;
        let mut letter = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b' ' + (random >> 58) as u8)
        };
        for n in 0..1_500 {
            let long: String = (0..64 * 1024).map(|_| letter()).collect();
            store.insert(vec![line(0, 200_000 + n, &long)]);
            assert!(store.bytes() <= MAX_BYTES);
        }
        assert!(store.bytes() > MAX_BYTES / 2);
        assert_eq!(store.end() - store.first(), store.len() as u64);
    }

    #[test]
    fn matches_are_counted_as_entries_come_and_go() {
        let mut store = Store::default();
        store.insert((0..10).map(|n| line(0, n, "x")).collect());
        store.set_match(3, true);
        store.set_match(4, true);
        store.set_match(4, false);
        store.set_match(99, true);
        assert_eq!(store.matches(), 1);
        store.insert(vec![line(1, 0, "early")]);
        assert_eq!(store.matches(), 1);
        store.remove_source(0);
        assert_eq!((store.matches(), store.len()), (0, 1));
    }

    #[test]
    fn a_removed_container_s_lines_are_removed() {
        let mut store = Store::default();
        store.insert(vec![line(0, 1, "a"), line(1, 2, "b"), line(2, 9, "c")]);
        store.reindex(&[None, Some(1), Some(0)]);
        let left = entries(&store);
        let left: Vec<_> = left
            .iter()
            .map(|entry| (entry.head.source, &*entry.text))
            .collect();
        assert_eq!(left, [(1, "b"), (0, "c")]);
        store.insert(vec![line(0, 5, "after c")]);
        assert_eq!(texts(&store), ["b", "c", "after c"]);
    }

    proptest! {
        #[test]
        fn any_insertions_stay_sorted_and_complete(batches in prop::collection::vec(prop::collection::vec((0..3_u8, 0..20_i64), 0..8), 0..8)) {
            let mut store = Store::default();
            let mut sent = vec![Vec::new(); 3];
            for batch in batches {
                let mut entries = Vec::new();
                for (source, at) in batch {
                    let name = format!("{source}-{}", sent[usize::from(source)].len());
                    entries.push(line(source, at, &name));
                    sent[usize::from(source)].push(name);
                }
                store.insert(entries);
            }
            let all = entries(&store);
            prop_assert!(all.is_sorted_by_key(|entry| entry.head.at));
            for (source, expected) in sent.iter().enumerate() {
                let own: Vec<_> = all.iter().filter(|entry| usize::from(entry.head.source) == source).map(|entry| entry.text.to_string()).collect();
                prop_assert_eq!(&own, expected);
            }
        }
    }
}
