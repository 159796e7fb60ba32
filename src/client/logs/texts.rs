//! Texts by the thousand, packed: the lines of a log are much alike.

use lz4_flex::block::{compress, decompress};
use std::{cell::RefCell, collections::VecDeque, mem, rc::Rc};

/// Bytes of text that are packed together: few enough to be unpacked for the sake of one line.
const PARCEL_BYTES: usize = 32 * 1024;
/// Texts that are packed together at most.
const PARCEL_TEXTS: usize = 1_024;
/// Parcels that stay unpacked for a while: what is in view may be of several containers, and is
/// looked at again and again.
const UNPACKED: usize = 8;

/// Where a text is kept, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextId {
    parcel: u32,
    index: u16,
    length: u16,
}

impl TextId {
    /// Bytes of the text: exact up to 65,534.
    pub(super) fn length(self) -> usize {
        self.length.into()
    }
}

/// Texts, in parcels in the order in which they came. A text is kept until it is released; it takes
/// room until all of its parcel are.
#[derive(Debug, Default)]
pub(super) struct Texts {
    parcels: VecDeque<Parcel>,
    /// Number of the first parcel.
    first: u32,
    /// The parcel that is being filled, which is the one after the last.
    open: Plain,
    open_live: usize,
    packed_bytes: usize,
    unpacked: RefCell<VecDeque<(u32, Rc<Plain>)>>,
}

#[derive(Debug)]
struct Parcel {
    packed: Box<[u8]>,
    /// Bytes when it is unpacked.
    size: usize,
    texts: usize,
    /// How many of the texts are not released.
    live: usize,
}

/// Texts one after the other, and where each ends.
#[derive(Debug, Default)]
struct Plain {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Keeps a text.
    pub(super) fn push(&mut self, text: &str) -> TextId {
        if self.open.text.len() >= PARCEL_BYTES || self.open.ends.len() >= PARCEL_TEXTS {
            self.seal();
        }
        let id = TextId {
            parcel: self.open_number(),
            index: self.open.ends.len() as u16,
            length: u16::try_from(text.len()).unwrap_or(u16::MAX),
        };
        self.open.text.push_str(text);
        self.open.ends.push(self.open.text.len());
        self.open_live += 1;
        id
    }

    /// Lets `look` look at a text; nothing when there is no such text.
    pub(super) fn with<T>(&self, id: TextId, look: impl FnOnce(&str) -> T) -> Option<T> {
        if id.parcel == self.open_number() {
            return self.open.get(id.index).map(look);
        }
        self.plain(id.parcel)?.get(id.index).map(look)
    }

