//! Where the database lies: the folder that is set, or else the usual one for the state of a program.

use super::{CommandLine, ConfigError};
use std::{
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// The name of our folder among those of other programs.
const NAME: &str = "deckwatch";

/// The folder that is set, as an absolute path, so that messages name it in full. An empty one counts as
/// absent.
pub(super) fn chosen(folder: Option<PathBuf>) -> Result<Option<PathBuf>, ConfigError> {
    let Some(folder) = folder.filter(|folder| *folder != Path::new("")) else {
        return Ok(None);
    };
    let absolute = std::path::absolute(&folder);
    absolute.map(Some).map_err(|_| ConfigError::Value {
        key: "data-dir",
        value: format!("{:?}", folder.display().to_string()),
        allowed: "a folder".into(),
    })
}

/// The usual folder: that of the service manager, or one below the user's folder for state. Relative ones are
/// ignored, as both conventions require.
pub(super) fn default(command_line: &CommandLine) -> Option<PathBuf> {
    let given = command_line.state_directory.as_ref().and_then(|folders| {
        let first = folders.as_bytes().split(|byte| *byte == b':').next()?;
        Some(PathBuf::from(std::ffi::OsStr::from_bytes(first)))
    });
    let home = command_line.home.as_ref();
    let below = |folder: PathBuf| folder.join(NAME);
    let is_absolute = |folder: &PathBuf| folder.is_absolute();
    given
        .filter(is_absolute)
        .or_else(|| {
            command_line
                .state_home
                .clone()
                .filter(is_absolute)
                .map(below)
        })
        .or_else(|| {
            home.map(|home| home.join(".local/state"))
                .filter(is_absolute)
                .map(below)
        })
}
