//! Figures on disk: one file of JSON lines a part, so that a part can be repeated alone.

use crate::Failure;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// Where a part writes. Its figures count only once it has finished.
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

    /// One round's figure.
    pub(crate) fn figure(&mut self, key: &str, value: f64) -> Result<(), Failure> {
        println!("{key} {value:.3}");
        self.line(&Line {
            key: key.to_owned(),
            value: Some(value),
            text: None,
        })
    }

    /// Something in words.
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

/// Everything a part wrote.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    values: BTreeMap<String, Vec<f64>>,
    texts: BTreeMap<String, String>,
}

impl Figures {
    /// What `part` wrote, if it ever finished.
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

    /// Median, least and most of a figure's rounds.
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

    /// All keys of figures.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

/// The value below which `percent` of `values` lie: the nearest one, which was really measured.
pub(crate) fn percentile(values: &mut [f64], percent: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = (percent / 100.0 * last as f64).round() as usize;
    values.get(at).copied()
}