    /// Forgets a text.
    pub(super) fn release(&mut self, id: TextId) {
        if id.parcel == self.open_number() {
            self.open_live = self.open_live.saturating_sub(1);
            return;
        }
        let Some(parcel) = self
            .position(id.parcel)
            .and_then(|at| self.parcels.get_mut(at))
        else {
            return;
        };
        parcel.live = parcel.live.saturating_sub(1);
        if parcel.live == 0 {
            self.packed_bytes -= mem::take(&mut parcel.packed).len();
        }
        while self
            .parcels
            .pop_front_if(|parcel| parcel.live == 0)
            .is_some()
        {
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Bytes taken, about.
    pub(super) const fn bytes(&self) -> usize {
        self.packed_bytes + self.open.text.len()
    }

    fn open_number(&self) -> u32 {
        self.first.wrapping_add(self.parcels.len() as u32)
    }

    fn position(&self, parcel: u32) -> Option<usize> {
        let at = parcel.wrapping_sub(self.first) as usize;
        (at < self.parcels.len()).then_some(at)
    }

    fn seal(&mut self) {
        let plain = mem::take(&mut self.open);
        let live = mem::take(&mut self.open_live);
        let bytes = plain.bytes();
        let packed = if live > 0 {
            compress(&bytes)
        } else {
            Vec::new()
        };
        self.packed_bytes += packed.len();
        self.parcels.push_back(Parcel {
            packed: packed.into(),
            size: bytes.len(),
            texts: plain.ends.len(),
            live,
        });
    }

    fn plain(&self, number: u32) -> Option<Rc<Plain>> {
        let mut unpacked = self.unpacked.borrow_mut();
        if let Some(at) = unpacked.iter().position(|(known, _)| *known == number) {
            return unpacked.get(at).map(|(_, plain)| Rc::clone(plain));
        }
        let parcel = self.parcels.get(self.position(number)?)?;
        let bytes = decompress(&parcel.packed, parcel.size).ok()?;
        let plain = Rc::new(Plain::read(&bytes, parcel.texts)?);
        unpacked.truncate(UNPACKED - 1);
        unpacked.push_front((number, Rc::clone(&plain)));
        Some(plain)
    }
}

impl Plain {
    fn get(&self, index: u16) -> Option<&str> {
        let index = usize::from(index);
        let begin = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(begin..*self.ends.get(index)?)
    }

    /// The lengths of all texts, four bytes each, and then the texts.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.ends.len() * 4 + self.text.len());
        let mut begin = 0;
        for end in &self.ends {
            bytes.extend_from_slice(&((end - begin) as u32).to_le_bytes());
            begin = *end;
        }
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    fn read(bytes: &[u8], texts: usize) -> Option<Self> {
        let (lengths, text) = bytes.split_at_checked(texts * 4)?;
        let (lengths, _) = lengths.as_chunks();
        let ends = lengths.iter().scan(0, |end, length| {
            *end += u32::from_le_bytes(*length) as usize;
            Some(*end)
        });
        Some(Self {
            ends: ends.collect(),
            text: str::from_utf8(text).ok()?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(texts: &Texts, ids: &[TextId]) -> Vec<Option<String>> {
        let get = |id: &TextId| texts.with(*id, str::to_owned);
        ids.iter().map(get).collect()
    }

    #[test]
    fn lines_that_are_alike_take_little_room() {
        let mut texts = Texts::default();
        let line = |n: usize| format!("{n} GET /items?page=2 200 12 ms user=8f21c0de ok");
        let ids: Vec<_> = (0..20_000).map(|n| texts.push(&line(n))).collect();
        let length: usize = (0..20_000).map(|n| line(n).len()).sum();
        assert!(texts.bytes() * 3 < length, "{} of {length}", texts.bytes());
        let expected: Vec<_> = (0..20_000).map(|n| Some(line(n))).collect();
        assert_eq!(all(&texts, &ids), expected);
    }

    #[test]
    fn what_is_released_gives_its_room_back() {
        let mut texts = Texts::default();
        let ids: Vec<_> = (0..10_000).map(|n| texts.push(&n.to_string())).collect();
        let (kept, released) = ids.split_last().unwrap();
        released.iter().rev().for_each(|id| texts.release(*id));
        assert_eq!(texts.with(*kept, str::to_owned), Some("9999".into()));
        assert!(texts.parcels.is_empty());
        assert_eq!(texts.packed_bytes, 0);
        let next = texts.push("next");
        assert_eq!(texts.with(next, str::len), Some(4));
    }

    proptest! {
        #[test]
        fn every_text_is_what_it_was(given in prop::collection::vec(("[a-zé한\\PC]{0,9}", 0..9_000_usize, any::<bool>()), 0..60)) {
            let mut texts = Texts::default();
            let given: Vec<_> = given.iter().map(|(text, times, keep)| (text.repeat(*times), *keep)).collect();
            let ids: Vec<_> = given.iter().map(|(text, _)| texts.push(text)).collect();
            for (id, (_, keep)) in ids.iter().zip(&given) {
                if !keep {
                    texts.release(*id);
                }
            }
            for (id, (text, keep)) in ids.iter().zip(&given) {
                if *keep {
                    let is_same = texts.with(*id, |known| known == text);
                    prop_assert_eq!(is_same, Some(true));
                }
            }
        }
    }
}
