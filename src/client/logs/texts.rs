//! Compressed storage for many texts: the lines of a log are similar to one another.

use lz4_flex::block::{compress, decompress};
use std::{cell::RefCell, collections::VecDeque, mem, rc::Rc};

/// Bytes of text per block: few enough to be unpacked for a single line.
const BLOCK_BYTES: usize = 32 * 1024;
/// Most texts per block.
const BLOCK_TEXTS: usize = 1_024;
/// Number of blocks that stay unpacked: the visible lines may be of several containers, and are read
/// repeatedly.
const UNPACKED: usize = 8;

/// The location and length of a stored text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextId {
    block: u32,
    index: u16,
    length: u16,
}

impl TextId {
    /// Length of the text in bytes: exact up to 65,534.
    pub(super) fn length(self) -> usize {
        self.length.into()
    }
}

/// Texts, in blocks in the order of insertion. A text is kept until it is released; its memory is freed
/// when all texts of its block are.
#[derive(Debug, Default)]
pub(super) struct Texts {
    blocks: VecDeque<Block>,
    /// Number of the first block.
    first: u32,
    /// The block that is being filled, after the last one.
    open: Plain,
    open_live: usize,
    packed_bytes: usize,
    unpacked: RefCell<VecDeque<(u32, Rc<Plain>)>>,
}

#[derive(Debug)]
struct Block {
    packed: Box<[u8]>,
    /// Size in bytes when it is unpacked.
    size: usize,
    texts: usize,
    /// Number of texts that are not released.
    live: usize,
}

/// Concatenated texts, and where each ends.
#[derive(Debug, Default)]
struct Plain {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Stores a text.
    pub(super) fn push(&mut self, text: &str) -> TextId {
        if self.open.text.len() >= BLOCK_BYTES || self.open.ends.len() >= BLOCK_TEXTS {
            self.seal();
        }
        let id = TextId {
            block: self.open_number(),
            index: self.open.ends.len() as u16,
            length: u16::try_from(text.len()).unwrap_or(u16::MAX),
        };
        self.open.text.push_str(text);
        self.open.ends.push(self.open.text.len());
        self.open_live += 1;
        id
    }

    /// Calls `read` with a text; `None` when there is no such text.
    pub(super) fn with<T>(&self, id: TextId, read: impl FnOnce(&str) -> T) -> Option<T> {
        if id.block == self.open_number() {
            return self.open.get(id.index).map(read);
        }
        self.plain(id.block)?.get(id.index).map(read)
    }

    /// Releases a text.
    pub(super) fn release(&mut self, id: TextId) {
        if id.block == self.open_number() {
            self.open_live = self.open_live.saturating_sub(1);
            return;
        }
        let Some(block) = self
            .position(id.block)
            .and_then(|at| self.blocks.get_mut(at))
        else {
            return;
        };
        block.live = block.live.saturating_sub(1);
        if block.live == 0 {
            self.packed_bytes -= mem::take(&mut block.packed).len();
        }
        while self.blocks.pop_front_if(|block| block.live == 0).is_some() {
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Approximate size in bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.packed_bytes + self.open.text.len()
    }

    fn open_number(&self) -> u32 {
        self.first.wrapping_add(self.blocks.len() as u32)
    }

    fn position(&self, block: u32) -> Option<usize> {
        let at = block.wrapping_sub(self.first) as usize;
        (at < self.blocks.len()).then_some(at)
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
        self.blocks.push_back(Block {
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
        let block = self.blocks.get(self.position(number)?)?;
        let bytes = decompress(&block.packed, block.size).ok()?;
        let plain = Rc::new(Plain::read(&bytes, block.texts)?);
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

    /// The serialized form: the lengths of all texts, four bytes each, then the texts.
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
    fn similar_lines_take_little_memory() {
        let mut texts = Texts::default();
        let line = |n: usize| format!("{n} GET /items?page=2 200 12 ms user=8f21c0de ok");
        let ids: Vec<_> = (0..20_000).map(|n| texts.push(&line(n))).collect();
        let length: usize = (0..20_000).map(|n| line(n).len()).sum();
        assert!(texts.bytes() * 3 < length, "{} of {length}", texts.bytes());
        let expected: Vec<_> = (0..20_000).map(|n| Some(line(n))).collect();
        assert_eq!(all(&texts, &ids), expected);
    }

    #[test]
    fn releasing_texts_frees_their_memory() {
        let mut texts = Texts::default();
        let ids: Vec<_> = (0..10_000).map(|n| texts.push(&n.to_string())).collect();
        let (kept, released) = ids.split_last().unwrap();
        released.iter().rev().for_each(|id| texts.release(*id));
        assert_eq!(texts.with(*kept, str::to_owned), Some("9999".into()));
        assert!(texts.blocks.is_empty());
        assert_eq!(texts.packed_bytes, 0);
        let next = texts.push("next");
        assert_eq!(texts.with(next, str::len), Some(4));
    }

    proptest! {
        #[test]
        fn every_stored_text_is_returned_unchanged(given in prop::collection::vec(("[a-zé한\\PC]{0,9}", 0..9_000_usize, any::<bool>()), 0..60)) {
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
