//! ZIP files as others read them, for tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use zip::ZipArchive;

/// The files of a ZIP file by their names.
///
/// # Panics
/// When it is none, or a file is not what its checksum says.
pub fn unzip(file: &mut (impl Read + Seek)) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(file).unwrap();
    (0..archive.len())
        .map(|n| {
            let mut entry = archive.by_index(n).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}
