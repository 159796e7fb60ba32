//! Figures on disk: one file of JSON lines per part, so that each part can be repeated alone.
//!
//! Figures are stored under short keys. The labels of the page are not stored.

use crate::Failure;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

/// One line of a file: a figure of one round, or a text.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Writer for the figures of a part. They replace the stored ones only when the part has finished.
#[derive(Debug)]
pub(crate) struct Results {
    file: File,
    path: PathBuf,
}

impl Results {
    pub(crate) fn begin(folder: &Path, part: &str) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{part}.jsonl"));
        let file = File::create(path.with_extension("partial"))?;
        Ok(Self { file, path })
    }

    /// Stores and prints the figure of one round. A key may be used once per round.
    pub(crate) fn figure(&mut self, key: &str, value: f64) -> Result<(), Failure> {
        println!("{key} {value:.3}");
        self.line(&Line {
            key: key.to_owned(),
            value: Some(value),
            text: None,
        })
    }

    /// Stores and prints a text.
    pub(crate) fn text(&mut self, key: &str, text: &str) -> Result<(), Failure> {
        println!("{key} {text}");
        self.line(&Line {
            key: key.to_owned(),
            value: None,
            text: Some(text.to_owned()),
        })
    }

    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.file.sync_all()?;
        Ok(fs::rename(self.path.with_extension("partial"), self.path)?)
    }

    fn line(&mut self, line: &Line) -> Result<(), Failure> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        Ok(self.file.write_all(text.as_bytes())?)
    }
}

/// All figures and texts of a part.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    values: BTreeMap<String, Vec<f64>>,
    texts: BTreeMap<String, String>,
}

impl Figures {
    /// Reads the figures of `part`; `None` if it has never finished.
    pub(crate) fn read(folder: &Path, part: &str) -> Result<Option<Self>, Failure> {
        let Ok(text) = fs::read_to_string(folder.join(format!("{part}.jsonl"))) else {
            return Ok(None);
        };
        let mut figures = Self::default();
        for line in text.lines() {
            let line: Line = serde_json::from_str(line)?;
            if let Some(value) = line.value {
                figures
                    .values
                    .entry(line.key.clone())
                    .or_default()
                    .push(value);
            }
            if let Some(text) = line.text {
                figures.texts.insert(line.key, text);
            }
        }
        Ok(Some(figures))
    }

    /// Median, minimum and maximum of a figure's rounds; `None` if there are none.
    pub(crate) fn spread(&self, key: &str) -> Option<[f64; 3]> {
        let mut values = self.values.get(key)?.clone();
        Some([
            percentile(&mut values, 50.0)?,
            percentile(&mut values, 0.0)?,
            percentile(&mut values, 100.0)?,
        ])
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// Keys of all figures, in alphabetical order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

/// The value below which `percent` of `values` lie. It is always a measured value, never interpolated;
/// `None` if there are no values.
pub(crate) fn percentile(values: &mut [f64], percent: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = (percent / 100.0 * last as f64).round() as usize;
    values.get(at).copied()
}
